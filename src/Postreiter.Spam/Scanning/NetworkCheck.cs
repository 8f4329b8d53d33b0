using Postreiter.Spam.Configuration;
using Postreiter.Spam.Functions;
using Postreiter.Spam.Patterns;

namespace Postreiter.Spam.Scanning;

/// <summary>What of the rules that ask the DNS is not in force as written.</summary>
internal static class NetworkCheck
{
    private static readonly string[] Lists =
    [
        "check_rbl",
        "check_rbl_txt",
        "check_rbl_accreditor",
        "check_rbl_from_host",
        "check_rbl_from_domain",
        "check_rbl_envfrom",
        "check_rbl_headers",
        "check_rbl_rcvd",
        "check_rbl_ns_from",
    ];

    /// <summary>Wrong arguments, lists that nobody asks, and what this engine does otherwise.</summary>
    public static IEnumerable<ConfigurationWarning> Warnings(Ruleset ruleset)
    {
        var sets = ruleset
            .Rules.Where(static rule => Lists.Contains(rule.Function) && rule.Arguments.Count > 1)
            .Select(static rule => rule.Arguments[0])
            .ToHashSet(StringComparer.Ordinal);
        foreach (var rule in ruleset.Rules)
        {
            foreach (var (message, isError) in Faults(rule, ruleset, sets))
                yield return new ConfigurationWarning(rule.File, rule.Line, $"{rule.Name}: {message}", isError);
        }
    }

    private static IEnumerable<(string Message, bool IsError)> Faults(Rule rule, Ruleset ruleset, HashSet<string> sets)
    {
        if (Lists.Contains(rule.Function))
        {
            if (rule.Arguments.Count < 2)
                yield return ($"{rule.Function} takes a set, a zone and a test; the rule never hits", true);
            else if (rule.Arguments.Count > 2 && TestFault(rule.Arguments[2]) is { } fault)
                yield return (fault, true);
            yield break;
        }
        switch (rule.Function)
        {
            case "check_rbl_sub" when rule.Arguments.Count < 2:
                yield return ("check_rbl_sub takes a set and a test; the rule never hits", true);
                break;
            case "check_rbl_sub" when TestFault(rule.Arguments[1]) is { } fault:
                yield return (fault, true);
                break;
            case "check_rbl_sub" when !sets.Contains(rule.Arguments[0]):
                yield return ($"no check_rbl asks for the set {rule.Arguments[0]}; the rule never hits", false);
                break;
            case "check_uridnsbl" when !ruleset.Settings.UriBlocklists.ContainsKey(rule.Name):
                yield return ("no line (urirhssub or the like) says which list is asked; the rule never hits", true);
                break;
            case "check_dns_sender":
                yield return (
                    "check_dns_sender never hits, as in SpamAssassin 4.0.1, which takes a failure for one only with records",
                    false
                );
                break;
            case "check_hashbl_emails" or "check_hashbl_bodyre" or "check_hashbl_tag":
                foreach (var message in HashFaults(rule, test: 3))
                    yield return (message, true);
                break;
            case "check_hashbl_uris" or "check_hashbl_attachments":
                foreach (var message in HashFaults(rule, test: 2))
                    yield return (message, true);
                break;
        }
    }

    private static IEnumerable<string> HashFaults(Rule rule, int test)
    {
        var arguments = rule.Arguments;
        if (arguments.Count == 0)
            yield return $"{rule.Function} takes a list; the rule never hits";
        if (arguments.Count > test && PatternFault(arguments[test]) is { } fault)
            yield return fault;
        if (rule.Function == "check_hashbl_bodyre" && arguments.Count > 2)
        {
            if (PatternFault(arguments[2]) is { } wrong)
                yield return wrong;
        }
        else if (rule.Function is "check_hashbl_bodyre" or "check_hashbl_tag" && arguments.Count < 3)
        {
            yield return $"{rule.Function} takes a list, options and what to look for; the rule never hits";
        }
    }

    private static string? PatternFault(string text) =>
        text.Length == 0 || OctetPattern.TryParse(text, "", out _, out var error)
            ? null
            : $"{error}; the rule never hits";

    private static string? TestFault(string text) =>
        DnsTest.TryParse(text, out _, out var error) ? null : $"{error}; the rule never hits";
}
