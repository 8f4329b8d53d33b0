using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using Postreiter.Core;

namespace Postreiter.MailAuth.Dmarc;

/// <summary>Where reports go: <c>URI [ "!" size [ unit ] ]</c> (RFC 7489 §6.4).</summary>
/// <param name="Uri">The URI as written, without the size; its scheme may be one that we do not send to.</param>
/// <param name="Address">The mailbox of a <c>mailto:</c>; null for other schemes.</param>
/// <param name="MaxBytes">Largest report that is wanted there; null for any.</param>
public sealed record DmarcReportUri(string Uri, EmailAddress? Address, long? MaxBytes)
{
    /// <summary>Reads one; commas and exclamation marks inside the URI are percent-encoded (RFC 7489 §6.3).</summary>
    public static bool TryParse(ReadOnlySpan<char> text, [NotNullWhen(true)] out DmarcReportUri? destination)
    {
        destination = null;
        long? most = null;
        if (text.LastIndexOf('!') is >= 0 and var mark)
        {
            if (!TryReadSize(text[(mark + 1)..], out var size))
                return false;
            most = size;
            text = text[..mark];
        }

        if (text.Length > 1_000 || text.ContainsAnyExceptInRange('!', '~') || text.Contains('!'))
            return false;
        var uri = text.ToString();
        if (!System.Uri.TryCreate(uri, UriKind.Absolute, out var parsed))
            return false;
        EmailAddress? address = null;
        if (parsed.Scheme == System.Uri.UriSchemeMailto)
        {
            // RFC 6068: header fields behind the address are not for us, and several addresses are not one.
            var mailbox = uri[(uri.IndexOf(':', StringComparison.Ordinal) + 1)..];
            if (mailbox.IndexOf('?', StringComparison.Ordinal) is >= 0 and var question)
                mailbox = mailbox[..question];
            if (!EmailAddress.TryParse(System.Uri.UnescapeDataString(mailbox), out var read))
                return false;
            address = read;
        }

        destination = new DmarcReportUri(uri, address, most);
        return true;
    }

    // 1*DIGIT [ "k" / "m" / "g" / "t" ], powers of two.
    private static bool TryReadSize(ReadOnlySpan<char> text, out long size)
    {
        var shift = text is [.., var unit]
            ? char.ToLowerInvariant(unit) switch
            {
                'k' => 10,
                'm' => 20,
                'g' => 30,
                't' => 40,
                _ => 0,
            }
            : 0;
        if (shift > 0)
            text = text[..^1];
        var isGood =
            long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out size)
            && size <= long.MaxValue >> shift;
        size = isGood ? size << shift : 0;
        return isGood;
    }
}
