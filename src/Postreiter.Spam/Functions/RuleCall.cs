using Postreiter.Spam.Configuration;
using Postreiter.Spam.Mail;
using Postreiter.Spam.Patterns;

namespace Postreiter.Spam.Functions;

/// <summary>One call of a rule function: what the rule says, and the mail it is asked about.</summary>
/// <param name="rule">The rule that calls.</param>
/// <param name="facts">What is known of the mail.</param>
public readonly struct RuleCall(Rule rule, MailFacts facts)
{
    /// <summary>The rule that calls.</summary>
    public Rule Rule => rule;

    /// <summary>The arguments, without their quotes.</summary>
    public IReadOnlyList<string> Arguments => rule.Arguments;

    /// <summary>What is known of the mail, shared by all functions.</summary>
    public MailFacts Facts => facts;

    /// <summary>The mail.</summary>
    public SpamMail Mail => facts.Mail;

    /// <summary>Settings and lists in force.</summary>
    public Settings Settings => facts.Settings;

    /// <summary>An argument; null when the rule gives fewer.</summary>
    /// <param name="index">From 0.</param>
    public string? Argument(int index) => index < rule.Arguments.Count ? rule.Arguments[index] : null;

    /// <summary>A pattern among the arguments, read once for all mails; null when the rule gives fewer, or it is wrong (which lint says).</summary>
    /// <param name="index">From 0.</param>
    public OctetPattern? Pattern(int index) => RulePatterns.Of(rule, index);

    /// <summary>Whether a pattern of the rule matches a text. All calls together have the steps that one rule may take; then none matches.</summary>
    /// <param name="pattern">The pattern.</param>
    /// <param name="text">Octets.</param>
    public bool IsMatch(OctetPattern pattern, ReadOnlySpan<char> text)
    {
        ArgumentNullException.ThrowIfNull(pattern);
        return facts.PatternSteps > 0 && pattern.IsMatch(text, ref facts.PatternSteps);
    }

    /// <summary>Makes another rule hit too, e.g. one that is only declared.</summary>
    public void HitToo(string name) => facts.HitToo(name);

    /// <summary>Adds a text to the rule's description in the report of this mail.</summary>
    public void Describe(string text) => facts.Describe(rule, text);
}
