using Postreiter.Spam.Configuration;
using static Postreiter.Spam.Functions.CallArguments;

namespace Postreiter.Spam.Functions;

/// <summary>Functions of SpamAssassin's WelcomeListSubject: subjects that are wanted or not.</summary>
internal static class SubjectLists
{
    /// <summary>A phrase of `welcomelist_subject` is in the subject.</summary>
    [RuleFunction("check_subject_in_welcomelist")]
    [RuleFunction("check_subject_in_whitelist")]
    internal static int IsWelcome(RuleCall call) => Hits(Has(call, "welcomelist_subject"));

    /// <summary>A phrase of `blocklist_subject` is in the subject.</summary>
    [RuleFunction("check_subject_in_blocklist")]
    [RuleFunction("check_subject_in_blacklist")]
    internal static int IsBlocked(RuleCall call) => Hits(Has(call, "blocklist_subject"));

    private static bool Has(RuleCall call, string name)
    {
        var phrases = call.Settings.Addresses(name);
        if (phrases.Count == 0)
            return false;
        var lines = call.Mail.Joined("Subject").Split('\n');
        return phrases.Entries.Any(phrase => Array.Exists(lines, line => Glob.Matches($"*{phrase.Pattern}*", line)));
    }
}
