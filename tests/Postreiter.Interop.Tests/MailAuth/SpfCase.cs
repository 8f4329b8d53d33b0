using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using Postreiter.Testing;

namespace Postreiter.Interop.Tests.MailAuth;

/// <summary>A zone and a question, drawn from a seed: much of it good, some of it broken, all of it near what SPF allows.</summary>
/// <param name="Client">Address of the client.</param>
/// <param name="MailFrom">The sender; may be empty.</param>
/// <param name="Helo">The HELO name.</param>
/// <param name="Zone">Records: name, type (A, AAAA, MX, PTR, TXT, or FAIL for no answer), value.</param>
[SuppressMessage("Security", "CA5394", Justification = "The same cases every time are the point.")]
internal sealed record SpfCase(string Client, string MailFrom, string Helo, IReadOnlyList<string[]> Zone)
{
    private const int Domains = 7;

    private static readonly string[] Qualifiers = ["", "", "", "+", "-", "~", "?"];
    private static readonly string[] Clients = ["192.0.2.3", "198.51.100.200", "2001:db8::1:3", "2001:db8:ffff::42"];
    private static readonly string[] Senders =
    [
        "ann@d0.example",
        "a.b-c+d@d0.example",
        "",
        "@d0.example",
        "x@sub.d1.example",
        "d0.example",
    ];

    private static readonly string[] Broken =
    [
        "ip4:192.0.2",
        "ip4:192.0.2.3/33",
        "ip4:192.0.2.256",
        "ip6:2001:db8:::1",
        "ip6:2001:db8::/129",
        "a:",
        "a:/24",
        "mx:d1.example/",
        "include:",
        "all:",
        "all.",
        "exists",
        "nonsense",
        "a:%{x}.d1.example",
        "a:%{d0}.example",
        "a:%(d).example",
        "redirect=",
        "ptr:",
        "+-all",
        "a:d1.example//",
        "a/024",
        "exp=",
        "=x",
        "1x=y",
        "x=%",
        "ip4=192.0.2.3",
        "include:d1.example/24",
        "ip4:192.0.2.3//32",
        "a:d1.example:80",
        "ip6:192.0.2.3",
    ];

    /// <summary>The case of a number; the same number gives the same case.</summary>
    public static SpfCase Draw(int number)
    {
        var random = new Random(20_261_125 + number);
        var client = Pick(random, Clients);
        var zone = new List<string[]>();
        for (var i = 0; i < Domains; i++)
            AddDomain(random, zone, i, client);
        foreach (
            var (name, address) in new[]
            {
                ("3.2.0.192.in-addr._spf.d1.example", "127.0.0.2"),
                ("ann.d2.example", "127.0.0.2"),
                ("d0.d3.example", "127.0.0.2"),
                ("192.0.2.3.d4.example", "127.0.0.2"),
            }
        )
            zone.Add([name, "A", address]);
        for (var i = random.Next(0, 13); i > 0; i--)
            zone.Add([
                client,
                "PTR",
                random.Next(3) == 0 ? $"no{i}.d1.example" : $"h{random.Next(4)}.d{random.Next(Domains)}.example",
            ]);
        return new SpfCase(client, Pick(random, Senders), random.Next(5) == 0 ? "d2.example" : "mail.d0.example", zone);
    }

    /// <summary>The zone as a table.</summary>
    public FakeDns Dns()
    {
        var dns = new FakeDns();
        foreach (var record in Zone)
        {
            _ = record switch
            {
                [var name, "TXT", var text] => dns.Txt(name, text),
                [var name, "A" or "AAAA", var address] => dns.Address(name, address),
                [var name, "MX", var host] => dns.Mx(name, 10, host),
                [var address, "PTR", var name] => dns.Ptr(address, name),
                [var name, _, _] => dns.Fail(name),
                _ => throw new InvalidOperationException("a record has three parts"),
            };
        }

        return dns;
    }

    private static void AddDomain(Random random, List<string[]> zone, int number, string client)
    {
        var name = string.Create(CultureInfo.InvariantCulture, $"d{number}.example");
        if (random.Next(12) > 0)
            zone.Add([name, "TXT", Record(random, number, client)]);
        if (random.Next(25) == 0)
            zone.Add([name, "TXT", "v=spf1 -all"]);
        if (random.Next(4) == 0)
            zone.Add([name, "TXT", "some other text"]);
        if (random.Next(2) == 0)
            zone.Add(["exp." + name, "TXT", Explanation(random)]);
        if (random.Next(30) == 0)
            zone.Add([name, "FAIL", ""]);
        if (random.Next(3) > 0)
            zone.Add([name, client.Contains(':') ? "AAAA" : "A", Near(random, client)]);
        for (var i = 0; i < 4; i++)
        {
            if (random.Next(3) > 0)
                zone.Add([$"h{i}.{name}", client.Contains(':') ? "AAAA" : "A", Near(random, client)]);
        }

        for (var i = random.Next(4) == 0 ? random.Next(9, 12) : random.Next(3); i > 0; i--)
            zone.Add([name, "MX", $"h{random.Next(4)}.d{random.Next(Domains)}.example"]);
        if (random.Next(2) == 0)
            zone.Add(["mail." + name, "TXT", Record(random, number, client)]);
        if (random.Next(2) == 0)
            zone.Add(["sub." + name, "TXT", Record(random, number, client)]);
    }

    private static string Record(Random random, int number, string client)
    {
        var terms = new List<string> { random.Next(20) == 0 ? "V=SPF1" : "v=spf1" };
        for (var i = random.Next(1, 6); i > 0; i--)
            terms.Add(Term(random, number, client));
        if (random.Next(3) > 0)
            terms.Add(Pick(random, Qualifiers) + "all");
        if (random.Next(5) == 0)
            terms.Insert(random.Next(1, terms.Count), $"redirect={Target(random, number)}");
        if (random.Next(3) == 0)
            terms.Insert(random.Next(1, terms.Count), $"exp=exp.{Target(random, number)}");
        if (random.Next(25) == 0)
            terms.Insert(random.Next(1, terms.Count + 1), Pick(random, Broken));
        return string.Join(random.Next(20) == 0 ? "  " : " ", terms);
    }

    private static string Term(Random random, int number, string client)
    {
        var qualifier = Pick(random, Qualifiers);
        var target = Target(random, number);
        return random.Next(16) switch
        {
            0 => qualifier
                + (
                    client.Contains(':')
                        ? $"ip6:{Near(random, client)}/{random.Next(0, 129)}"
                        : $"ip4:{Near(random, client)}/{random.Next(0, 33)}"
                ),
            1 => qualifier + $"ip4:203.0.113.{random.Next(256)}",
            2 => qualifier + $"ip6:2001:db8:{random.Next(9)}::/48",
            3 => qualifier + "a",
            4 => qualifier + $"a:{target}/{random.Next(16, 33)}//{random.Next(48, 129)}",
            5 => qualifier + "mx",
            6 => qualifier + $"mx:{target}/{random.Next(20, 33)}",
            7 or 8 or 9 => qualifier + $"include:{target}",
            10 => qualifier + $"exists:{Macro(random)}.{target}",
            11 => qualifier + "exists:%{ir}.%{v}._spf.d1.example",
            12 => qualifier + "exists:%{l1r+.-}.%{o2}",
            13 => random.Next(2) == 0 ? qualifier + "ptr" : qualifier + $"ptr:{target}",
            14 => $"x{random.Next(9)}={Macro(random)}/foo",
            _ => qualifier + $"A:h{random.Next(5)}.{target}",
        };
    }

    private static string Macro(Random random)
    {
        var letter = "slodivh"[random.Next(7)].ToString();
        if (random.Next(4) == 0)
            letter = letter.ToUpperInvariant();
        var keep = random.Next(2) == 0 ? "" : random.Next(1, 4).ToString(CultureInfo.InvariantCulture);
        return "%{"
            + letter
            + keep
            + (random.Next(2) == 0 ? "r" : "")
            + Pick(random, ["", "", ".", "-", "+-", "_/"])
            + "}"
            + Pick(random, ["", "", "%%", "%-", "%_"]);
    }

    private static string Explanation(Random random) =>
        string.Join(
            ' ',
            Enumerable
                .Range(0, random.Next(1, 5))
                .Select(_ =>
                    Pick(
                        random,
                        [
                            "no",
                            "%{i}",
                            "%{c}",
                            "%{r}",
                            "%{s}",
                            "%{S}",
                            "%{d2r}",
                            "%{h}",
                            "%%",
                            "%_x",
                            "%{o}",
                            "%{L}",
                            "%{v}",
                            "50%",
                        ]
                    )
                )
        );

    // Mostly downwards, so that there is an end; loops are cases too.
    private static string Target(Random random, int number) =>
        string.Create(
            CultureInfo.InvariantCulture,
            $"d{(random.Next(8) == 0 ? random.Next(Domains) : Math.Min(Domains, number + random.Next(1, 3)))}.example"
        );

    private static string Near(Random random, string client) =>
        random.Next(3) == 0
            ? client
            : client[..(client.LastIndexOfAny(['.', ':']) + 1)]
                + random.Next(1, 255).ToString(CultureInfo.InvariantCulture);

    private static string Pick(Random random, string[] from) => from[random.Next(from.Length)];
}
