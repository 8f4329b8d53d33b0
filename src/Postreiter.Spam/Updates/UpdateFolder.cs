using System.Globalization;
using System.Text;
using Postreiter.Spam.Rules;
using Postreiter.Spam.Scanning;

namespace Postreiter.Spam.Updates;

/// <summary>
/// The updates of a site: for each channel a file NAME.cf, which includes those of the folder NAME.SERIAL. The file is what is in
/// force; it is put in the place of the one before in one step, so that a reader finds the old rules or the new ones, whole.
/// </summary>
/// <param name="root">The folder; made when something is installed.</param>
public sealed class UpdateFolder(string root)
{
    private const string Mark = "# UPDATE version ";

    private const UnixFileMode ReadableFile =
        UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead | UnixFileMode.OtherRead;

    private const UnixFileMode ReadableFolder =
        ReadableFile | UnixFileMode.UserExecute | UnixFileMode.GroupExecute | UnixFileMode.OtherExecute;

    /// <summary>The folder.</summary>
    public string Root => root;

    /// <summary>The serial of what is installed of a channel; null = nothing.</summary>
    public long? Installed(UpdateChannel channel)
    {
        ArgumentNullException.ThrowIfNull(channel);
        var file = FileOf(channel);
        if (!File.Exists(file))
            return null;
        var line = File.ReadLines(file).FirstOrDefault(static l => l.StartsWith(Mark, StringComparison.Ordinal));
        return long.TryParse(line?[Mark.Length..], NumberStyles.None, CultureInfo.InvariantCulture, out var serial)
            ? serial
            : null;
    }

    /// <summary>Unpacks an update, reads all its rules, and puts it in force when every line of them is right.</summary>
    /// <param name="channel">Its channel.</param>
    /// <param name="update">The update, checked.</param>
    /// <returns>Number of its rules.</returns>
    /// <exception cref="InvalidDataException">It is not installed, and what was in force stays: the message says why.</exception>
    /// <exception cref="IOException">The folder cannot be written; likewise.</exception>
    public int Install(UpdateChannel channel, ChannelUpdate update)
    {
        ArgumentNullException.ThrowIfNull(channel);
        ArgumentNullException.ThrowIfNull(update);
        Directory.CreateDirectory(root);
        MakeReadable(root, ReadableFolder);
        using var turn = TakeTurn();
        var folder = Path.Combine(
            root,
            string.Create(CultureInfo.InvariantCulture, $"{channel.FileName}.{update.Serial}")
        );
        var before = Included(channel);
        // What stands there from an attempt that was cut short, or of the same update, given again.
        var fresh = folder + ".new";
        Remove(fresh);
        Directory.CreateDirectory(fresh);
        int count;
        try
        {
            RuleArchive.Unpack(update.Archive, fresh);
            count = Check(fresh);
            // It is in force already: to take it away, if only for a moment, would take the rules from who reads them now.
            if (folder == before && Directory.Exists(folder))
            {
                Remove(fresh);
                return count;
            }

            MakeLasting(fresh);
            Remove(folder);
            Directory.Move(fresh, folder);
        }
        catch
        {
            Remove(fresh);
            throw;
        }

        PutInForce(channel, update.Serial, folder);
        // The one before is kept until the next: somebody may be reading it.
        foreach (var old in Directory.GetDirectories(root, channel.FileName + ".*"))
        {
            if (old == folder || old == before)
                continue;
            try
            {
                Remove(old);
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                // The update is in force; what cannot be cleared away now is tried again with the next.
            }
        }

        return count;
    }

    // One at a time: a second one would clear away what the first is unpacking, and the half of it could come into force.
    private FileStream TakeTurn()
    {
        var file = Path.Combine(root, "lock");
        try
        {
            return new FileStream(file, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }
        catch (IOException e)
        {
            throw new IOException($"another update is under way ({file}: {e.Message})", e);
        }
    }

    private static int Check(string folder)
    {
        var rules =
            RuleSources.Read([folder]) ?? throw new InvalidDataException("the archive holds no .cf file, so no rules");
        var wrong = RuleCheck.Warnings(rules).Where(static w => w.IsError).ToList();
        if (wrong.Count > 0)
            throw new InvalidDataException(
                $"{wrong.Count} lines of the update are wrong: "
                    + string.Join(
                        "; ",
                        wrong.Take(10).Select(w => w.ToString().Replace(folder + "/", "", StringComparison.Ordinal))
                    )
            );
        // What cannot be made ready to run is not in force either.
        _ = new SpamEngine(rules);
        return rules.Count;
    }

    private void PutInForce(UpdateChannel channel, long serial, string folder)
    {
        var text = new StringBuilder();
        text.Append(CultureInfo.InvariantCulture, $"{Mark}{serial}\n");
        foreach (var file in Directory.GetFiles(folder, "*.cf").Order(StringComparer.Ordinal))
            text.Append(CultureInfo.InvariantCulture, $"include {Path.GetFileName(folder)}/{Path.GetFileName(file)}\n");
        var next = FileOf(channel) + ".new";
        using (var stream = new FileStream(next, FileMode.Create, FileAccess.Write))
        {
            stream.Write(Encoding.ASCII.GetBytes(text.ToString()));
            stream.Flush(flushToDisk: true);
        }

        MakeReadable(next, ReadableFile);

        File.Move(next, FileOf(channel), overwrite: true);
    }

    // An administrator updates as root, whose files are for root alone by this program's umask, and the server is another user. Rules
    // are public; who may come near them is the data folder's to say.
    private static void MakeLasting(string folder)
    {
        MakeReadable(folder, ReadableFolder);
        foreach (var below in Directory.GetDirectories(folder, "*", SearchOption.AllDirectories))
            MakeReadable(below, ReadableFolder);
        foreach (var file in Directory.GetFiles(folder, "*", SearchOption.AllDirectories))
        {
            MakeReadable(file, ReadableFile);
            // On the disk before anything names it: after a power cut the rules in force are whole ones.
            using var stream = new FileStream(file, FileMode.Open, FileAccess.ReadWrite);
            stream.Flush(flushToDisk: true);
        }
    }

    private static void MakeReadable(string path, UnixFileMode mode)
    {
        if (!OperatingSystem.IsWindows())
            File.SetUnixFileMode(path, File.GetUnixFileMode(path) | mode);
    }

    // The folder that the file in force includes; null = there is none.
    private string? Included(UpdateChannel channel) =>
        Installed(channel) is { } serial
            ? Path.Combine(root, string.Create(CultureInfo.InvariantCulture, $"{channel.FileName}.{serial}"))
            : null;

    private string FileOf(UpdateChannel channel) => Path.Combine(root, channel.FileName + ".cf");

    private static void Remove(string folder)
    {
        if (Directory.Exists(folder))
            Directory.Delete(folder, recursive: true);
    }
}
