using System.Globalization;
using Postreiter.Spam.Mail;

namespace Postreiter.Spam.Patterns;

/// <summary>Reads a Perl pattern (without its delimiters) into nodes.</summary>
/// <remarks>
/// The dialect is Perl 5.36's with /aa on octets: classes are ASCII, `/i` folds Latin-1. What Perl warns about when it compiles a
/// pattern is an error here too, for the original drops such a rule. Nesting is bounded.
/// </remarks>
internal sealed partial class PatternParser
{
    private const int MaxDepth = 250;
    private const int MaxRepeat = 65_534;
    private const int NoOctet = 0x100;
    private readonly string _text;
    private readonly OctetSetTable _sets = new();
    private readonly List<SetNode> _nodes = [];
    private readonly Dictionary<string, int> _names = new(StringComparer.Ordinal);
    private readonly List<BackReferenceNode> _references = [];
    private int _at;
    private int _depth;
    private int _captures;
    private int _looks;

    private PatternParser(string text) => _text = text;

    [Flags]
    private enum Flags
    {
        None = 0,
        IgnoreCase = 1,
        Multiline = 2,
        DotAll = 4,
        Extended = 8,
        ExtendedMore = 16,
        NoCapture = 32,
    }

    /// <summary>Reads a pattern.</summary>
    /// <param name="text">The pattern, octets.</param>
    /// <param name="modifiers">The letters behind the closing delimiter.</param>
    /// <param name="tree">The pattern.</param>
    /// <param name="names">Named groups and their numbers.</param>
    /// <param name="error">What is wrong, for people, with the place.</param>
    public static bool TryParse(
        string text,
        string modifiers,
        out PatternNode tree,
        out IReadOnlyDictionary<string, int> names,
        out string error
    )
    {
        var parser = new PatternParser(text);
        (tree, names, error) = (PatternNode.Empty, parser._names, "");
        try
        {
            var flags = parser.Modifiers(modifiers);
            tree = parser.Alternation(ref flags);
            if (parser._at < text.Length)
                throw parser.Error("unmatched )");
            foreach (var reference in parser._references)
            {
                if (reference.Number > parser._captures)
                    throw parser.Error($"reference to group {reference.Number}, which does not exist");
            }
            return true;
        }
        catch (PatternException fault)
        {
            error = fault.Message;
            return false;
        }
    }

    private bool AtEnd => _at >= _text.Length;

    private Flags Modifiers(string modifiers)
    {
        var flags = Flags.None;
        foreach (var letter in modifiers)
            flags = Flag(letter, flags, isOn: true);
        return flags;
    }

    private Flags Flag(char letter, Flags flags, bool isOn)
    {
        Flags flag;
        switch (letter)
        {
            case 'i':
                flag = Flags.IgnoreCase;
                break;
            case 'm':
                flag = Flags.Multiline;
                break;
            case 's':
                flag = Flags.DotAll;
                break;
            case 'x':
                flag = isOn && (flags & Flags.Extended) != Flags.None ? Flags.ExtendedMore : Flags.Extended;
                if (!isOn)
                    flags &= ~Flags.ExtendedMore;
                break;
            case 'n':
                flag = Flags.NoCapture;
                break;
            // Character sets: everything is octets with ASCII classes. p, g and o change nothing that a rule could see.
            case 'a' or 'u' or 'l' or 'd' or 'p':
                return flags;
            default:
                throw Error($"modifier {letter} is not known");
        }
        return isOn ? flags | flag : flags & ~flag;
    }

    private PatternNode Alternation(ref Flags flags)
    {
        if (++_depth > MaxDepth)
            throw Error("groups are nested too deep");
        List<PatternNode>? branches = null;
        var branch = Sequence(ref flags);
        while (!AtEnd && _text[_at] == '|')
        {
            _at++;
            (branches ??= []).Add(branch);
            branch = Sequence(ref flags);
        }
        _depth--;
        if (branches is null)
            return branch;
        branches.Add(branch);
        return new AlternationNode(branches.ToArray());
    }

    private PatternNode Sequence(ref Flags flags)
    {
        var parts = new List<PatternNode>();
        while (!AtEnd && _text[_at] is not ('|' or ')'))
        {
            if (SkipBlanks(flags))
                continue;
            var atom = Atom(ref flags);
            SkipBlanks(flags);
            if (atom is null)
            {
                if (!AtEnd && _text[_at] is '*' or '+' or '?')
                    throw Error("quantifier follows nothing");
                continue;
            }
            parts.Add(Quantified(atom, flags));
        }
        return parts.Count == 1 ? parts[0] : new SequenceNode(parts.ToArray());
    }

    /// <summary>Blanks and comments under /x, and `(?#…)`.</summary>
    private bool SkipBlanks(Flags flags)
    {
        var start = _at;
        while (!AtEnd)
        {
            if ((flags & Flags.Extended) != Flags.None && (Octets.IsBlank(_text[_at]) || _text[_at] == 0x85))
            {
                _at++;
            }
            else if ((flags & Flags.Extended) != Flags.None && _text[_at] == '#')
            {
                var end = _text.IndexOf('\n', _at);
                _at = end < 0 ? _text.Length : end + 1;
            }
            else if (_text.AsSpan(_at).StartsWith("(?#"))
            {
                var end = _text.IndexOf(')', _at);
                if (end < 0)
                    throw Error("(?# without )");
                _at = end + 1;
            }
            else
            {
                break;
            }
        }
        return _at > start;
    }

    private PatternNode Quantified(PatternNode atom, Flags flags)
    {
        if (!TryReadQuantifier(out var min, out var max))
            return atom;
        if (atom is AnchorNode or LookNode && max == int.MaxValue)
        {
            // Perl warns "matches null string many times" or "unexpected on zero-length"; the original drops the rule.
            throw Error("quantifier on something without length");
        }
        SkipBlanks(flags);
        var mode = RepeatMode.Greedy;
        if (!AtEnd && _text[_at] is '?' or '+')
            mode = _text[_at++] == '?' ? RepeatMode.Lazy : RepeatMode.Possessive;
        SkipBlanks(flags);
        if (!AtEnd && (_text[_at] is '*' or '+' or '?' || IsCountAhead()))
            throw Error("nested quantifiers");
        return new RepeatNode(atom, min, max, mode);
    }

    private bool IsCountAhead()
    {
        var at = _at;
        var isCount = _text[_at] == '{' && TryReadQuantifier(out _, out _);
        _at = at;
        return isCount;
    }

    private bool TryReadQuantifier(out int min, out int max)
    {
        (min, max) = (0, int.MaxValue);
        if (AtEnd)
            return false;
        switch (_text[_at])
        {
            case '*':
                _at++;
                return true;
            case '+':
                _at++;
                min = 1;
                return true;
            case '?':
                _at++;
                max = 1;
                return true;
            case '{':
                return TryReadCount(out min, out max);
            default:
                return false;
        }
    }

    // {n}, {n,}, {n,m}, and since Perl 5.34 {,m} and blanks inside; all else is a literal brace.
    private bool TryReadCount(out int min, out int max)
    {
        (min, max) = (0, int.MaxValue);
        var end = _text.IndexOf('}', _at);
        if (end < 0)
            return false;
        var inside = _text.AsSpan(_at + 1, end - _at - 1);
        var comma = inside.IndexOf(',');
        var low = (comma < 0 ? inside : inside[..comma]).Trim([' ', '\t']);
        var high = (comma < 0 ? low : inside[(comma + 1)..]).Trim([' ', '\t']);
        if ((low.IsEmpty && high.IsEmpty) || !IsDigits(low) || !IsDigits(high) || (comma < 0 && low.IsEmpty))
            return false;
        min = low.IsEmpty ? 0 : Count(low);
        max = high.IsEmpty ? int.MaxValue : Count(high);
        if (max < min)
            throw Error($"{{{inside}}} can never match");
        _at = end + 1;
        return true;
    }

    private static bool IsDigits(ReadOnlySpan<char> text) => !text.ContainsAnyExceptInRange('0', '9');

    private int Count(ReadOnlySpan<char> digits) =>
        int.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out var count) && count <= MaxRepeat
            ? count
            : throw Error($"repeat count {digits} is above {MaxRepeat}");

    private SetNode Set(OctetSet set)
    {
        var number = _sets.Number(set);
        if (number == _nodes.Count)
            _nodes.Add(new SetNode(set));
        return _nodes[number];
    }

    private SetNode Literal(int octet, Flags flags)
    {
        var set = octet == NoOctet ? OctetSet.None : OctetSet.Of(octet);
        return Set((flags & Flags.IgnoreCase) != Flags.None ? set.Folded() : set);
    }

    private PatternException Error(string what) => new($"{what} (at {_at} of the pattern)");

    /// <summary>Carries the first fault out of the recursion; never leaves this class.</summary>
    private sealed class PatternException(string message) : Exception(message);
}
