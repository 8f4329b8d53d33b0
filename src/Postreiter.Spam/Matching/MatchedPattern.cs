using Postreiter.Spam.Patterns;

namespace Postreiter.Spam.Matching;

/// <summary>A pattern rule as the matcher needs it.</summary>
/// <param name="Rule">Its number in the engine.</param>
/// <param name="Pattern">Its pattern.</param>
/// <param name="IsMultiple">Whether every match counts.</param>
/// <param name="MaxHits">Where counting stops; 0 = nowhere.</param>
/// <param name="SkipsFirst">Whether the first line, the subject, is left out.</param>
internal sealed record MatchedPattern(int Rule, OctetPattern Pattern, bool IsMultiple, int MaxHits, bool SkipsFirst);

/// <summary>Told of matches and of matches that were given up.</summary>
internal interface IMatchSink
{
    /// <summary>A rule matched.</summary>
    /// <param name="rule">Its number.</param>
    /// <param name="count">How often.</param>
    void Hit(int rule, int count);

    /// <summary>A rule needed more steps than it may take; it counts as no match for this mail.</summary>
    void GaveUp(int rule);
}
