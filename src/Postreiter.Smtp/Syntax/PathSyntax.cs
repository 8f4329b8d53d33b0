using System.Text;
using Postreiter.Core;

namespace Postreiter.Smtp.Syntax;

/// <summary>What a path was found to be.</summary>
internal enum PathStatus
{
    /// <summary>An address.</summary>
    Address,

    /// <summary><c>&lt;&gt;</c>.</summary>
    Null,

    /// <summary><c>&lt;Postmaster&gt;</c> without a domain (RFC 5321 §4.1.1.3).</summary>
    Postmaster,

    /// <summary>Not a path.</summary>
    Invalid,

    /// <summary>It, its local part, its domain or a label is longer than may be (L5).</summary>
    TooLong,

    /// <summary>A mailbox with bytes above 127 that are no UTF-8.</summary>
    NotUtf8,
}

/// <summary>Reverse-path and forward-path (RFC 5321 §4.1.2) at the start of what follows <c>FROM:</c> or <c>TO:</c>.</summary>
internal static class PathSyntax
{
    /// <summary>Octets of a path with its brackets (L5; RFC 5321 §4.5.3.1.3).</summary>
    public const int MaxPathBytes = 256;

    /// <summary>
    /// Reads a path. One space before it is taken, and one without angle brackets, as people type it by hand; nothing looser.
    /// </summary>
    /// <param name="text">The rest of the command line.</param>
    /// <param name="address">Set for <see cref="PathStatus.Address"/>.</param>
    /// <param name="rest">The parameters: empty, or what follows the space behind the path.</param>
    /// <param name="isAscii">Whether the path can stand without SMTPUTF8.</param>
    public static PathStatus Read(
        ReadOnlySpan<byte> text,
        out EmailAddress address,
        out ReadOnlySpan<byte> rest,
        out bool isAscii
    )
    {
        isAscii = true;
        address = default;
        rest = default;
        if (text is [(byte)' ', ..])
            text = text[1..];
        var hasBrackets = text is [(byte)'<', ..];
        var length = hasBrackets ? BracketedLength(text) : BareLength(text);
        if (length <= 0)
            return PathStatus.Invalid;
        if (length > MaxPathBytes)
            return PathStatus.TooLong;
        var behind = text[length..];
        if (!behind.IsEmpty && behind[0] != ' ')
            return PathStatus.Invalid;
        rest = behind.TrimStart((byte)' ');
        var mailbox = hasBrackets ? text[1..(length - 1)] : text[..length];
        if (mailbox.IsEmpty)
            return PathStatus.Null;
        isAscii = Ascii.IsValid(mailbox);
        if (!System.Text.Unicode.Utf8.IsValid(mailbox))
            return PathStatus.NotUtf8;
        if (hasBrackets && !TryPassRoute(ref mailbox))
            return PathStatus.Invalid;
        if (Ascii.EqualsIgnoreCase(mailbox, "postmaster"u8))
            return PathStatus.Postmaster;
        if (EmailAddress.TryParse(Encoding.UTF8.GetString(mailbox), out address))
            return PathStatus.Address;
        return IsTooLong(mailbox) ? PathStatus.TooLong : PathStatus.Invalid;
    }

    // RFC 5321 §4.5.3.1.1 and §4.5.3.1.2, RFC 1035 §2.3.4: 64 octets before the last @, 255 behind it, 63 a label.
    private static bool IsTooLong(ReadOnlySpan<byte> mailbox)
    {
        var at = mailbox.LastIndexOf((byte)'@');
        var domain = mailbox[(at + 1)..];
        if (at > 64 || domain.Length > 255)
            return true;
        foreach (var label in domain.Split((byte)'.'))
        {
            if (domain[label].Length > 63)
                return true;
        }

        return false;
    }

    // RFC 5321 §4.1.2 and appendix C: A-d-l = At-domain *( "," At-domain ), then ":". Read and passed over.
    private static bool TryPassRoute(ref ReadOnlySpan<byte> mailbox)
    {
        if (mailbox[0] != '@')
            return true;
        var colon = mailbox.IndexOf((byte)':');
        // An IPv6 literal in the route has colons of its own; no route has been of use since 1989 (RFC 1123 §5.3.6).
        if (colon < 0)
            return false;
        foreach (var part in Encoding.UTF8.GetString(mailbox[..colon]).Split(','))
        {
            if (part is not ['@', .. var domain] || !DomainName.TryParse(domain, out _))
                return false;
        }

        mailbox = mailbox[(colon + 1)..];
        return !mailbox.IsEmpty;
    }

    private static int BareLength(ReadOnlySpan<byte> text)
    {
        var space = text.IndexOf((byte)' ');
        return space < 0 ? text.Length : space;
    }

    private static int BracketedLength(ReadOnlySpan<byte> text)
    {
        var inQuotes = false;
        for (var i = 1; i < text.Length; i++)
        {
            switch (text[i])
            {
                case (byte)'\\' when inQuotes:
                    i++;
                    break;
                case (byte)'"':
                    inQuotes = !inQuotes;
                    break;
                case (byte)'>' when !inQuotes:
                    return i + 1;
                default:
                    break;
            }
        }

        return -1;
    }
}
