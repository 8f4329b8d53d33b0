namespace Postreiter.Imap.Syntax;

/// <summary>A <c>sequence-set</c> (RFC 9051 §9): ranges as written, 0 standing for <c>*</c>; or <c>$</c>.</summary>
/// <param name="Ranges">At most 10,000 (L23); empty for <c>$</c>.</param>
/// <param name="IsSavedResult">It is <c>$</c>, the saved SEARCH result (RFC 9051 §6.4.4.1).</param>
internal sealed record SequenceSet(IReadOnlyList<(uint First, uint Last)> Ranges, bool IsSavedResult)
{
    /// <summary>Most ranges in a set (L23).</summary>
    public const int MaxRanges = 10_000;

    /// <summary>Stands for <c>*</c> in a range.</summary>
    public const uint Star = 0;
}
