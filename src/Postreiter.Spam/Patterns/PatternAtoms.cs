using Postreiter.Spam.Configuration;

namespace Postreiter.Spam.Patterns;

/// <content>Atoms: literals, escapes, groups.</content>
internal sealed partial class PatternParser
{
    // Null: something without a node (flags for the rest of the group).
    private PatternNode? Atom(ref Flags flags)
    {
        var octet = _text[_at];
        switch (octet)
        {
            case '(':
                return Group(ref flags);
            case '[':
                return Set(Class(flags));
            case '.':
                _at++;
                return Set((flags & Flags.DotAll) != Flags.None ? OctetSet.All : ~OctetSet.Of('\n'));
            case '^':
                _at++;
                return new AnchorNode(
                    (flags & Flags.Multiline) != Flags.None ? AnchorKind.LineStart : AnchorKind.Start
                );
            case '$':
                _at++;
                return new AnchorNode((flags & Flags.Multiline) != Flags.None ? AnchorKind.LineEnd : AnchorKind.End);
            case '*' or '+' or '?':
                throw Error("quantifier follows nothing");
            case '\\':
                return Escape(flags);
            default:
                if (octet > 0xFF)
                    throw Error("a pattern holds octets");
                _at++;
                return Literal(octet, flags);
        }
    }

    private PatternNode Escape(Flags flags)
    {
        if (_at + 1 >= _text.Length)
            throw Error("\\ at the end");
        var letter = _text[_at + 1];
        switch (letter)
        {
            case 'A':
                return Anchor(AnchorKind.Start);
            case 'Z':
                return Anchor(AnchorKind.End);
            case 'z':
                return Anchor(AnchorKind.AbsoluteEnd);
            case 'b' when !IsBrace(2):
                return Anchor(AnchorKind.WordBorder);
            case 'B' when !IsBrace(2):
                return Anchor(AnchorKind.NoWordBorder);
            case 'K':
                if (_looks > 0)
                    throw Error("\\K inside look-around");
                _at += 2;
                return new KeepNode();
            case 'R':
                _at += 2;
                return new AtomicNode(
                    new AlternationNode([
                        new SequenceNode([Set(OctetSet.Of('\r')), Set(OctetSet.Of('\n'))]),
                        Set(OctetSet.Vertical),
                    ])
                );
            case 'N' when !IsBrace(2) || IsCountAt(2):
                _at += 2;
                return Set(~OctetSet.Of('\n'));
            case 'g' or 'k':
                return Reference(flags);
            case >= '1' and <= '9':
                if (TryReadNumberedReference(out var number))
                    return BackReference(number, flags);
                break;
        }
        if (TryReadClassEscape(out var set))
            return Set(set);
        return Literal(LiteralEscape(isInClass: false), flags);
    }

    private AnchorNode Anchor(AnchorKind kind)
    {
        _at += 2;
        return new AnchorNode(kind);
    }

    // \N{2} is two of \N; all else in braces is the name of a character.
    private bool IsCountAt(int offset)
    {
        var at = _at;
        _at += offset;
        var isCount = TryReadCount(out _, out _);
        _at = at;
        return isCount;
    }

    private bool IsBrace(int offset) => _at + offset < _text.Length && _text[_at + offset] == '{';

    // \1 to \9 always refer; two digits and more only where so many groups are open already, otherwise they are octal.
    private bool TryReadNumberedReference(out int number)
    {
        number = 0;
        var end = _at + 1;
        while (end < _text.Length && char.IsAsciiDigit(_text[end]) && number < 10_000)
            number = (number * 10) + (_text[end++] - '0');
        if (number > 9 && number > _captures)
            return false;
        _at = end;
        return true;
    }

    private BackReferenceNode BackReference(int number, Flags flags)
    {
        var node = new BackReferenceNode(number, (flags & Flags.IgnoreCase) != Flags.None);
        _references.Add(node);
        return node;
    }

    // \g1 \g{1} \g{-1} \g{name} \k<name> \k'name' \k{name}
    private BackReferenceNode Reference(Flags flags)
    {
        var letter = _text[_at + 1];
        _at += 2;
        if (AtEnd)
            throw Error("reference without a group");
        string name;
        var close = _text[_at] switch
        {
            '{' => '}',
            '<' when letter == 'k' => '>',
            '\'' when letter == 'k' => '\'',
            _ => '\0',
        };
        if (close != '\0')
        {
            var end = _text.IndexOf(close, _at + 1);
            if (end < 0)
                throw Error("reference without an end");
            name = _text[(_at + 1)..end].Trim(' ', '\t');
            _at = end + 1;
        }
        else
        {
            var end = _at;
            while (end < _text.Length && (char.IsAsciiDigit(_text[end]) || (end == _at && _text[end] == '-')))
                end++;
            name = _text[_at..end];
            _at = end;
        }
        if (int.TryParse(name, out var number) && letter == 'g')
        {
            number = number < 0 ? _captures + 1 + number : number;
            return number > 0 ? BackReference(number, flags) : throw Error("reference to a group that does not exist");
        }
        return _names.TryGetValue(name, out number)
            ? BackReference(number, flags)
            : throw Error($"reference to the group {name}, which does not exist before it");
    }

    private PatternNode? Group(ref Flags flags)
    {
        _at++;
        if (AtEnd)
            throw Error("unmatched (");
        if (_text[_at] == '*')
            throw Error("verbs such as (*SKIP) cannot be translated");
        if (_text[_at] != '?')
        {
            var inner = flags;
            if ((flags & Flags.NoCapture) != Flags.None)
                return Close(Alternation(ref inner));
            var number = ++_captures;
            return new CaptureNode(number, null, Close(Alternation(ref inner)));
        }
        _at++;
        if (AtEnd)
            throw Error("(? without an end");
        switch (_text[_at])
        {
            case ':':
                return Inner(1, flags);
            case '>':
                return new AtomicNode(Inner(1, flags));
            case '=':
                return Look(1, flags, isBehind: false, isNegative: false);
            case '!':
                return Look(1, flags, isBehind: false, isNegative: true);
            case '|':
                return BranchReset(flags);
            case '<' when Next(1) == '=':
                return Look(2, flags, isBehind: true, isNegative: false);
            case '<' when Next(1) == '!':
                return Look(2, flags, isBehind: true, isNegative: true);
            case '<' or '\'':
                return Named(_at + 1, _text[_at] == '<' ? '>' : '\'', flags);
            case 'P' when Next(1) == '<':
                return Named(_at + 2, '>', flags);
            case 'P' when Next(1) == '=':
                return NamedReference(flags);
            case '(':
                throw Error("conditions (?(…) cannot be translated");
            case '{' or '?':
                throw Error("code in a pattern is never run");
            case 'R' or 'P' or '&' or (>= '0' and <= '9') or '+':
                throw Error("recursion cannot be translated");
            case '-' when char.IsAsciiDigit(Next(1)):
                throw Error("recursion cannot be translated");
            default:
                return FlagGroup(ref flags);
        }
    }

    private char Next(int offset) => _at + offset < _text.Length ? _text[_at + offset] : '\0';

    private LookNode Look(int skipped, Flags flags, bool isBehind, bool isNegative)
    {
        _looks++;
        var body = Inner(skipped, flags);
        _looks--;
        return new LookNode(isBehind ? Bounded(body) : body, isBehind, isNegative);
    }

    private PatternNode Inner(int skipped, Flags flags)
    {
        _at += skipped;
        return Close(Alternation(ref flags));
    }

    private PatternNode Close(PatternNode body)
    {
        if (AtEnd || _text[_at] != ')')
            throw Error("unmatched (");
        _at++;
        return body;
    }

    private CaptureNode Named(int start, char close, Flags flags)
    {
        var end = _text.IndexOf(close, start);
        var name = end < 0 ? "" : _text[start..end];
        if (!Perl.IsRuleName(name))
            throw Error("a group's name is made of letters, digits and _");
        _at = end + 1;
        var number = ++_captures;
        _names.TryAdd(name, number);
        return new CaptureNode(number, name, Close(Alternation(ref flags)));
    }

    private BackReferenceNode NamedReference(Flags flags)
    {
        var end = _text.IndexOf(')', _at);
        var name = end < 0 ? "" : _text[(_at + 2)..end];
        if (!_names.TryGetValue(name, out var number))
            throw Error($"reference to the group {name}, which does not exist before it");
        _at = end + 1;
        return BackReference(number, flags);
    }

    // (?|a(b)|c(d)): each branch counts its groups from the same number.
    private PatternNode BranchReset(Flags flags)
    {
        _at++;
        var (first, last) = (_captures, _captures);
        var branches = new List<PatternNode>();
        if (++_depth > MaxDepth)
            throw Error("groups are nested too deep");
        while (true)
        {
            _captures = first;
            branches.Add(Sequence(ref flags));
            last = Math.Max(last, _captures);
            if (AtEnd || _text[_at] != '|')
                break;
            _at++;
        }
        _depth--;
        _captures = last;
        return Close(branches.Count == 1 ? branches[0] : new AlternationNode(branches));
    }

    // (?i) (?i-s) (?^i) for the rest of the group, (?i:…) for its own.
    private PatternNode? FlagGroup(ref Flags flags)
    {
        var (inner, isOn) = (flags, true);
        if (_text[_at] == '^')
        {
            inner &= ~(
                Flags.IgnoreCase
                | Flags.Multiline
                | Flags.DotAll
                | Flags.Extended
                | Flags.ExtendedMore
                | Flags.NoCapture
            );
            _at++;
        }
        for (; !AtEnd; _at++)
        {
            switch (_text[_at])
            {
                case ')':
                    _at++;
                    flags = inner;
                    return null;
                case ':':
                    _at++;
                    return Close(Alternation(ref inner));
                case '-' when isOn:
                    isOn = false;
                    break;
                default:
                    inner = Flag(_text[_at], inner, isOn);
                    break;
            }
        }
        throw Error("(? without an end");
    }

    // Perl looks behind at most 255 octets, and says so when it compiles.
    private PatternNode Bounded(PatternNode body) =>
        PatternLength.Max(body) <= 255 ? body : throw Error("look-behind is longer than 255 octets");
}
