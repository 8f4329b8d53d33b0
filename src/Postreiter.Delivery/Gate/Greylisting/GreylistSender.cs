using System.Buffers;
using Postreiter.Core;

namespace Postreiter.Delivery.Gate.Greylisting;

/// <summary>
/// A sender as greylisting compares it: without what changes from message to message. Source: RFC 6647 §5 item 4 leaves the form open; the forms
/// of BATV, SRS and of the mailing list programs are those in use.
/// </summary>
internal static class GreylistSender
{
    /// <summary>Longest result: local part, at sign, domain.</summary>
    public const int MaxLength = EmailAddress.MaxLocalPartLength + 1 + DomainName.MaxLength + 8;

    private static readonly SearchValues<char> Marks = SearchValues.Create("-+=_./");

    // Shorter words with digits may be people: ann2.
    private const int MinSerial = 8;

    /// <summary>
    /// Whether a sender is that of a notice or of somebody who only asks whether an address is there (RFC 6647 §5): such a caller gives up at a
    /// refused RCPT, and its own mail with it.
    /// </summary>
    public static bool AsksOnly(EmailAddress? sender) =>
        sender is not { } address
        || IsWord(address.LocalPart, "postmaster")
        || IsWord(address.LocalPart, "mailer-daemon")
        || IsWord(address.LocalPart, "double-bounce");

    /// <summary>The sender as text; empty for the null sender.</summary>
    public static string Of(EmailAddress? sender)
    {
        Span<char> text = stackalloc char[MaxLength];
        return new string(text[..Write(sender, text)]);
    }

    /// <summary>Writes the sender as it is compared.</summary>
    /// <returns>How many characters; 0 for the null sender.</returns>
    public static int Write(EmailAddress? sender, Span<char> output)
    {
        if (sender is not { } address)
            return 0;
        Span<char> lower = stackalloc char[EmailAddress.MaxLocalPartLength];
        var text = address.LocalPart;
        // As long as it may be (L5), or cut: a longer one never comes here.
        var local = lower[..text.AsSpan(0, Math.Min(text.Length, lower.Length)).ToLowerInvariant(lower)];
        var used = WriteLocal(WithoutSignature(local), output);
        output[used++] = '@';
        var domain = address.Domain.Ascii;
        domain.CopyTo(output[used..]);
        return used + domain.Length;
    }

    private static bool IsWord(string local, string word) => local.Equals(word, StringComparison.OrdinalIgnoreCase);

    /// <summary>What is behind a BATV signature or its kin: <c>prvs=tag=local</c>, <c>btv1==tag==local</c>, <c>msprvs1=tag=local</c>.</summary>
    private static ReadOnlySpan<char> WithoutSignature(ReadOnlySpan<char> local)
    {
        if (local.StartsWith("btv1=="))
            return Behind(local, local[6..], "==");
        if (local.StartsWith("prvs="))
            return Behind(local, local[5..], "=");
        return local.StartsWith("msprvs1=") ? Behind(local, local[8..], "=") : local;
    }

    private static ReadOnlySpan<char> Behind(ReadOnlySpan<char> whole, ReadOnlySpan<char> rest, string mark)
    {
        var at = rest.IndexOf(mark);
        return at < 0 || at + mark.Length == rest.Length ? whole : rest[(at + mark.Length)..];
    }

    private static int WriteLocal(ReadOnlySpan<char> local, Span<char> output)
    {
        var used = 0;
        if (local.Length > 5 && local.StartsWith("srs") && local[3] is '0' or '1' && local[4] is '=' or '+' or '-')
        {
            // SRS0=hash=time=domain=local; SRS1=hash=domain==hash=time=domain=local: hashes and times change with each day.
            local[..4].CopyTo(output);
            used = 4;
            var rest = local[5..];
            if (local[3] == '1')
            {
                rest = After(rest, 1);
                var first = rest.IndexOf('=');
                if (first > 0)
                {
                    output[used++] = '=';
                    rest[..first].CopyTo(output[used..]);
                    used += first;
                    rest = rest[(first + 1)..].TrimStart('=');
                }
            }

            output[used++] = '=';
            local = After(rest, 2);
        }

        while (!local.IsEmpty)
        {
            var end = local.IndexOfAny(Marks);
            var word = end < 0 ? local : local[..end];
            if (IsSerial(word))
                output[used++] = '#';
            else
            {
                word.CopyTo(output[used..]);
                used += word.Length;
            }

            if (end < 0)
                break;
            output[used++] = local[end];
            local = local[(end + 1)..];
        }

        return used;
    }

    private static ReadOnlySpan<char> After(ReadOnlySpan<char> text, int marks)
    {
        for (; marks > 0; marks--)
        {
            var at = text.IndexOf('=');
            if (at < 0)
                break;
            text = text[(at + 1)..];
        }

        return text;
    }

    private static bool IsSerial(ReadOnlySpan<char> word) =>
        word.Length > 0
        && word.IndexOfAnyInRange('0', '9') >= 0
        && (word.Length >= MinSerial || word.IndexOfAnyExceptInRange('0', '9') < 0);
}
