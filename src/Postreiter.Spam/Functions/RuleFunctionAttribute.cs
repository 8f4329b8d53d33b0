namespace Postreiter.Spam.Functions;

/// <summary>Marks a method that a rule may call by name: `header N eval:name(arguments)`, `body N eval:name(arguments)`.</summary>
/// <param name="name">The name as rulesets write it, e.g. `check_for_missing_to_header`.</param>
[AttributeUsage(AttributeTargets.Method, AllowMultiple = true)]
public sealed class RuleFunctionAttribute(string name) : Attribute
{
    /// <summary>The name as rulesets write it.</summary>
    public string Name { get; } = name;

    /// <summary>Which argument is a pattern, from 0; a rule whose pattern cannot be read is reported. -1, the default = none.</summary>
    public int PatternArgument { get; set; } = -1;

    /// <summary>Whether that pattern stands in delimiters: `/…/i`. Default false.</summary>
    public bool IsPatternDelimited { get; init; }

    /// <summary>
    /// Whether it asks the network: it returns 0, and hits when the answer comes, through <see cref="MailFacts.HitToo"/>. Metas that name
    /// its rules wait for that. Default false.
    /// </summary>
    public bool IsAwaited { get; init; }

    /// <summary>Whether it asks who sent the mail (<see cref="MailFacts.Senders"/>), which is found out only where a rule asks. Default false.</summary>
    public bool IsOfSender { get; init; }
}
