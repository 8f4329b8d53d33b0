using System.Security.Cryptography;
using System.Text;
using System.Text.RegularExpressions;

namespace Postreiter.Interop.Tests.Spam;

/// <summary>
/// Zones of lists for a set of mails. What is listed is drawn from everything in them that looks like an address or a name, found by
/// nothing but plain patterns, so that a name which only one of two programs asks for is as likely to be listed as any other.
/// </summary>
internal static partial class ListedNames
{
    private static readonly (string Zone, string[] Values)[] OfAddresses =
    [
        ("zen.spamhaus.org", ["A 127.0.0.2", "A 127.0.0.3", "A 127.0.0.4", "A 127.0.0.10", "A 127.0.0.11"]),
        (
            "bl.spamcop.net",
            ["TXT \"Blocked - see https://www.spamcop.net/bl.shtml?x\"", "TXT \"listed by\" \" SpamCop\""]
        ),
        ("list.dnswl.org", ["A 127.0.5.0", "A 127.0.6.1", "A 127.0.7.2", "A 127.0.10.3"]),
        ("bl.mailspike.net", ["A 127.0.0.2", "A 127.0.0.10", "A 127.0.0.11", "A 127.0.0.12", "A 127.0.0.13"]),
        ("wl.mailspike.net", ["A 127.0.0.17", "A 127.0.0.18", "A 127.0.0.19", "A 127.0.0.20"]),
        ("iadb.isipp.com", ["A 127.0.1.255", "A 127.2.0.1", "A 10.0.0.1"]),
        ("sa-trusted.bondedsender.org", ["TXT \"yes\""]),
        ("sa-accredit.habeas.com", ["TXT \"(see http://habeas.example/x) or https://h.example/\""]),
        ("bl.score.senderscore.com", ["A 127.0.4.0"]),
        ("ip.test", ["A 127.0.0.2", "A 127.0.0.4", "A 127.1.2.3", "A 192.0.2.1", "TXT \"reason\""]),
        ("host.test", ["A 127.0.0.2", "A 127.0.0.12"]),
        ("dbl.spamhaus.org", ["A 127.0.1.2"]),
        ("multi.uribl.com", ["A 127.0.0.2", "A 127.0.0.4"]),
        ("multi.surbl.org", ["A 127.0.0.8", "A 127.0.0.80"]),
    ];

    private static readonly (string Zone, string[] Values)[] OfNames =
    [
        (
            "dbl.spamhaus.org",
            [
                "A 127.0.1.2",
                "A 127.0.1.4",
                "A 127.0.1.5",
                "A 127.0.1.6",
                "A 127.0.1.102",
                "A 127.0.1.103",
                "A 127.0.1.104",
            ]
        ),
        ("multi.uribl.com", ["A 127.0.0.2", "A 127.0.0.4", "A 127.0.0.8", "A 127.0.0.14"]),
        ("multi.surbl.org", ["A 127.0.0.8", "A 127.0.0.16", "A 127.0.0.64", "A 127.0.0.208"]),
        ("fresh.fmb.la", ["A 127.2.0.2", "A 127.2.0.14", "A 127.2.0.28"]),
        ("host.test", ["A 127.0.0.2", "A 127.0.0.4", "A 127.0.1.3", "A 10.1.1.1", "TXT \"v=spf1 +all\"", "TXT \"2\""]),
        ("", ["A 192.0.2.7", "A 198.51.100.9", "A 203.0.113.200", "A 10.0.0.8", "TXT \"v=spf1 +all\""]),
    ];

    /// <summary>Domains with a zone of their own: only so a server answers with their name servers.</summary>
    private static readonly string[] Own =
    [
        "yahoo.com",
        "sourceforge.net",
        "insurancemail.net",
        "linux.ie",
        "cnet.com",
    ];

    /// <summary>The zones, each with the lines of its file.</summary>
    public static IReadOnlyDictionary<string, string> Zones(IEnumerable<string> mails)
    {
        var addresses = new HashSet<string>(
            ["192.0.2.7", "198.51.100.9", "203.0.113.200", "192.0.2.53"],
            StringComparer.Ordinal
        );
        var names = new HashSet<string>(Own, StringComparer.Ordinal) { "dns.test", "ns1.dns.test" };
        var mailboxes = new HashSet<string>(StringComparer.Ordinal);
        foreach (var mail in mails)
        {
            var text = Encoding.Latin1.GetString(File.ReadAllBytes(mail)).ToLowerInvariant();
            addresses.UnionWith(Addresses().Matches(text).Select(static match => match.Value));
            foreach (var name in Names().Matches(text).Select(static match => match.Value))
            {
                for (var at = 0; at >= 0 && name.IndexOf('.', at) > 0; at = name.IndexOf('.', at) + 1)
                    names.Add(name[at..]);
            }
            mailboxes.UnionWith(Mailboxes().Matches(text).Select(static match => match.Value));
        }
        var root = new StringBuilder();
        foreach (var (zone, values) in OfAddresses)
        {
            foreach (var address in addresses)
                List(root, string.Join('.', address.Split('.').Reverse()), zone, values);
        }
        foreach (var (zone, values) in OfNames)
        {
            foreach (var name in names.Where(static name => name.Length < 180))
                List(root, name, zone, values);
        }
        foreach (var mailbox in mailboxes)
            List(root, Convert.ToHexStringLower(Sha1(mailbox)), "hash.test", ["A 127.0.0.2", "A 127.0.0.3"]);
        root.Append("@ NS ns\nns A 127.0.0.1\n*.word.test. A 127.0.0.2\nns1.dns.test. A 192.0.2.53\n");
        root.Append(
            "dns.test.host.test. A 127.0.0.2\nns1.dns.test.host.test. A 127.0.0.4\n53.2.0.192.ip.test. A 127.0.0.2\n"
        );
        var zones = new Dictionary<string, string>(StringComparer.Ordinal) { ["."] = root.ToString() };
        foreach (var domain in Own)
            zones[domain] = "@ NS ns1.dns.test.\n@ A 192.0.2.7\n* A 198.51.100.9\n";
        return zones;
    }

    // Two of five names are on a list, some with two records.
    private static void List(StringBuilder root, string name, string zone, string[] values)
    {
        var lot = SHA256.HashData(Encoding.ASCII.GetBytes(zone + "/" + name));
        if (lot[0] % 5 >= 2)
            return;
        var owner = zone.Length == 0 ? name : $"{name}.{zone}";
        root.Append(owner).Append(". ").Append(values[lot[1] % values.Length]).Append('\n');
        if (lot[2] % 4 == 0 && lot[1] % values.Length != lot[3] % values.Length)
            root.Append(owner).Append(". ").Append(values[lot[3] % values.Length]).Append('\n');
    }

    private static byte[] Sha1(string text)
    {
        // It is what such lists are made of.
#pragma warning disable CA5350
        return SHA1.HashData(Encoding.Latin1.GetBytes(text));
#pragma warning restore CA5350
    }

    [GeneratedRegex(@"(?<![\d.])\d{1,3}(\.\d{1,3}){3}(?![\d.])", RegexOptions.ExplicitCapture, 10_000)]
    private static partial Regex Addresses();

    [GeneratedRegex(
        @"(?<![a-z0-9_.-])([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,12}(?![a-z0-9_-])",
        RegexOptions.ExplicitCapture,
        10_000
    )]
    private static partial Regex Names();

    [GeneratedRegex(@"[a-z0-9][a-z0-9._-]{0,40}@[a-z0-9.-]{1,60}\.[a-z]{2,6}", RegexOptions.ExplicitCapture, 10_000)]
    private static partial Regex Mailboxes();
}
