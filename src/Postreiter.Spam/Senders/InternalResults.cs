using Postreiter.MailAuth.Spf;
using Postreiter.Spam.Configuration;
using Postreiter.Spam.Mail;

namespace Postreiter.Spam.Senders;

/// <summary>
/// Results of SPF that a host of the site itself has written into the header: what stands above the last internal Received field.
/// They are of the border of the site, where the question belongs, and are used in place of a look-up.
/// </summary>
internal static class InternalResults
{
    /// <summary>Finds them.</summary>
    /// <returns>The word for MAIL FROM and that for HELO, in lower case; null where there is none.</returns>
    public static (SpfResult? MailFrom, SpfResult? Helo) Find(SpamMail mail, Settings settings)
    {
        if (settings.IsOn("ignore_received_spf_header"))
            return (null, null);
        var lines = mail.HeaderValues("ALL-INTERNAL");
        SpfResult? from = null;
        SpfResult? helo = null;
        // The lowest is the oldest: of the host that saw the client itself.
        foreach (var line in settings.IsOn("use_newest_received_spf_header") ? lines : lines.Reverse())
        {
            if (Read(line) is not { } found)
                continue;
            if (found.Identity is "" or "mfrom" or "mailfrom")
                from ??= found.Result;
            else if (found.Identity == "helo")
                helo ??= found.Result;
        }

        return (from, helo);
    }

    private static (SpfResult Result, string Identity)? Read(string line)
    {
        var lower = Octets.Lower(line);
        var colon = lower.IndexOf(':', StringComparison.Ordinal);
        if (colon < 0)
            return null;
        var rest = lower.AsSpan(colon + 1);
        switch (lower[..colon])
        {
            case "received-spf":
                return Of(Word(rest)) is { } result ? (result, After(rest, "identity=")) : null;
            case "authentication-results" or "arc-authentication-results":
                rest = Method(rest);
                return Of(Word(rest)) is { } said ? (said, After(Until(rest, ';'), "smtp.")) : null;
            default:
                return null;
        }
    }

    // Behind the last "; spf =".
    private static ReadOnlySpan<char> Method(ReadOnlySpan<char> text)
    {
        for (var end = text.LastIndexOf(';'); end >= 0; end = text[..end].LastIndexOf(';'))
        {
            var said = text[(end + 1)..].TrimStart(Perl.Blanks);
            if (!said.StartsWith("spf"))
                continue;
            said = said[3..].TrimStart(Perl.Blanks);
            if (said.StartsWith("="))
                return said[1..];
        }

        return default;
    }

    private static string Word(ReadOnlySpan<char> text)
    {
        text = text.TrimStart(Perl.Blanks);
        var end = 0;
        while (end < text.Length && Octets.IsWord(text[end]))
            end++;
        return text[..end].ToString();
    }

    // The word behind the last such mark that no word stands before.
    private static string After(ReadOnlySpan<char> text, string mark)
    {
        for (var at = text.LastIndexOf(mark); at >= 0; at = text[..at].LastIndexOf(mark))
        {
            if (at == 0 || !Octets.IsWord(text[at - 1]))
                return Word(text[(at + mark.Length)..]);
        }

        return "";
    }

    private static ReadOnlySpan<char> Until(ReadOnlySpan<char> text, char end) =>
        text.IndexOf(end) is var at and >= 0 ? text[..at] : text;

    private static SpfResult? Of(string word) =>
        word switch
        {
            "pass" => SpfResult.Pass,
            "neutral" => SpfResult.Neutral,
            "softfail" => SpfResult.SoftFail,
            "fail" or "hardfail" => SpfResult.Fail,
            "temperror" => SpfResult.TempError,
            "permerror" => SpfResult.PermError,
            "none" => SpfResult.None,
            _ => null,
        };
}
