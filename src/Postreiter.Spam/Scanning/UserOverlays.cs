using System.Collections.Concurrent;
using System.Text;
using Postreiter.Spam.Configuration;
using Postreiter.Spam.Results;

namespace Postreiter.Spam.Scanning;

/// <summary>A user's preferences made ready.</summary>
/// <param name="Preferences">What they say.</param>
/// <param name="Marks">How mails are marked then.</param>
/// <param name="SubjectTag">What stands before the subject of spam; null = as the site has it.</param>
internal sealed record UserOverlay(UserPreferences Preferences, MarkSettings Marks, string? SubjectTag);

/// <summary>Users' preferences over one ruleset: read once for each distinct text, whoever has it.</summary>
internal sealed class UserOverlays(IPreferenceSource source, Ruleset site, Action<string, UserPreferences>? told)
{
    private const int MaxKept = 64;
    private readonly ConcurrentDictionary<string, UserOverlay> _kept = new(StringComparer.Ordinal);

    /// <summary>A user's; null when there are none.</summary>
    public UserOverlay? Find(string? user)
    {
        if (user is null || source.Find(user) is not { Length: > 0 } text)
            return null;
        if (_kept.TryGetValue(text, out var kept))
            return kept;
        var preferences = UserPreferences.Read(user, text, site);
        var marks = RuleCheck.Marks(preferences.Settings, out _);
        // Lines about marks are the user's from where the site's end.
        var own = preferences.Settings.Marks.Skip(site.Settings.Marks.Count);
        var tag = own.Any(static line => line.Key == "rewrite_header")
            ? marks.Rewrites.GetValueOrDefault("Subject", "")
            : null;
        kept = new UserOverlay(
            preferences,
            marks,
            tag is null ? null : Encoding.UTF8.GetString(Encoding.Latin1.GetBytes(tag))
        );
        if (_kept.Count >= MaxKept)
            _kept.Clear();
        _kept[text] = kept;
        told?.Invoke(user, preferences);
        return kept;
    }
}
