using System.Net;
using System.Text.RegularExpressions;
using Postreiter.Core;
using Postreiter.Delivery.Authentication;
using Postreiter.Delivery.Gate;
using Postreiter.Delivery.Gate.Checks;
using Postreiter.Delivery.Gate.Greylisting;
using Postreiter.Delivery.Tests.Inbound;
using Postreiter.Smtp.Server;
using Postreiter.Testing;

namespace Postreiter.Delivery.Tests.Gate;

/// <summary>Clients that must be let through: the lists of postgrey and SQLgrey, read from where a site has them.</summary>
public sealed class GreylistAllowTests
{
    private static string Folder => TestData.Folder("greylist");

    [Theory]
    [InlineData("mail.example.org", "192.0.2.1", "mail.example.org", "mail.example.org")]
    [InlineData("example.org", "192.0.2.1", "mail.example.org", "example.org")]
    [InlineData("example.org", "192.0.2.1", "badexample.org", null)]
    [InlineData("*.example.org", "192.0.2.1", "mail.example.org", "example.org")]
    [InlineData("192.0.2", "192.0.2.77", null, "192.0.2")]
    [InlineData("192.0.2.", "192.0.2.77", null, "192.0.2.")]
    [InlineData("192.0", "::ffff:192.0.99.1", null, "192.0")]
    [InlineData("192.0.2.7", "192.0.2.8", null, null)]
    [InlineData("192.0.2.0/25", "192.0.2.127", null, "192.0.2.0/25")]
    [InlineData("192.0.2.0/25", "192.0.2.128", null, null)]
    [InlineData("2001:db8::/32", "2001:db8:9::1", null, "2001:db8::/32")]
    [InlineData("/^mx\\d+\\.example$/", "192.0.2.1", "MX17.example", "/^mx\\d+\\.example$/")]
    [InlineData("/(a)\\1/", "192.0.2.1", "aa.example", "/(a)\\1/")]
    [InlineData("example.org # a comment", "192.0.2.1", "example.org", "example.org")]
    public void An_entry_holds(string entry, string address, string? name, string? found) =>
        Assert.Equal(
            found,
            new GreylistAllow([entry]).Find(IPAddress.Parse(address), name is null ? null : DomainName.Parse(name))
        );

    [Theory, InlineData("/(/"), InlineData("192.0.2.1.5"), InlineData("a b"), InlineData("300.1")]
    public void What_cannot_be_read_is_told(string entry) => Assert.Equal([entry], new GreylistAllow([entry]).Mistakes);

    public static TheoryData<string> Files =>
        new("postgrey_whitelist_clients", "sqlgrey_clients_fqdn_whitelist", "sqlgrey_clients_ip_whitelist");

    [Theory, MemberData(nameof(Files))]
    public async Task Clients_of_the_lists_are_never_delayed(string file)
    {
        Assert.SkipWhen(!Directory.Exists(Folder), "the lists of testdata/greylist are not here");
        var lines = await File.ReadAllLinesAsync(Path.Combine(Folder, file), TestContext.Current.CancellationToken);
        var allow = new GreylistAllow(lines);
        Assert.Empty(allow.Mistakes);
        await using var site = await InboundSite.CreateAsync(checks: new SenderCheckOptions());
        site.Guard(
            new GateOptions
            {
                GreylistAllow = allow,
                ConnectionsPerMinute = 0,
                OnNoDomain = FailurePolicy.Mark,
            },
            new GreylistOptions { Mode = GreylistMode.On }
        );
        var seen = 0;
        foreach (var line in lines)
        {
            var entry = line.Split('#')[0].Trim();
            if (entry.Length == 0)
                continue;
            var (address, name) = Member(entry, seen++);
            if (name is not null)
                site.Dns.Ptr(address, name).Address(name, address);
            await site.PlayAsync(
                ListenerRole.Mx,
                "S: 220 *\nC: EHLO x.example\nS... 250 HELP\nC: MAIL FROM:<s@far.example>\nS: 250 *\nC: RCPT TO:<ann@our.example>\nS: 250 2.1.5 *",
                remote: address
            );
        }

        Assert.True(seen > 30, $"{seen} entries");
        // And others are.
        await site.PlayAsync(
            ListenerRole.Mx,
            "S: 220 *\nC: EHLO x.example\nS... 250 HELP\nC: MAIL FROM:<s@far.example>\nS: 250 *\nC: RCPT TO:<ann@our.example>\nS: 451-4.7.1 *",
            remote: "198.18.7.7"
        );
    }

    /// <summary>Names in a network rented by people or of a server: ours agree with SQLgrey's expressions.</summary>
    [Theory]
    [InlineData("dsl-7.prov.example", true)]
    [InlineData("host-7.dyn.prov.example", true)]
    [InlineData("ppp17.prov.example", true)]
    [InlineData("cust-9.prov.example", true)]
    [InlineData("pool-3.prov.example", true)]
    [InlineData("modemcable-4.prov.example", true)]
    [InlineData("mail3.prov.example", false)]
    [InlineData("mx-out.prov.example", false)]
    [InlineData("smtp7.pool.prov.example", false)]
    [InlineData("relay.dyn.prov.example", false)]
    [InlineData("zeus.prov.example", false)]
    public async Task Names_are_judged_as_SQLgrey_judges_them(string name, bool isLine)
    {
        Assert.SkipWhen(!Directory.Exists(Folder), "the lists of testdata/greylist are not here");
        async Task<bool> MatchesAsync(string file)
        {
            var text = await File.ReadAllTextAsync(Path.Combine(Folder, file), TestContext.Current.CancellationToken);
            var expression = text.Trim().Replace("[:alnum:]", "a-z0-9", StringComparison.Ordinal);
            return Regex.IsMatch(name, expression, RegexOptions.IgnoreCase, TimeSpan.FromSeconds(5));
        }

        var theirs = await MatchesAsync("sqlgrey_dyn_fqdn.regexp") && !await MatchesAsync("sqlgrey_smtp_server.regexp");
        Assert.Equal(isLine, theirs);
        if (name.StartsWith("modemcable", StringComparison.Ordinal))
            return;
        Assert.Equal(isLine, GenericName.Check(DomainName.Parse(name), IPAddress.Parse("203.0.113.5")).IsAgainst);
    }

    /// <summary>A client that an entry means.</summary>
    private static (string Address, string? Name) Member(string entry, int number)
    {
        var address = $"198.51.{number >> 8}.{number & 255}";
        if (entry is ['/', .., '/'])
            return (address, Sample(entry[1..^1]));
        if (entry.Contains('/', StringComparison.Ordinal))
            return (IPNetwork.Parse(entry).BaseAddress.ToString(), null);
        if (entry.All(c => char.IsAsciiDigit(c) || c == '.'))
            return (string.Join('.', entry.TrimEnd('.').Split('.').Concat(Enumerable.Repeat("9", 4)).Take(4)), null);
        return (address, entry.Replace("*.", "host.", StringComparison.Ordinal));
    }

    /// <summary>A name that an expression of these lists matches.</summary>
    private static string Sample(string expression)
    {
        var name = expression.TrimStart('^').TrimEnd('$').Replace("\\.", "\u0001", StringComparison.Ordinal);
        name = name.Replace("(?:", "(", StringComparison.Ordinal);
        name = Replace(name, @"\\w[+*?]?", "w");
        name = Replace(name, @"\((?<first>[^)|]*)(\|[^)]*)?\)\??", "${first}");
        name = Replace(name, @"\[(?<first>[^\]])[^\]]*\][+*?]?", "${first}");
        name = Replace(name, @"\\d[+*?]?(\{\d\})?", "7");
        name = Replace(name, @"\.[*+]", "x");
        name = name.Replace("?", "", StringComparison.Ordinal);
        name = name.Replace('.', 'x').Replace('\u0001', '.').Trim('.');
        Assert.Matches(new Regex(expression, RegexOptions.ExplicitCapture, TimeSpan.FromSeconds(5)), name);
        return name;
    }

    private static string Replace(string text, string expression, string by) =>
        Regex.Replace(text, expression, by, RegexOptions.ExplicitCapture, TimeSpan.FromSeconds(5));
}
