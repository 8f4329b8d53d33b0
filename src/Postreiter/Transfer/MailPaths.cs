namespace Postreiter.Transfer;

/// <summary>The mails of some files and folders, as they are: files, folders in depth, Maildirs, mbox files.</summary>
internal static class MailPaths
{
    /// <summary>Finds files. Names that begin with a dot are passed over.</summary>
    /// <param name="paths">Files and folders.</param>
    /// <returns>Each file with its name below the path that was given; a folder's in order of name.</returns>
    /// <exception cref="FileNotFoundException">A path is neither.</exception>
    public static IReadOnlyList<(string File, string Id)> Find(IEnumerable<string> paths)
    {
        var found = new List<(string File, string Id)>();
        foreach (var path in paths)
        {
            if (File.Exists(path))
                found.Add((path, Path.GetFileName(path)));
            else if (Directory.Exists(path))
                found.AddRange(Below(path));
            else
                throw new FileNotFoundException($"there is no {path}", path);
        }

        return found;
    }

    /// <summary>The mails of a file: one, or as many as an mbox file has.</summary>
    /// <param name="id">The file's name.</param>
    /// <param name="bytes">Its bytes.</param>
    /// <returns>Each with its name, which in an mbox of several ends in <c>#</c> and its number from 1.</returns>
    public static IReadOnlyList<(string Id, ReadOnlyMemory<byte> Mail)> Split(string id, ReadOnlyMemory<byte> bytes)
    {
        if (!bytes.Span.StartsWith("From "u8))
            return [(id, bytes)];
        var starts = Starts(bytes.Span);
        var mails = new List<(string Id, ReadOnlyMemory<byte> Mail)>();
        for (var i = 0; i < starts.Count; i++)
        {
            var mail = bytes[starts[i]..(i + 1 < starts.Count ? starts[i + 1] : bytes.Length)];
            // The separator is the file's, not the mail's.
            mail = mail[(mail.Span.IndexOf((byte)'\n') + 1)..];
            mails.Add((starts.Count > 1 ? $"{id}#{i + 1}" : id, mail));
        }

        return mails;
    }

    private static List<int> Starts(ReadOnlySpan<byte> bytes)
    {
        var starts = new List<int> { 0 };
        for (var at = 1; at < bytes.Length; )
        {
            var next = bytes[at..].IndexOf("\nFrom "u8);
            if (next < 0)
                break;
            at += next + 1;
            // RFC 4155 appendix A: a separator follows an empty line.
            if (bytes[..at].EndsWith("\n\n"u8) || bytes[..at].EndsWith("\n\r\n"u8))
                starts.Add(at);
        }

        return starts;
    }

    // What is still being written into a Maildir.
    private static bool IsUnfinished(FileInfo file) =>
        file.Directory is { Name: "tmp", Parent: { } maildir }
        && Directory.Exists(Path.Combine(maildir.FullName, "cur"));

    private static IEnumerable<(string File, string Id)> Below(string folder)
    {
        var options = new EnumerationOptions
        {
            RecurseSubdirectories = true,
            AttributesToSkip = FileAttributes.None,
            // A link back up would never end.
            ReturnSpecialDirectories = false,
        };
        return new DirectoryInfo(folder)
            .EnumerateFiles("*", options)
            .Where(f => f.Name[0] != '.' && f.LinkTarget is null && !IsUnfinished(f))
            .Select(f => f.FullName)
            .Order(StringComparer.Ordinal)
            .Select(f => (f, Path.GetRelativePath(folder, f)));
    }
}
