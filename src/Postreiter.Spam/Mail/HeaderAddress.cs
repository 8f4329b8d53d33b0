namespace Postreiter.Spam.Mail;

/// <summary>One address of a header, in octets, undecoded.</summary>
/// <param name="Phrase">The display name, quotes and comments taken off; the comment behind the address where there is no name.</param>
/// <param name="Address">user@host as written; null where only a name stands.</param>
/// <param name="Comment">The text of a comment behind the address.</param>
public sealed record HeaderAddress(string? Phrase, string? Address, string? Comment)
{
    /// <summary>What stands before the first at sign; null without an address.</summary>
    public string? User => Address?[..Address.IndexOf('@', StringComparison.Ordinal)];

    /// <summary>What stands between the at sign and a second one; null without an address.</summary>
    public string? Host => Address?[(Address.IndexOf('@', StringComparison.Ordinal) + 1)..].Split('@', 2)[0];

    /// <summary>Whether the host could be one: two labels or more of letters, digits and hyphens.</summary>
    public bool IsHostValid => Host is { } host && HostName.IsValid(host);
}
