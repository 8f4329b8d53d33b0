using Postreiter.Storage.Mail;

namespace Postreiter.Imap.Syntax;

/// <summary>One <c>search-key</c> (RFC 9051 §6.4.4). Texts are folded by <see cref="SearchText"/>.</summary>
internal abstract record SearchKey;

/// <summary>ALL, and what every message passes.</summary>
internal sealed record AllKey : SearchKey;

/// <summary>A system flag is set.</summary>
internal sealed record FlagKey(SystemFlags Flag) : SearchKey;

/// <summary>KEYWORD.</summary>
internal sealed record KeywordKey(string Keyword) : SearchKey;

/// <summary>A sequence set, or one after UID.</summary>
internal sealed record SetKey(SequenceSet Set, bool ByUid) : SearchKey;

/// <summary>LARGER or SMALLER.</summary>
internal sealed record SizeKey(long Octets, bool IsLarger) : SearchKey;

/// <summary>How a date is compared.</summary>
internal enum DateRelation
{
    Before,
    On,
    Since,
}

/// <summary>BEFORE, ON, SINCE by the internal date; SENTBEFORE, SENTON, SENTSINCE by the Date field.</summary>
internal sealed record DateKey(DateOnly Date, DateRelation Relation, bool IsSent) : SearchKey;

/// <summary>Fields that the stored ENVELOPE answers.</summary>
internal enum EnvelopeField
{
    From,
    To,
    Cc,
    Bcc,
    Subject,
    MessageId,
    InReplyTo,
}

/// <summary>
/// FROM, TO, CC, BCC, SUBJECT; and HEADER for fields that may stand once only (RFC 5322 §3.6) and are in the ENVELOPE.
/// </summary>
internal sealed record EnvelopeKey(EnvelopeField Field, string Text) : SearchKey;

/// <summary>HEADER for any other field.</summary>
internal sealed record HeaderKey(string Name, string Text) : SearchKey;

/// <summary>TEXT, or BODY without header fields.</summary>
internal sealed record TextKey(string Text, bool WithHeaders) : SearchKey;

/// <summary>NOT.</summary>
internal sealed record NotKey(SearchKey Key) : SearchKey;

/// <summary>OR.</summary>
internal sealed record OrKey(SearchKey First, SearchKey Second) : SearchKey;

/// <summary>Several keys, all of which must pass.</summary>
internal sealed record AndKey(IReadOnlyList<SearchKey> Keys) : SearchKey;

/// <summary>What RETURN asks for (RFC 9051 §6.4.4).</summary>
[Flags]
internal enum SearchReturn
{
    None = 0,
    Min = 1,
    Max = 2,
    All = 4,
    Count = 8,
    Save = 16,
}

/// <summary>A whole SEARCH.</summary>
/// <param name="Return">RETURN's options, ALL for an empty list; null when there was no RETURN.</param>
/// <param name="HasCharset">Whether CHARSET was given.</param>
/// <param name="IsKnownCharset">Whether it is one we know: US-ASCII or UTF-8.</param>
/// <param name="Key">What is searched for.</param>
internal sealed record SearchRequest(SearchReturn? Return, bool HasCharset, bool IsKnownCharset, SearchKey Key);
