using Postreiter.Storage.Mail;

namespace Postreiter.Imap.Syntax;

/// <summary>
/// A LIST pattern (RFC 9051 §6.3.9): <c>*</c> stands for anything, <c>%</c> for anything without a separator. It matches
/// in time linear in the name, 64 places of the pattern at once (L24).
/// </summary>
internal sealed class ListPattern
{
    /// <summary>Most wildcards in one pattern (L24).</summary>
    public const int MaxWildcards = 16;

    /// <summary>Most patterns in one LIST (L24).</summary>
    public const int MaxPatterns = 32;

    // No name is longer (L25), so a pattern with more literal characters matches none.
    private const int MaxLength = 1000 + MaxWildcards;

    private readonly Dictionary<char, ulong[]> _literals = [];
    private readonly ulong[] _stars;
    private readonly ulong[] _percents;
    private readonly int _length;
    private readonly bool _matchesNothing;

    private ListPattern(string text)
    {
        _matchesNothing = text.Length > MaxLength;
        _length = _matchesNothing ? 0 : text.Length;
        EndsWithPercent = text.EndsWith('%');
        var words = _length / 64 + 1;
        (_stars, _percents) = (new ulong[words], new ulong[words]);
        for (var i = 0; i < _length; i++)
        {
            if (text[i] == '*')
                Set(_stars, i);
            else if (text[i] == '%')
                Set(_percents, i);
            else
            {
                if (!_literals.TryGetValue(text[i], out var places))
                    _literals.Add(text[i], places = new ulong[words]);
                Set(places, i);
            }
        }
    }

    /// <summary>Whether levels above a match are asked for, too.</summary>
    public bool EndsWithPercent { get; }

    /// <summary>Reads a pattern; null when it has too many wildcards.</summary>
    public static ListPattern? Create(string text)
    {
        if (text.Count(static c => c is '*' or '%') > MaxWildcards)
            return null;
        // Neighbours are one wildcard, and "*" is the stronger.
        var joined = new System.Text.StringBuilder(text.Length);
        foreach (var c in text)
        {
            var isWild = c is '*' or '%';
            if (!isWild || joined.Length == 0 || joined[^1] is not ('*' or '%'))
                joined.Append(c);
            else if (c == '*')
                joined[^1] = '*';
        }

        return new ListPattern(joined.ToString());
    }

    /// <summary>Whether the pattern matches a whole name.</summary>
    public bool Matches(ReadOnlySpan<char> name)
    {
        if (_matchesNothing)
            return false;
        // INBOX is meant in any case (RFC 9051 §5.1).
        var isInbox = name is Mailbox.Inbox;
        // Bit i: the first i places of the pattern have been matched.
        Span<ulong> at = stackalloc ulong[_stars.Length];
        at[0] = 1;
        PassWildcards(at);
        foreach (var c in name)
        {
            var here = _literals.GetValueOrDefault(c);
            var other = isInbox ? _literals.GetValueOrDefault(char.ToLowerInvariant(c)) : null;
            var carry = 0UL;
            var any = 0UL;
            for (var i = 0; i < at.Length; i++)
            {
                var advancing = at[i] & ((here?[i] ?? 0) | (other?[i] ?? 0));
                var staying = at[i] & (_stars[i] | (c == Mailbox.Separator ? 0 : _percents[i]));
                at[i] = (advancing << 1) | carry | staying;
                carry = advancing >> 63;
                any |= at[i];
            }

            if (any == 0)
                return false;
            PassWildcards(at);
        }

        return (at[_length / 64] >> (_length % 64) & 1) != 0;
    }

    // A wildcard may stand for nothing. No two are neighbours, so one step is enough.
    private void PassWildcards(Span<ulong> at)
    {
        var carry = 0UL;
        for (var i = 0; i < at.Length; i++)
        {
            var passing = at[i] & (_stars[i] | _percents[i]);
            at[i] |= (passing << 1) | carry;
            carry = passing >> 63;
        }
    }

    private static void Set(ulong[] bits, int place) => bits[place / 64] |= 1UL << (place % 64);
}
