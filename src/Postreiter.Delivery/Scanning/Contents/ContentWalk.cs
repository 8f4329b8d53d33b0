using System.IO.Compression;
using Postreiter.Storage;
using SharpCompress.Compressors.BZip2;

namespace Postreiter.Delivery.Scanning.Contents;

/// <summary>
/// Looks at the files of one message, and into their archives, by what they are and not by what they are called. All it does is counted:
/// files, depth, octets that were unpacked. Nothing is ever written under a name that a message gives.
/// </summary>
/// <param name="rules">The limits.</param>
/// <param name="ct">Ends it, when the time is over.</param>
internal sealed class ContentWalk(ContentRules rules, CancellationToken ct)
{
    // A file of nothing but zeros is no attack as long as it is small.
    private const long FreeBytes = 10L << 20;
    private const int MaxFindings = 50;
    private const int MaxName = 200;

    private readonly byte[] _buffer = new byte[64 * 1024];
    private readonly HashSet<string> _types = new(rules.Types, StringComparer.OrdinalIgnoreCase);
    private readonly List<ContentFinding> _findings = [];
    private long _work;

    /// <summary>What was found; each kind of thing at each file once, at most 50.</summary>
    public IReadOnlyList<ContentFinding> Findings => _findings;

    /// <summary>Files seen.</summary>
    public int Files { get; private set; }

    /// <summary>Whether a limit is met: the rest is not looked at.</summary>
    public bool IsOver { get; private set; }

    /// <summary>Looks at one attachment.</summary>
    /// <param name="content">All of it.</param>
    /// <param name="names">What it is called; there may be several names.</param>
    public void Look(Stream content, IReadOnlyList<string> names)
    {
        var where = Printable(names.Count > 0 ? names[0] : "a part without a name");
        if (!Enter(names, where))
            return;
        var head = Head(content);
        Look(head, content, where, depth: 0, isPart: true);
    }

    /// <summary>A file in an archive: its name and its beginning are judged, and what is in it where it is an archive too.</summary>
    /// <param name="content">The file as it comes out of the archive, read once from its start.</param>
    /// <param name="packed">Octets it has in the archive.</param>
    /// <param name="weight">What an octet of it costs.</param>
    /// <param name="names">What it is called.</param>
    /// <param name="archive">Where it is.</param>
    /// <param name="depth">Of the archive.</param>
    public void Unpack(Stream content, long packed, int weight, IReadOnlyList<string> names, string archive, int depth)
    {
        var where = Printable($"{archive}/{(names.Count > 0 ? names[0] : "")}");
        if (!Enter(names, where))
            return;
        var head = new byte[FileKind.HeadBytes];
        var read = content.ReadAtLeast(head, head.Length, throwOnEndOfStream: false);
        var start = head.AsSpan(0, read);
        var kind = FileKind.Of(start);
        using var scratch = kind.IsContainer ? new Scratch() : null;
        scratch?.Write(start);
        var total = 0L;
        while (Count(ref total, read, packed, weight, where))
        {
            read = content.Read(_buffer);
            if (read == 0)
            {
                Look(start, scratch?.Content, where, depth + 1, isPart: false);
                return;
            }

            scratch?.Write(_buffer.AsSpan(0, read));
        }

        // What its beginning shows is known all the same.
        JudgeKind(kind, start, where);
    }

    /// <summary>A file in an archive that cannot be read: its name is judged.</summary>
    public void NameOnly(IReadOnlyList<string> names, string archive) =>
        Enter(names, Printable($"{archive}/{(names.Count > 0 ? names[0] : "")}"));

    /// <summary>Notes something.</summary>
    public void Add(ContentRule rule, string where, string detail)
    {
        if (rules.For(rule) == ContentAction.Pass)
            return;
        // One of a kind in a place is enough; and what decides is never pushed out by what only marks.
        if (_findings.Exists(f => f.Rule == rule && f.File == where))
            return;
        if (_findings.Count >= MaxFindings && _findings.Exists(f => f.Rule == rule))
            return;
        _findings.Add(new ContentFinding(rule, where, Printable(detail)));
    }

    /// <summary>Octets of names and lists that an archive made us read; false when it is too much.</summary>
    public bool Spend(long octets, string where)
    {
        ct.ThrowIfCancellationRequested();
        _work += octets;
        if (_work > rules.MaxUnpacked)
            Over(where, $"more than {rules.MaxUnpacked >> 20} MiB would have to be unpacked");
        return !IsOver;
    }

    /// <summary>A limit is met.</summary>
    public void Over(string where, string detail)
    {
        IsOver = true;
        Add(ContentRule.Oversize, where, detail);
    }

    /// <summary>Whether an unpacker threw it because of the archive: no want of time, memory or disk of ours makes a file damaged.</summary>
    public static bool IsDamage(Exception e) =>
        e is not (OperationCanceledException or OutOfMemoryException or StoreException);

    /// <summary>Makes text of a message fit for replies, fields, traces and terminals.</summary>
    public static string Printable(string text)
    {
        // The end of a long name says more than its middle.
        if (text.Length > MaxName)
            text = string.Concat(text.AsSpan(0, MaxName / 2), "...", text.AsSpan(text.Length - (MaxName / 2) + 3));
        return string.Create(
            text.Length,
            text,
            static (to, from) =>
            {
                for (var i = 0; i < to.Length; i++)
                    to[i] = from[i] is >= ' ' and <= '~' and not '"' ? from[i] : '?';
            }
        );
    }

    private bool Enter(IReadOnlyList<string> names, string where)
    {
        ct.ThrowIfCancellationRequested();
        if (IsOver)
            return false;
        if (++Files > rules.MaxFiles)
        {
            Over(where, $"there are more than {rules.MaxFiles} files");
            return false;
        }

        foreach (var name in names)
        {
            var plain = FileNames.Plain(name);
            var extension = FileNames.Extension(plain);
            if (FileNames.IsProgram(plain))
                Add(ContentRule.Executable, where, $"a program or script by its name (.{extension})");
            if (FileNames.Hides(name, plain) is { } why)
                Add(ContentRule.HiddenExtension, where, why);
            if (_types.Contains(extension))
                Add(ContentRule.Listed, where, $"a file of the type {extension}");
            if (IsMacro(name))
                Add(ContentRule.Macros, where, "macros");
        }

        return true;
    }

    // Office keeps its macros under these names in its documents, which are zip archives; ODF those under Basic/.
    private static bool IsMacro(string name) =>
        name.EndsWith("vbaProject.bin", StringComparison.OrdinalIgnoreCase)
        || name.Contains("xl/macrosheets/", StringComparison.OrdinalIgnoreCase)
        || name.StartsWith("Basic/", StringComparison.Ordinal);

    private bool Count(ref long total, int read, long packed, int weight, string where)
    {
        total += read;
        if (total > rules.MaxFile)
            Over(where, $"it is larger than {rules.MaxFile >> 20} MiB");
        else if (total > FreeBytes && total / rules.MaxRatio > Math.Max(packed, 1))
            Over(where, $"it is more than {rules.MaxRatio} times as large as packed");
        return Spend((long)read * weight, where);
    }

    private void JudgeKind(FileKind kind, ReadOnlySpan<byte> head, string where)
    {
        if (kind.Form == FileForm.Program)
            Add(ContentRule.Executable, where, kind.Name);
        if (kind.Type.Length > 0 && _types.Contains(kind.Type))
            Add(ContentRule.Listed, where, kind.Name);
        // Macros in a mail that a word processor wrote: another form of the same container.
        if (head.StartsWith("ActiveMime"u8))
            Add(ContentRule.Macros, where, "macros (ActiveMime)");
        if (kind.Form == FileForm.Closed)
            Add(ContentRule.Unreadable, where, $"{kind.Name}, which is not looked into");
    }

    private void Look(ReadOnlySpan<byte> head, Stream? content, string where, int depth, bool isPart)
    {
        var kind = FileKind.Of(head);
        JudgeKind(kind, head, where);
        if (content is null || IsOver)
            return;
        if (kind.IsContainer && depth >= rules.MaxDepth && kind.Form != FileForm.Ole)
        {
            Over(where, $"archives are nested deeper than {rules.MaxDepth}");
            return;
        }

        try
        {
            Open(kind, content, where, depth, isPart);
        }
        catch (Exception e) when (IsDamage(e))
        {
            // Unpackers throw whatever a damaged archive leads them to; here it means that it cannot be read.
            Add(ContentRule.Unreadable, where, $"{kind.Name} that is damaged ({e.GetType().Name})");
        }
    }

    private void Open(FileKind kind, Stream content, string where, int depth, bool isPart)
    {
        switch (kind.Form)
        {
            case FileForm.Ole:
                new OleFile(this, content, where).Look();
                break;
            case FileForm.Zip:
                new ZipFile(this, content, where, depth).Look();
                break;
            case FileForm.Tar:
                new TarFile(this, content, where, depth).Look();
                break;
            case FileForm.SevenZip:
                new SevenZipFile(this, content, where, depth).Look();
                break;
            case FileForm.Rar:
                new RarFile(this, content, where, depth).Look();
                break;
            case FileForm.Gzip:
                content.Position = 0;
                using (var gzip = new GZipStream(content, CompressionMode.Decompress, leaveOpen: true))
                    Unpack(gzip, content.Length, 1, Inner(where, ".gz", ".tgz"), where, depth);
                break;
            case FileForm.Bzip2:
                content.Position = 0;
                using (
                    var bzip2 = BZip2Stream.Create(
                        content,
                        SharpCompress.Compressors.CompressionMode.Decompress,
                        true,
                        leaveOpen: true
                    )
                )
                    Unpack(bzip2, content.Length, 4, Inner(where, ".bz2", ".tbz"), where, depth);
                break;
            default:
                // Whatever stands before it: a zip archive is read from its end, and so are polyglots.
                if (isPart && ZipFile.HasEnd(content))
                    new ZipFile(this, content, where, depth).Look();
                break;
        }
    }

    private static string[] Inner(string where, string ending, string tar)
    {
        var name = where[(where.LastIndexOf('/') + 1)..];
        return name.EndsWith(ending, StringComparison.OrdinalIgnoreCase) ? [name[..^ending.Length]]
            : name.EndsWith(tar, StringComparison.OrdinalIgnoreCase) ? [name[..^tar.Length] + ".tar"]
            : ["content"];
    }

    private static byte[] Head(Stream content)
    {
        var head = new byte[Math.Min(FileKind.HeadBytes, content.Length)];
        content.Position = 0;
        content.ReadExactly(head);
        return head;
    }
}
