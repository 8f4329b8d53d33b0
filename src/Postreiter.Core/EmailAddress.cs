using System.Text;

namespace Postreiter.Core;

/// <summary>
/// A mailbox address, <c>local-part "@" domain</c> (RFC 5321 §4.1.2, RFC 6531 §3.3): the local part unquoted
/// and as it was written, the domain in its comparable form.
/// </summary>
/// <remarks>
/// Two addresses are equal when their domains are and their local parts match without regard to case: RFC 5321 §2.4
/// leaves the case of a local part to the receiving host, and ours does not tell them apart.
/// Limits: 64 octets of local part, 255 of domain (RFC 5321 §4.5.3.1), counted in UTF-8.
/// </remarks>
public readonly struct EmailAddress : IEquatable<EmailAddress>
{
    /// <summary>Longest local part in octets of UTF-8, quotes not counted.</summary>
    public const int MaxLocalPartLength = 64;

    private readonly string? _local;

    private EmailAddress(string local, DomainName domain) => (_local, Domain) = (local, domain);

    /// <summary>The local part without quotes and backslashes, in the case it was written in.</summary>
    public string LocalPart => _local ?? "";

    /// <summary>The domain or address literal.</summary>
    public DomainName Domain { get; }

    /// <summary>Whether this is the default value.</summary>
    public bool IsEmpty => _local is null;

    /// <summary>Whether it needs SMTPUTF8 on the wire: a local part outside ASCII (a domain has its A-labels).</summary>
    public bool NeedsUtf8 => !Ascii.IsValid(LocalPart);

    /// <summary>The one spelling under which the store keeps it: both parts in lower case, unquoted.</summary>
    public string Key => LocalPart.ToLowerInvariant() + "@" + Domain.Ascii;

    /// <summary>Reads an address without angle brackets: a dot-string or a quoted string, then "@", then a domain.</summary>
    /// <returns>False for anything that breaks the syntax or a limit.</returns>
    public static bool TryParse(ReadOnlySpan<char> text, out EmailAddress address)
    {
        address = default;
        string? local;
        int at;
        if (text is ['"', ..])
        {
            if (!TryUnquote(text, out local, out at))
                return false;
        }
        else
        {
            at = text.LastIndexOf('@');
            if (at <= 0 || !IsDotString(text[..at]))
                return false;
            local = text[..at].ToString();
        }

        if (at >= text.Length || text[at] != '@' || Encoding.UTF8.GetByteCount(local) > MaxLocalPartLength)
            return false;
        if (!DomainName.TryParse(text[(at + 1)..], out var domain))
            return false;
        address = new EmailAddress(local, domain);
        return true;
    }

    /// <summary>As <see cref="TryParse"/>, for text that is known to be good.</summary>
    /// <exception cref="FormatException">It is not.</exception>
    public static EmailAddress Parse(string text) =>
        TryParse(text, out var address) ? address : throw new FormatException($"'{text}' is not an address");

    /// <summary>The same local part at another domain.</summary>
    public EmailAddress At(DomainName domain) => new(LocalPart, domain);

    /// <summary>The address of another local part at the same domain.</summary>
    /// <param name="local">Unquoted; the caller has checked its length.</param>
    public EmailAddress WithLocalPart(string local) => new(local, Domain);

    /// <inheritdoc/>
    public bool Equals(EmailAddress other) =>
        Domain == other.Domain && string.Equals(LocalPart, other.LocalPart, StringComparison.OrdinalIgnoreCase);

    /// <inheritdoc/>
    public override bool Equals(object? obj) => obj is EmailAddress other && Equals(other);

    /// <inheritdoc/>
    public override int GetHashCode() =>
        HashCode.Combine(Domain, StringComparer.OrdinalIgnoreCase.GetHashCode(LocalPart));

    /// <summary>Whether two addresses name the same mailbox.</summary>
    public static bool operator ==(EmailAddress left, EmailAddress right) => left.Equals(right);

    /// <summary>Whether two addresses name different mailboxes.</summary>
    public static bool operator !=(EmailAddress left, EmailAddress right) => !left.Equals(right);

    /// <summary>As it stands on the wire, the local part quoted where it must be.</summary>
    public override string ToString()
    {
        if (IsEmpty)
            return "";
        if (IsDotString(LocalPart))
            return LocalPart + "@" + Domain.Ascii;
        var quoted = LocalPart
            .Replace("\\", "\\\\", StringComparison.Ordinal)
            .Replace("\"", "\\\"", StringComparison.Ordinal);
        return "\"" + quoted + "\"@" + Domain.Ascii;
    }

    /// <summary><c>Dot-string = Atom *("." Atom)</c> (RFC 5321 §4.1.2), atoms may hold UTF-8 (RFC 6531 §3.3).</summary>
    private static bool IsDotString(ReadOnlySpan<char> text)
    {
        if (text.IsEmpty || text[0] == '.' || text[^1] == '.')
            return false;
        var previous = '\0';
        foreach (var c in text)
        {
            if (c == '.' ? previous == '.' : !IsAtomText(c))
                return false;
            previous = c;
        }

        return true;
    }

    private static bool IsAtomText(char c) =>
        char.IsAsciiLetterOrDigit(c)
        || "!#$%&'*+-/=?^_`{|}~".Contains(c, StringComparison.Ordinal)
        || (c > 0x9F && !char.IsWhiteSpace(c) && c != '\uFFFD');

    /// <summary><c>Quoted-string</c> of RFC 5321 §4.1.2: printable ASCII, backslash quotes one character.</summary>
    private static bool TryUnquote(ReadOnlySpan<char> text, out string local, out int end)
    {
        (local, end) = ("", 0);
        var result = new StringBuilder(text.Length);
        for (var i = 1; i < text.Length; i++)
        {
            var c = text[i];
            if (c == '"')
            {
                (local, end) = (result.ToString(), i + 1);
                return result.Length > 0;
            }

            if (c == '\\' && ++i < text.Length)
                c = text[i];
            if (c is < ' ' or '\u007F' or (> '\u007F' and <= '\u009F') or '\uFFFD')
                return false;
            result.Append(c);
        }

        return false;
    }
}
