using Postreiter.CommandLine;

namespace Postreiter.Transfer;

/// <summary>The files in which mails are: single ones, folders in depth, Maildirs, mbox files.</summary>
internal static class MailPaths
{
    private static readonly EnumerationOptions InDepth = new()
    {
        RecurseSubdirectories = true,
        // Links are not followed, neither to files nor to folders: one back up would never end.
        AttributesToSkip = FileAttributes.ReparsePoint,
        MatchType = MatchType.Simple,
    };

    /// <summary>Finds files. Names that begin with a dot are passed over; of a Maildir only what is in its cur and new counts.</summary>
    /// <param name="paths">Files and folders; <c>-</c> is standard input and stays what it is.</param>
    /// <returns>Each file with its name below the path that was given; a folder's in order of name.</returns>
    /// <exception cref="CommandFailure">A path is neither.</exception>
    public static IReadOnlyList<(string File, string Id)> Find(IEnumerable<string> paths)
    {
        var found = new List<(string File, string Id)>();
        foreach (var path in paths)
        {
            if (path == "-")
                found.Add(("-", "-"));
            else if (File.Exists(path))
                found.Add((path, Path.GetFileName(path)));
            else if (Directory.Exists(path))
                found.AddRange(Below(path));
            else
                throw new CommandFailure(ExitCodes.Usage, $"there is no {path}");
        }

        return found;
    }

    private static IEnumerable<(string File, string Id)> Below(string folder)
    {
        var maildirs = new Dictionary<string, bool>(StringComparer.Ordinal);
        return new DirectoryInfo(folder)
            .EnumerateFiles("*", InDepth)
            .Where(f => f.Name[0] != '.' && IsMail(f.Directory!))
            .Select(f => f.FullName)
            .Order(StringComparer.Ordinal)
            .Select(f => (f, Path.GetRelativePath(folder, f)));

        // Beside its cur and new a Maildir has lists of its server's, and in tmp what is still being written.
        bool IsMail(DirectoryInfo of) =>
            !IsMaildir(of.FullName) && !(of is { Name: "tmp", Parent: { } above } && IsMaildir(above.FullName));

        bool IsMaildir(string of)
        {
            if (!maildirs.TryGetValue(of, out var isOne))
                maildirs[of] = isOne = MailFolder.IsMaildir(of);
            return isOne;
        }
    }
}
