using System.Text;
using Postreiter.Spam.Configuration;
using Postreiter.Spam.Rules;

namespace Postreiter.Fuzz;

/// <summary>What spam rules make of whole mails: their URIs, and every rule function.</summary>
internal static class SpamScanTargets
{
    private const string Settings =
        "util_rb_tld com org net ru example test\nutil_rb_2tld co.uk\nredirector_pattern m'/redir\\?(.+)$'\nfreemail_domains example.org\n"
        + "parse_dkim_uris 1\nwelcomelist_from *@example.com\nblocklist_to x*\nenlist_addrlist (L) *@example.net\nenlist_uri_host (L) a.example\n";

    private static readonly Lazy<SpamEngine> Engine = new(static () =>
    {
        var reader = new RulesetReader();
        reader.ReadText(
            "plugins.pre",
            string.Concat(
                from plugin in (string[])["URIDetail", "MIMEHeader", "FreeMail", "ReplaceTags", "VBounce", "ImageInfo"]
                select $"loadplugin Mail::SpamAssassin::Plugin::{plugin}\n"
            )
        );
        reader.ReadText("settings.cf", Settings);
        var rules = new StringBuilder();
        foreach (var (name, number) in RuleFunctions.All.Keys.Order(StringComparer.Ordinal).Select((n, i) => (n, i)))
        {
            foreach (var kind in (string[])["header", "body", "rawbody", "full"])
                rules.Append($"{kind} F_{kind}_{number} eval:{name}('From','1','100')\n");
            rules.Append($"body F_{number} eval:{name}()\n");
        }

        rules.Append("uri_detail U1 raw =~ /a/ domain =~ /./\nmimeheader M1 Content-Type =~ /e/\nuri U2 /./\n");
        reader.ReadText("functions.cf", rules.ToString());
        return new SpamEngine(reader.Complete(), new SpamEngineOptions { KeepsAllSubRules = true });
    });

    /// <summary>The URIs of a text and of HTML: bounded, octets, each with its own form among the canonical ones, and the same again.</summary>
    public static void Uris(byte[] input)
    {
        foreach (var type in (string[])["text/plain", "text/html"])
        {
            byte[] mail =
            [
                .. Encoding.ASCII.GetBytes($"DKIM-Signature: d=a.example\nContent-Type: {type}; charset=utf-8\n\n"),
                .. input,
            ];
            var uris = Engine.Value.Facts(Engine.Value.Read(mail)).Uris;
            Require(uris.All.Count <= 10_000 && uris.All.Count <= input.Length + 2);
            Require(
                uris.All.All(static uri => uri.Raw.All(IsOctet) && uri.Cleaned.All(static form => form.All(IsOctet)))
            );
            // A character of a form may be four octets, and those are octets again where a host is not ASCII.
            Require(uris.Canonical.All(static form => form.Length <= 8192 * 8));
            Require(
                uris.All.SelectMany(static uri => uri.Hosts)
                    .All(static host => host.Key.EndsWith(host.Value, StringComparison.OrdinalIgnoreCase))
            );
            var again = Engine.Value.Facts(Engine.Value.Read(mail)).Uris;
            Require(again.Canonical.SequenceEqual(uris.Canonical));
        }
    }

    /// <summary>A mail under a rule for every function there is: no fault, and the same twice.</summary>
    public static void Functions(byte[] input)
    {
        var engine = Engine.Value;
        var first = engine.Scan(engine.Read(input));
        var second = engine.Scan(engine.Read(input));
        Require(!double.IsNaN(first.Points) && first.Points == second.Points);
        Require(first.Hits.Select(static hit => hit.Name).SequenceEqual(second.Hits.Select(static hit => hit.Name)));
    }

    private static bool IsOctet(char c) => c <= '\xFF';

    private static void Require(bool holds)
    {
        if (!holds)
            throw new InvalidOperationException("A promise of the spam rules does not hold for this input");
    }
}
