using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text;
using Postreiter.Imap.Syntax;
using Postreiter.Storage.Mail;

namespace Postreiter.Transfer;

/// <summary>Maildir folders and folders of <c>.eml</c> files. Names in them are read, never followed: no links, no paths (L32).</summary>
internal static class MailFolder
{
    // Files of cur came before those of new.
    private static readonly string[] Parts = ["cur", "new"];

    private static readonly EnumerationOptions Folders = new()
    {
        AttributesToSkip = FileAttributes.ReparsePoint,
        MatchType = MatchType.Simple,
    };

    private static readonly EnumerationOptions Plain = new()
    {
        AttributesToSkip = FileAttributes.ReparsePoint | FileAttributes.Directory,
        IgnoreInaccessible = false,
        RecurseSubdirectories = false,
        MatchType = MatchType.Simple,
    };

    /// <summary>Whether a folder is a Maildir: it has cur and new.</summary>
    public static bool IsMaildir(string folder) =>
        Directory.Exists(Path.Combine(folder, "cur")) && Directory.Exists(Path.Combine(folder, "new"));

    /// <summary>How many messages a folder has, for the bar.</summary>
    public static long Count(string folder) =>
        IsMaildir(folder)
            ? Maildirs(folder).Sum(f => Parts.Sum(part => Files(Path.Combine(f.Folder, part), "*").LongCount()))
            : Files(folder, "*.eml").LongCount();

    /// <summary>
    /// Reads a Maildir with its Maildir++ subfolders: <c>.Lists.Dev</c> is the mailbox Lists/Dev. Names are in modified UTF-7, as other
    /// servers write them; one that is not, is taken as it is.
    /// </summary>
    /// <param name="folder">The folder.</param>
    /// <param name="maxBytes">Largest message.</param>
    /// <param name="ct">Stops reading.</param>
    public static async IAsyncEnumerable<ImportedMessage> ReadMaildirAsync(
        string folder,
        long maxBytes,
        [EnumeratorCancellation] CancellationToken ct
    )
    {
        foreach (var (path, mailbox) in Maildirs(folder))
        {
            foreach (var part in Parts)
            {
                foreach (var file in Files(Path.Combine(path, part), "*"))
                    yield return await ReadFileAsync(file, mailbox, FlagsOf(file.Name), maxBytes, ct);
            }
        }
    }

    /// <summary>Reads the <c>.eml</c> files of a folder in the order of their names.</summary>
    public static async IAsyncEnumerable<ImportedMessage> ReadEmlAsync(
        string folder,
        long maxBytes,
        [EnumeratorCancellation] CancellationToken ct
    )
    {
        foreach (var file in Files(folder, "*.eml"))
            yield return await ReadFileAsync(file, null, SystemFlags.None, maxBytes, ct);
    }

    /// <summary>Makes the folders of a Maildir.</summary>
    public static void CreateMaildir(string folder)
    {
        foreach (var part in (string[])["cur", "new", "tmp"])
            Directory.CreateDirectory(Path.Combine(folder, part));
    }

    /// <summary>The name of a message in cur.</summary>
    public static string MaildirName(DateTimeOffset date, uint uid, SystemFlags flags)
    {
        // Letters in ASCII order, as the format wants them.
        var letters =
            (flags.HasFlag(SystemFlags.Draft) ? "D" : "")
            + (flags.HasFlag(SystemFlags.Flagged) ? "F" : "")
            + (flags.HasFlag(SystemFlags.Answered) ? "R" : "")
            + (flags.HasFlag(SystemFlags.Seen) ? "S" : "")
            + (flags.HasFlag(SystemFlags.Deleted) ? "T" : "");
        return string.Create(
            CultureInfo.InvariantCulture,
            $"{date.ToUnixTimeSeconds()}.{uid:D10}.postreiter:2,{letters}"
        );
    }

    private static IEnumerable<(string Folder, string? Mailbox)> Maildirs(string folder) =>
        new DirectoryInfo(folder)
            .EnumerateDirectories(".*", Folders)
            .Where(f => IsMaildir(f.FullName))
            .OrderBy(f => f.Name, StringComparer.Ordinal)
            .Select(f => (f.FullName, (string?)MailboxOf(f.Name)))
            .Prepend((folder, null));

    private static string MailboxOf(string name)
    {
        var levels = name[1..].Replace('.', Mailbox.Separator);
        return ModifiedUtf7.TryDecode(Encoding.UTF8.GetBytes(levels), out var decoded) ? decoded : levels;
    }

    private static IEnumerable<FileInfo> Files(string folder, string pattern) =>
        new DirectoryInfo(folder).EnumerateFiles(pattern, Plain).OrderBy(f => f.Name, StringComparer.Ordinal);

    private static SystemFlags FlagsOf(string name)
    {
        var info = name.IndexOf(":2,", StringComparison.Ordinal);
        var flags = SystemFlags.None;
        foreach (var letter in info < 0 ? "" : name[(info + 3)..])
        {
            flags |= letter switch
            {
                'D' => SystemFlags.Draft,
                'F' => SystemFlags.Flagged,
                'R' => SystemFlags.Answered,
                'S' => SystemFlags.Seen,
                'T' => SystemFlags.Deleted,
                _ => SystemFlags.None,
            };
        }

        return flags;
    }

    private static async Task<ImportedMessage> ReadFileAsync(
        FileInfo file,
        string? mailbox,
        SystemFlags flags,
        long maxBytes,
        CancellationToken ct
    )
    {
        if (file.Length > maxBytes)
            return ImportedMessage.Skip(file.Name, "it is larger than smtp.max_message_size");
        if (file.Length == 0)
            return ImportedMessage.Skip(file.Name, "it is empty");
        try
        {
            var bytes = await File.ReadAllBytesAsync(file.FullName, ct);
            var date = new DateTimeOffset(file.LastWriteTimeUtc);
            return new ImportedMessage(file.Name, mailbox, LineEnds.ToCrLf(bytes), flags, date, null);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return ImportedMessage.Skip(file.Name, e.Message);
        }
    }
}
