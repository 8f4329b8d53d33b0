namespace Postreiter.Spam.Configuration;

/// <summary>One line of a ruleset, as far as it is no rule: a setting or a list.</summary>
/// <param name="Key">The key in today's name, lower case with underscores (`whitelist_from` is `welcomelist_from`).</param>
/// <param name="Value">The rest of the line, trimmed, without comment; octets.</param>
/// <param name="File">The file it stands in.</param>
/// <param name="Line">Its line, from 1.</param>
public sealed record Directive(string Key, string Value, string File, int Line);

/// <summary>A line of a ruleset that is not in force as written, and why.</summary>
/// <param name="File">The file.</param>
/// <param name="Line">Its line, from 1.</param>
/// <param name="Message">What is wrong and what follows from it, for people.</param>
/// <param name="IsError">True when the line is wrong; false when it is right and this engine cannot do what it asks for.</param>
public sealed record ConfigurationWarning(string File, int Line, string Message, bool IsError = true)
{
    /// <summary>`FILE:LINE: message`.</summary>
    public override string ToString() => $"{File}:{Line}: {Message}";
}
