using Postreiter.Spam.Mail;
using static Postreiter.Spam.Functions.CallArguments;

namespace Postreiter.Spam.Functions;

/// <summary>Functions of SpamAssassin's URIEval and HTTPSMismatch: links that say one thing and lead elsewhere.</summary>
internal static class UriEval
{
    private static readonly FunctionPattern LinkToAddress = new(@"^https?:/*(?:[^@/]+@)?\d+\.\d+\.\d+\.\d+", "i");

    private static readonly FunctionPattern SaysAddress = new(@"^https:/*(?:[^@/]+@)?\d+\.\d+\.\d+\.\d+", "i");

    private static readonly FunctionPattern LinkHost = new("^https?://([^/:?#]+)", "i");
    private static readonly FunctionPattern SaidHost = new(@"https://([^\s/:?#]+)", "i");

    /// <summary>A link to an address whose text says https and a name.</summary>
    [RuleFunction("check_https_ip_mismatch")]
    internal static int LeadsToAddress(RuleCall call)
    {
        foreach (var link in call.Mail.Html.SelectMany(static html => html.Links))
        {
            if (
                link.Uri.StartsWith("http", StringComparison.OrdinalIgnoreCase)
                && LinkToAddress.IsMatch(link.Uri)
                && link.AnchorTexts.Any(static text =>
                    text.Contains("https:", StringComparison.OrdinalIgnoreCase) && !SaysAddress.IsMatch(text)
                )
            )
                return 1;
        }

        return 0;
    }

    /// <summary>A URI was too long to be looked at whole.</summary>
    [RuleFunction("check_uri_truncated")]
    internal static int IsTruncated(RuleCall call) =>
        Hits(call.Facts.Uris.IsTruncated || call.Mail.Html.Any(static html => html.IsUriTruncated));

    /// <summary>A URI of one domain that holds one of another.</summary>
    [RuleFunction("check_for_http_redirector")]
    internal static int Redirects(RuleCall call) => Hits(call.Facts.Uris.Canonical.Any(uri => Redirects(call, uri)));

    /// <summary>
    /// A link to one domain whose text says https and another, in HTML with so many links to names that have a text: at least (1), below.
    /// </summary>
    [RuleFunction("check_https_http_mismatch")]
    internal static int LeadsElsewhere(RuleCall call)
    {
        var least = call.Number(0) is 0 ? 1 : call.Number(0);
        foreach (var html in call.Mail.Html)
        {
            var (links, isHit) = (0, false);
            foreach (var link in html.Links)
            {
                if (link.AnchorTexts is not { Count: > 0 } texts || LinkDomain(call, link.Uri) is not { } domain)
                    continue;
                links++;
                isHit |= texts.Any(text => SaidDomain(call, text) is { } said && said != domain);
            }

            if (isHit && links >= least && (call.Argument(1) is null || links < call.Number(1)))
                return 1;
        }

        return 0;
    }

    private static string? LinkDomain(RuleCall call, string uri)
    {
        if (
            !uri.StartsWith("http", StringComparison.OrdinalIgnoreCase)
            || LinkHost.Find(uri) is not { } host
            || IsAddress(host)
        )
            return null;
        var domain = call.Facts.Domains.RegisteredDomain(host);
        return call.Facts.Domains.Find(domain) is var (registered, _) && call.Facts.Domains.IsValid(registered)
            ? domain
            : null;
    }

    private static string? SaidDomain(RuleCall call, string text)
    {
        if (!text.Contains("https:", StringComparison.OrdinalIgnoreCase) || SaidHost.Find(text) is not { } host)
            return null;
        if (IsAddress(host))
            return host;
        var domain = call.Facts.Domains.RegisteredDomain(host);
        return call.Facts.Domains.IsValid(domain) ? domain : null;
    }

    private static bool IsAddress(string text) => text.Length > 0 && AddressText.Match(text, 0) == text.Length;

    // From one "http:" to the next, each looked at once.
    private static bool Redirects(RuleCall call, string uri)
    {
        var at = 0;
        while (Host(uri, at, needsSlashes: true) is var (start, end))
        {
            var next = NextLink(uri, end + 1) is >= 0 and var behind ? behind : LastLink(uri, start + 2, end);
            if (next < 0)
                return false;
            // A link inside of what looked like a host ends it.
            end = Math.Min(end, next - 1);
            at = next;
            var (innerStart, innerEnd) = Host(uri, next, needsSlashes: false)!.Value;
            if (Domain(call, uri[start..end]) != Domain(call, uri[innerStart..innerEnd]))
                return true;
        }

        return false;
    }

    private static int NextLink(string uri, int from)
    {
        for (; from < uri.Length; from++)
        {
            from = uri.IndexOf("http", from, StringComparison.OrdinalIgnoreCase);
            if (from < 0 || Host(uri, from, needsSlashes: false) is not null)
                return from;
        }

        return -1;
    }

    private static int LastLink(string uri, int from, int last)
    {
        for (var at = Math.Min(last, uri.Length - 1); at >= from; at--)
        {
            if (Host(uri, at, needsSlashes: false) is not null)
                return at;
        }

        return -1;
    }

    private static (int Start, int End)? Host(string uri, int at, bool needsSlashes)
    {
        var rest = uri.AsSpan(at);
        var scheme =
            rest.StartsWith("http:", StringComparison.OrdinalIgnoreCase) ? 5
            : rest.StartsWith("https:", StringComparison.OrdinalIgnoreCase) ? 6
            : 0;
        if (scheme == 0 || (needsSlashes && !rest[scheme..].StartsWith("//")))
            return null;
        var start = at + scheme;
        for (var i = 0; i < 2 && start < uri.Length && uri[start] == '/'; i++)
            start++;
        var length = uri.AsSpan(start).IndexOfAny('/', ':', '?');
        var end = length < 0 ? uri.Length : start + length;
        return end > start ? (start, end) : null;
    }

    private static string Domain(RuleCall call, string host) => call.Facts.Domains.Find(host)?.Domain ?? host;
}
