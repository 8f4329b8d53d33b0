using System.Runtime.CompilerServices;
using Postreiter.Spam.Configuration;
using Postreiter.Spam.Mail;
using Postreiter.Spam.Patterns;

namespace Postreiter.Spam.Functions;

/// <summary>A list of HashBL that a rule asks: `bl.example`, `bl.example/TXT`.</summary>
internal sealed class HashList
{
    private static readonly ConditionalWeakTable<Settings, HashSet<string>> Ignored = [];
    private readonly RuleCall _call;
    private readonly string _zone;
    private readonly string _type;
    private readonly OctetPattern? _test;

    private HashList(RuleCall call, HashOptions options, string list, OctetPattern? test)
    {
        (_call, Options, _test) = (call, options, test);
        var isText = list.EndsWith("/TXT", StringComparison.OrdinalIgnoreCase);
        _type = isText ? "TXT" : "A";
        _zone = (
            isText ? list[..^4]
            : list.EndsWith("/A", StringComparison.OrdinalIgnoreCase) ? list[..^2]
            : list
        ).Trim('.');
    }

    /// <summary>The options of the rule.</summary>
    public HashOptions Options { get; }

    /// <summary>What a rule says: the list is its first argument, the options its second.</summary>
    /// <param name="call">The call.</param>
    /// <param name="standard">The function's own options.</param>
    /// <param name="test">The argument with the pattern for the answer.</param>
    /// <returns>Null when nothing is asked for this mail, or the arguments are wrong (which lint says).</returns>
    public static HashList? Of(RuleCall call, string standard, int test)
    {
        if (call.Facts.Lookups is null || call.Argument(0) is not { Length: > 0 } list)
            return null;
        if (call.Argument(test) is not { Length: > 0 })
            return new HashList(call, new HashOptions(call.Argument(1), standard), list, test: null);
        return call.Pattern(test) is { } pattern
            ? new HashList(call, new HashOptions(call.Argument(1), standard), list, pattern)
            : null;
    }

    /// <summary>Asks for values, each once, as many as the options allow.</summary>
    /// <param name="values">As they are hashed.</param>
    /// <param name="areHashes">Whether they are names already.</param>
    public int Ask(IEnumerable<string> values, bool areHashes = false)
    {
        var ignored = IgnoredBy(_call.Settings);
        foreach (var value in values.Distinct(StringComparer.Ordinal).Take(Options.Most))
        {
            if (!areHashes && ignored.Contains(Octets.Lower(value)))
                continue;
            var hash = areHashes ? value : Options.Hash(value);
            if (!ignored.Contains(Octets.Lower(hash)))
                Ask(value, hash);
        }
        return 0;
    }

    /// <summary>Whether `hashbl_ignore` has it.</summary>
    public static bool Ignores(Settings settings, string value) => IgnoredBy(settings).Contains(Octets.Lower(value));

    private static HashSet<string> IgnoredBy(Settings settings) =>
        Ignored.GetValue(
            settings,
            static one => one.Words("hashbl_ignore").Select(Octets.Lower).ToHashSet(StringComparer.Ordinal)
        );

    private void Ask(string value, string hash)
    {
        var (facts, rule) = (_call.Facts, _call.Rule);
        facts.Lookups?.Ask(
            _type,
            $"{hash}.{_zone}",
            reply =>
            {
                if (reply.Records.Any(Fits))
                    facts.Hit(rule, value.Replace("@", "[at]", StringComparison.Ordinal));
            }
        );
    }

    private bool Fits(string record) =>
        _test is null ? record.StartsWith("127.", StringComparison.Ordinal) : _test.IsMatch(record);
}
