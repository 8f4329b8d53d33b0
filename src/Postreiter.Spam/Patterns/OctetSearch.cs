using System.Buffers;
using System.Collections.Concurrent;

namespace Postreiter.Spam.Patterns;

/// <summary>Looks for the first octet in a set, or outside one, many at a time where the set allows it.</summary>
internal sealed class OctetSearch
{
    // What is looked at one by one before the other way is worth its beginning.
    private const int Near = 12;
    private const int Few = 8;
    private const int MaxKnown = 4096;
    private static readonly ConcurrentDictionary<OctetSet, OctetSearch> Known = [];
    private readonly OctetSet _set;
    private readonly bool _isFast;
    private readonly bool _areInside;
    private SearchValues<char>? _values;

    private OctetSearch(OctetSet set)
    {
        _set = set;
        Single = set.Single;
        // The set or its complement; the search is fast for octets below 0x80, for a few and for whole ranges.
        _areInside = IsFast(set);
        _isFast = _areInside || IsFast(~set);
    }

    /// <summary>Its only octet; -1 when there is none or more than one.</summary>
    public int Single { get; }

    /// <summary>The search for a set; made once for all patterns.</summary>
    public static OctetSearch Of(OctetSet set)
    {
        if (Known.TryGetValue(set, out var search))
            return search;
        search = new OctetSearch(set);
        // Patterns come from rulesets; those with texts of a mail in them have the same classes each time.
        if (Known.Count < MaxKnown)
            Known.TryAdd(set, search);
        return search;
    }

    /// <summary>How many octets from the beginning on are in the set.</summary>
    public int Run(ReadOnlySpan<char> text)
    {
        var at = 0;
        var near = Math.Min(Near, text.Length);
        while (at < near && _set.Contains((byte)text[at]))
            at++;
        if (at < near || at == text.Length)
            return at;
        if (_isFast)
        {
            var rest = text[at..];
            var found = _areInside ? rest.IndexOfAnyExcept(Values) : rest.IndexOfAny(Values);
            return found < 0 ? text.Length : at + found;
        }
        while (at < text.Length && _set.Contains((byte)text[at]))
            at++;
        return at;
    }

    /// <summary>Place of the first octet of the set; -1 = none.</summary>
    public int Find(ReadOnlySpan<char> text)
    {
        var near = Math.Min(Near, text.Length);
        var at = 0;
        for (; at < near; at++)
        {
            if (_set.Contains((byte)text[at]))
                return at;
        }
        if (_isFast)
        {
            var rest = text[at..];
            var found = _areInside ? rest.IndexOfAny(Values) : rest.IndexOfAnyExcept(Values);
            return found < 0 ? -1 : at + found;
        }
        for (; at < text.Length; at++)
        {
            if (_set.Contains((byte)text[at]))
                return at;
        }
        return -1;
    }

    private static bool IsFast(OctetSet set)
    {
        if ((set.C | set.D) == 0 || set.Count <= Few)
            return true;
        var first = set.First;
        return set == OctetSet.Range(first, first + set.Count - 1);
    }

    // Of the set, or of its complement; made when first needed.
    private SearchValues<char> Values => _values ??= Make(_areInside ? _set : ~_set);

    private static SearchValues<char> Make(OctetSet set)
    {
        Span<char> octets = stackalloc char[256];
        var count = 0;
        for (var octet = 0; octet < 256; octet++)
        {
            if (set.Contains(octet))
                octets[count++] = (char)octet;
        }
        return SearchValues.Create(octets[..count]);
    }
}
