using System.Globalization;
using Postreiter.Spam.Mail;
using Postreiter.Spam.Patterns;
using Postreiter.Spam.Results;

namespace Postreiter.Spam.Configuration;

/// <summary>What an `askdns` rule asks, and what must be answered. At most one of the tests is set; without one any record does.</summary>
internal sealed record AskDnsQuery
{
    private static readonly Dictionary<string, int> Codes = new(StringComparer.Ordinal)
    {
        ["NOERROR"] = 0,
        ["FORMERR"] = 1,
        ["SERVFAIL"] = 2,
        ["NXDOMAIN"] = 3,
        ["NOTIMP"] = 4,
        ["REFUSED"] = 5,
        ["YXDOMAIN"] = 6,
        ["YXRRSET"] = 7,
        ["NXRRSET"] = 8,
        ["NOTAUTH"] = 9,
        ["NOTZONE"] = 10,
    };

    /// <summary>Types that this engine asks for.</summary>
    private static readonly string[] Known = ["A", "AAAA", "MX", "TXT", "NS", "SOA", "CNAME", "PTR", "SRV", "TLSA"];

    /// <summary>The name, with tags as `_SENDERDOMAIN_`.</summary>
    public required string Name { get; init; }

    /// <summary>The tags in the name, without their underscores, each once.</summary>
    public required IReadOnlyList<string> Tags { get; init; }

    /// <summary>Types of records, in capitals. `ANY` is asked for as the common ones (RFC 8482 §4.1: servers answer it with nearly nothing).</summary>
    public required IReadOnlyList<string> Types { get; init; }

    /// <summary>A pattern for the record.</summary>
    public OctetPattern? Pattern { get; init; }

    /// <summary>The record itself.</summary>
    public string? Text { get; init; }

    /// <summary>Numbers for an address.</summary>
    public NumberTest? Number { get; init; }

    /// <summary>Response codes; then records do not matter.</summary>
    public IReadOnlyList<int>? ResponseCodes { get; init; }

    /// <summary>Reads `NAME [TYPE[,TYPE…] [TEST]]`.</summary>
    /// <param name="value">What stands behind the rule's name.</param>
    /// <param name="fault">What is wrong, for people.</param>
    public static AskDnsQuery? Read(string value, out string fault)
    {
        fault = "";
        var (name, rest) = Perl.SplitOnce(value);
        var (types, test) = Perl.SplitOnce(rest);
        string[] asked = types.Length == 0 ? ["A"] : Glob.ToUpper(types).Split(',');
        if (asked.Contains("ANY"))
            asked = ["A", "AAAA", "MX", "TXT", "NS"];
        if (Array.Find(asked, static type => !Known.Contains(type)) is { } other)
        {
            fault = $"records of type {other} are not asked for here: {string.Join(", ", Known)}";
            return null;
        }
        var query = new AskDnsQuery
        {
            Name = name.TrimEnd('.'),
            Tags = TagTemplate.Names(name),
            Types = [.. asked.Distinct()],
        };
        return test.Length == 0 ? query : WithTest(query, test, out fault);
    }

    private static AskDnsQuery? WithTest(AskDnsQuery query, string test, out string fault)
    {
        fault = $"{test} is no test of an answer: /pattern/, \"text\", a number, n-n, n/n or [NXDOMAIN, …]";
        if (test.Length > 2 && (test[0] == '/' || (test[0] == 'm' && !Octets.IsWord(test[1]))))
        {
            if (!OctetPattern.TryParse(test, out var pattern, out var error))
            {
                fault = error;
                return null;
            }
            fault = "";
            return query with { Pattern = pattern };
        }
        if (test.Length >= 2 && test[0] is '"' or '\'' && test[^1] == test[0])
        {
            fault = "";
            return query with { Text = test[1..^1] };
        }
        if (test is ['[', .. var codes, ']'])
        {
            var numbers = new List<int>();
            foreach (var code in Glob.ToUpper(codes).Split(',', StringSplitOptions.TrimEntries))
            {
                if (
                    !Codes.TryGetValue(code, out var number)
                    && !int.TryParse(code, NumberStyles.None, CultureInfo.InvariantCulture, out number)
                )
                    return null;
                numbers.Add(number);
            }
            fault = "";
            return query with { ResponseCodes = numbers };
        }
        if (!NumberTest.TryParse(test, out var numberTest))
            return null;
        fault = "";
        return query with { Number = numberTest };
    }
}
