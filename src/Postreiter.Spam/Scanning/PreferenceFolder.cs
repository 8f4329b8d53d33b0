using System.Collections.Concurrent;
using System.Text;

namespace Postreiter.Spam.Scanning;

/// <summary>Where users' preferences are found.</summary>
public interface IPreferenceSource
{
    /// <summary>The lines of a user, octets; null when there are none.</summary>
    /// <param name="user">An account's address, or the name that a client of spamd gives; a stranger may have written it.</param>
    string? Find(string user);
}

/// <summary>
/// Preferences as files of a folder: <c>USER.cf</c>, in lower case. Read again when a file changes, which the next mail sees.
/// </summary>
/// <param name="path">The folder; it need not be there.</param>
public sealed class PreferenceFolder(string path) : IPreferenceSource
{
    /// <summary>Longest file in octets that is read: 256 KiB.</summary>
    public const int MaxBytes = 256 * 1024;

    private const int MaxKept = 1000;
    private readonly ConcurrentDictionary<string, Kept> _kept = new(StringComparer.Ordinal);

    private sealed record Kept(DateTime Written, long Length, string Text);

    /// <inheritdoc/>
    public string? Find(string user)
    {
        ArgumentNullException.ThrowIfNull(user);
        if (!IsName(user))
            return null;
        var file = new FileInfo(Path.Combine(path, user.ToLowerInvariant() + ".cf"));
        try
        {
            if (!file.Exists || file.Length > MaxBytes)
                return null;
            if (
                _kept.TryGetValue(file.Name, out var kept)
                && kept.Written == file.LastWriteTimeUtc
                && kept.Length == file.Length
            )
                return kept.Text;
            kept = new Kept(file.LastWriteTimeUtc, file.Length, File.ReadAllText(file.FullName, Encoding.Latin1));
            if (_kept.Count >= MaxKept)
                _kept.Clear();
            _kept[file.Name] = kept;
            return kept.Text;
        }
        // Gone or not readable at this moment: the site's rules hold.
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    // P12: a name is never a path.
    private static bool IsName(string user)
    {
        if (user.Length is 0 or > 200 || user[0] == '.')
            return false;
        foreach (var c in user)
        {
            if (!char.IsAsciiLetterOrDigit(c) && !"@._+-=".Contains(c, StringComparison.Ordinal))
                return false;
        }

        return true;
    }
}
