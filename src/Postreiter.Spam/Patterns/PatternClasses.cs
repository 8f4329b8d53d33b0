namespace Postreiter.Spam.Patterns;

/// <content>Classes and the escapes for single octets.</content>
internal sealed partial class PatternParser
{
    private bool TryReadClassEscape(out OctetSet set)
    {
        set = (_at + 1 < _text.Length && _text[_at] == '\\' ? _text[_at + 1] : '\0') switch
        {
            'd' => OctetSet.Digit,
            'D' => ~OctetSet.Digit,
            'w' => OctetSet.Word,
            'W' => ~OctetSet.Word,
            's' => OctetSet.Space,
            'S' => ~OctetSet.Space,
            'h' => OctetSet.Horizontal,
            'H' => ~OctetSet.Horizontal,
            'v' => OctetSet.Vertical,
            'V' => ~OctetSet.Vertical,
            _ => OctetSet.None,
        };
        if (set == OctetSet.None)
            return false;
        _at += 2;
        return true;
    }

    // [...] with _at on the bracket.
    private OctetSet Class(Flags flags)
    {
        var start = _at++;
        var isNegated = Next(0) == '^';
        if (isNegated)
            _at++;
        var set = OctetSet.None;
        for (var isFirst = true; ; isFirst = false)
        {
            if (AtEnd)
            {
                _at = start;
                throw Error("unmatched [");
            }
            if (_text[_at] == ']' && !isFirst)
                break;
            if ((flags & Flags.ExtendedMore) != Flags.None && _text[_at] is ' ' or '\t')
            {
                _at++;
                continue;
            }
            if (TryReadPosix(out var posix) || TryReadClassEscape(out posix))
            {
                set |= posix;
                if (Next(0) == '-' && Next(1) is not (']' or '\0'))
                    throw Error("a range cannot begin with a class");
                continue;
            }
            var low = ClassOctet();
            var high = low;
            if (Next(0) == '-' && Next(1) is not (']' or '\0'))
            {
                _at++;
                if (TryReadPosix(out _) || TryReadClassEscape(out _))
                    throw Error("a range cannot end with a class");
                high = ClassOctet();
                if (high < low)
                    throw Error("a range runs backwards");
            }
            set |= OctetSet.Range(low, Math.Min(high, 0xFF));
        }
        _at++;
        // Folded before it is turned round: [^a] under /i is neither a nor A.
        if ((flags & Flags.IgnoreCase) != Flags.None)
            set = set.Folded();
        return isNegated ? ~set : set;
    }

    private int ClassOctet()
    {
        if (_text[_at] == '\\')
            return LiteralEscape(isInClass: true);
        var octet = _text[_at++];
        return octet <= 0xFF ? octet : throw Error("a pattern holds octets");
    }

    private bool TryReadPosix(out OctetSet set)
    {
        set = OctetSet.None;
        if (AtEnd || _text[_at] != '[' || Next(1) != ':')
            return false;
        var end = _text.IndexOf(":]", _at + 2, StringComparison.Ordinal);
        if (end < 0)
            return false;
        var name = _text.AsSpan(_at + 2, end - _at - 2);
        var isNegated = name.StartsWith("^");
        if (isNegated)
            name = name[1..];
        if (name.ContainsAnyExceptInRange('a', 'z'))
            return false;
        set = name switch
        {
            "alpha" => OctetSet.Range('A', 'Z') | OctetSet.Range('a', 'z'),
            "digit" => OctetSet.Digit,
            "alnum" => OctetSet.Word & ~OctetSet.Of('_'),
            "upper" => OctetSet.Range('A', 'Z'),
            "lower" => OctetSet.Range('a', 'z'),
            "space" => OctetSet.Space,
            "blank" => OctetSet.Of(' ') | OctetSet.Of('\t'),
            "punct" => OctetSet.Range(0x21, 0x7E) & ~(OctetSet.Word & ~OctetSet.Of('_')),
            "print" => OctetSet.Range(0x20, 0x7E),
            "graph" => OctetSet.Range(0x21, 0x7E),
            "cntrl" => OctetSet.Range(0, 0x1F) | OctetSet.Of(0x7F),
            "xdigit" => OctetSet.Digit | OctetSet.Range('A', 'F') | OctetSet.Range('a', 'f'),
            "word" => OctetSet.Word,
            "ascii" => OctetSet.Range(0, 0x7F),
            _ => throw Error($"[:{name}:] is no class"),
        };
        if (isNegated)
            set = ~set;
        _at = end + 2;
        return true;
    }

    // An escape that stands for one octet, with _at on the backslash.
    private int LiteralEscape(bool isInClass)
    {
        _at++;
        if (AtEnd)
            throw Error("\\ at the end");
        var letter = _text[_at++];
        switch (letter)
        {
            case 't':
                return '\t';
            case 'n':
                return '\n';
            case 'r':
                return '\r';
            case 'f':
                return '\f';
            case 'e':
                return 0x1B;
            case 'a':
                return 7;
            case 'b' when isInClass:
                return 8;
            case 'x':
                return Hexadecimal();
            case 'o' when Next(0) == '{':
                return Braced(8);
            case 'N' when Next(0) == '{' && Next(1) == 'U' && Next(2) == '+':
                _at += 2;
                return Octet(Digits(16, '}'));
            case 'c':
                return Control();
            case >= '0' and <= '7':
                _at--;
                return Octal();
        }
        if (char.IsAsciiLetter(letter) || letter is '8' or '9')
            throw Error($"\\{letter} cannot be translated");
        return letter <= 0xFF ? letter : throw Error("a pattern holds octets");
    }

    private int Hexadecimal()
    {
        if (Next(0) == '{')
            return Braced(16);
        var value = 0;
        for (var digits = 0; digits < 2 && char.IsAsciiHexDigit(Next(0)); digits++)
            value = (value * 16) + Convert.ToInt32(_text[_at++].ToString(), 16);
        return value;
    }

    private int Octal()
    {
        var value = 0;
        for (var digits = 0; digits < 3 && Next(0) is >= '0' and <= '7'; digits++)
            value = (value * 8) + (_text[_at++] - '0');
        return Octet(value);
    }

    private int Control()
    {
        var letter = Next(0);
        if (letter is < ' ' or > '~')
            throw Error("\\c is followed by a printable character");
        _at++;
        return char.ToUpperInvariant(letter) ^ 0x40;
    }

    private int Braced(int numberBase)
    {
        _at++;
        return Octet(Digits(numberBase, '}'));
    }

    private int Digits(int numberBase, char close)
    {
        var end = _text.IndexOf(close, _at);
        if (end < 0)
            throw Error("missing }");
        var digits = _text[_at..end].Trim(' ', '\t').Replace("_", "", StringComparison.Ordinal);
        if (digits.Length > 0 && (digits.Length > 8 || !digits.All(digit => IsDigitOf(digit, numberBase))))
            throw Error($"{digits} is no number");
        _at = end + 1;
        return digits.Length == 0 ? 0 : Convert.ToInt32(digits, numberBase);
    }

    private static bool IsDigitOf(char digit, int numberBase) =>
        numberBase == 16 ? char.IsAsciiHexDigit(digit) : digit is >= '0' and <= '7';

    // A code point above 255 occurs in no octet string: it matches nothing, and a range ends before it.
    private static int Octet(int value) => value <= 0xFF ? value : NoOctet;
}
