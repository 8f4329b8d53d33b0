using System.Buffers;
using Postreiter.Spam.Mail;

namespace Postreiter.Spam.Text.Html;

/// <summary>What a tokenizer tells of.</summary>
internal interface IHtmlReader
{
    /// <summary>A start tag; the name as written.</summary>
    void Start(ReadOnlySpan<char> name, HtmlAttributes attributes);

    /// <summary>An end tag; the name as written.</summary>
    void End(ReadOnlySpan<char> name);

    /// <summary>Text between tags; undecoded.</summary>
    /// <param name="text">The text, never joined: a "&lt;" that begins no tag begins a text of its own.</param>
    /// <param name="isCData">Whether it has no character references.</param>
    void Text(ReadOnlySpan<char> text, bool isCData);

    /// <summary>A comment with its delimiters, or what is taken for one.</summary>
    void Comment(ReadOnlySpan<char> source);

    /// <summary>A declaration with its delimiters.</summary>
    void Declaration(ReadOnlySpan<char> source);
}

/// <summary>
/// Divides HTML as browsers of the time of tag soup did, and as Perl's HTML::Parser does: whatever it is, it is tags, comments and text.
/// One pass from the front; only what is left at the end is looked at once more.
/// </summary>
internal sealed class HtmlTokenizer(IHtmlReader reader)
{
    // Elements with nothing but text in them, and whether that has character references.
    private static readonly (string Name, bool IsCData)[] Literals =
    [
        ("script", true),
        ("style", true),
        ("xmp", true),
        ("iframe", true),
        ("plaintext", true),
        ("title", false),
        ("textarea", false),
    ];

    private static readonly SearchValues<char> Quotes = SearchValues.Create(">\"'");

    private readonly HtmlAttributes _attributes = new();
    private readonly Stack<MarkedSection> _sections = [];

    // Elements whose end tag was searched for to the end of the text: it is not searched for again.
    private readonly HashSet<string> _endless = new(StringComparer.Ordinal);
    private string _text = "";
    private string? _literal;
    private string? _pendingEnd;
    private MarkedSection _section;
    private bool _isCData;
    private bool _endsCommentsAnywhere;

    private enum MarkedSection
    {
        None,
        Include,
        RcData,
        CData,
        Ignore,
    }

    /// <summary>Reads more text; what may not be whole is kept.</summary>
    public void Append(string text)
    {
        _text = _text.Length == 0 ? text : _text + text;
        _endless.Clear();
        _text = _text[Read(0)..];
    }

    /// <summary>Reads what was kept: nothing more comes.</summary>
    public void Complete()
    {
        var at = 0;
        while (at < _text.Length)
        {
            if (_literal is not null)
            {
                if (_literal is "plaintext" or "xmp" or "iframe" or "textarea")
                    break;
                if (_literal is "script" or "style")
                    Report(_literal);
                else
                    _pendingEnd = _literal;
                _literal = null;
                at = Read(at);
                continue;
            }

            if (_text[at] == '<' && !_endsCommentsAnywhere)
            {
                _endsCommentsAnywhere = true;
                at = Read(at);
                continue;
            }

            if (_text[at] == '<' && (at + 1 == _text.Length || BeginsMarkup(_text[at + 1])))
            {
                ReportComment(_text.AsSpan(at));
                at = _text.Length;
            }

            break;
        }

        if (at < _text.Length)
            ReportText(_text.AsSpan(at));
        FlushPendingEnd();
    }

    private static bool BeginsMarkup(char c) => IsNameStart(c) || c is '/' or '!' or '?';

    private static bool IsNameStart(char c) => char.IsAsciiLetter(c) || c is '_' or ':';

    private static bool IsNameChar(char c) => char.IsAsciiLetterOrDigit(c) || c is '_' or ':' or '.' or '-';

    private static bool IsBlank(char c) => Octets.IsBlank(c);

    private char At(int at) => at < _text.Length ? _text[at] : '\0';

    // Reads from a place between two tokens; returns the place up to which all was read.
    private int Read(int start)
    {
        var (at, token) = (start, start);
        while (true)
        {
            if (_literal is not null && !ReadLiteral(ref at, ref token))
                return token;
            if (_section is MarkedSection.CData or MarkedSection.RcData && !ReadMarkedText(ref at, ref token))
                return token;
            ReadText(ref at, ref token);
            if (at != token)
            {
                if (at < _text.Length)
                {
                    ReportText(_text.AsSpan(token, at - token));
                    token = at;
                }
                else
                {
                    return ReadLastText(token);
                }
            }

            if (_text.Length - at < 3)
                return at;
            at++;
            var next = ReadMarkup(token);
            if (next == token)
                return token;
            if (next >= 0)
                at = token = next;
        }
    }

    // The content of <script> and its kin ends at its own end tag.
    private bool ReadLiteral(ref int at, ref int token)
    {
        while (_literal is { } literal)
        {
            if (_endless.Contains(literal))
                return false;
            var open = _text.IndexOf('<', at);
            if (open < 0)
            {
                _endless.Add(literal);
                return false;
            }

            at = open + 1;
            if (At(at) != '/')
                continue;
            at++;
            var n = 0;
            while (
                n < literal.Length
                && at < _text.Length
                && (_text[at] | 0x20) == literal[n]
                && char.IsAsciiLetter(_text[at])
            )
                (at, n) = (at + 1, n + 1);
            if (n < literal.Length || literal == "plaintext")
                continue;
            var nameEnd = at;
            while (IsBlank(At(at)))
                at++;
            if (At(at) != '>')
                continue;
            at++;
            if (token != open)
                ReportText(_text.AsSpan(token, open - token));
            FlushPendingEnd();
            Report(_text.AsSpan(open + 2, nameEnd - open - 2));
            (_literal, _isCData, token) = (null, false, at);
        }

        return true;
    }

    private bool ReadMarkedText(ref int at, ref int token)
    {
        while (_section is MarkedSection.CData or MarkedSection.RcData)
        {
            var close = _text.IndexOf(']', at);
            if (close < 0)
                return false;
            at = close + 1;
            if (At(at) != ']' || At(at + 1) != '>')
            {
                if (at == _text.Length)
                    return false;
                continue;
            }

            at += 2;
            if (token != close)
                ReportText(_text.AsSpan(token, close - token));
            token = at;
            LeaveSection();
        }

        return true;
    }

    private void ReadText(ref int at, ref int token)
    {
        while (_section != MarkedSection.None)
        {
            while (at < _text.Length && _text[at] is not ('<' or ']'))
                at++;
            if (At(at) != ']')
                return;
            var close = at++;
            if (At(at) != ']')
            {
                // The place behind the bracket is passed over unseen.
                at = Math.Min(at + 1, _text.Length);
                continue;
            }

            at++;
            if (At(at) != '>')
            {
                at = Math.Min(at + 1, _text.Length);
                continue;
            }

            at++;
            ReportText(_text.AsSpan(token, close - token));
            FlushPendingEnd();
            token = at;
            LeaveSection();
        }

        var open = _text.IndexOf('<', at);
        at = open < 0 ? _text.Length : open;
    }

    // Text at the end may be half a word or half a reference: the last word, or the last blanks, are kept.
    private int ReadLastText(int token)
    {
        var at = _text.Length - 1;
        if (IsBlank(_text[at]))
        {
            while (at >= token && IsBlank(_text[at]))
                at--;
        }
        else
        {
            while (at >= token && !IsBlank(_text[at]))
                at--;
            while (at >= token && IsBlank(_text[at]))
                at--;
        }

        at++;
        if (at != token)
            ReportText(_text.AsSpan(token, at - token));
        return at;
    }

    // What begins with "<": the place behind it, the place itself when it is not whole, −1 when it is text.
    private int ReadMarkup(int open) =>
        At(open + 1) switch
        {
            '/' => ReadEnd(open),
            '!' => ReadDeclaration(open),
            '?' => ReadInstruction(open),
            var c when IsNameStart(c) => ReadStart(open),
            _ => -1,
        };

    private int ReadStart(int open)
    {
        var at = open + 1;
        while (at < _text.Length && !IsBlank(_text[at]) && _text[at] != '>')
            at++;
        var nameEnd = at;
        at = SkipBlanks(at);
        if (at == _text.Length)
            return open;
        _attributes.Clear(_text);
        while (_text[at] != '>')
        {
            var name = at++;
            while (at < _text.Length && !IsBlank(_text[at]) && _text[at] is not ('>' or '='))
                at++;
            if (at == _text.Length)
                return open;
            var end = at;
            at = SkipBlanks(at);
            if (at == _text.Length)
                return open;
            if (_text[at] != '=')
            {
                _attributes.Add(name..end, name..end, isValueGiven: false);
                continue;
            }

            at = SkipBlanks(at + 1);
            if (at == _text.Length)
                return open;
            var value = at;
            if (_text[at] == '>')
            {
                _attributes.Add(name..end, value..value, isValueGiven: true);
                break;
            }

            if (_text[at] is '"' or '\'')
            {
                var close = _text.IndexOf(_text[at], at + 1);
                if (close < 0)
                    return open;
                _attributes.Add(name..end, (value + 1)..close, isValueGiven: true);
                at = close + 1;
            }
            else
            {
                while (at < _text.Length && !IsBlank(_text[at]) && _text[at] != '>')
                    at++;
                if (at == _text.Length)
                    return open;
                _attributes.Add(name..end, value..at, isValueGiven: true);
            }

            at = SkipBlanks(at);
            if (at == _text.Length)
                return open;
        }

        var tag = _text.AsSpan(open + 1, nameEnd - open - 1);
        FlushPendingEnd();
        if (_section != MarkedSection.Ignore)
            reader.Start(tag, _attributes);
        foreach (var (name, isCData) in Literals)
        {
            if (Octets.EqualsIgnoreCase(tag, name))
                (_literal, _isCData) = (name, isCData);
        }

        return at + 1;
    }

    private int ReadEnd(int open)
    {
        var name = open + 2;
        var isTag = name < _text.Length && !IsBlank(_text[name]) && _text[name] != '>';
        var nameEnd = name;
        while (isTag && nameEnd < _text.Length && !IsBlank(_text[nameEnd]) && _text[nameEnd] != '>')
            nameEnd++;
        var close = FindClose(nameEnd);
        if (close < 0)
            return open;
        if (isTag)
        {
            FlushPendingEnd();
            Report(_text.AsSpan(name, nameEnd - name));
        }
        else
        {
            ReportComment(_text.AsSpan(open, close + 1 - open));
        }

        return close + 1;
    }

    // The next ">" outside quotes; a quote begins behind a blank or "=".
    private int FindClose(int start)
    {
        var quote = '\0';
        for (var at = start; at < _text.Length; at++)
        {
            var skip = _text.AsSpan(at).IndexOfAny(Quotes);
            if (skip < 0)
                return -1;
            at += skip;
            var c = _text[at];
            if (c == '>')
            {
                if (quote == '\0')
                    return at;
            }
            else if (c == quote)
            {
                quote = '\0';
            }
            else if (quote == '\0' && (at == start || _text[at - 1] is ' ' or '='))
            {
                quote = c;
            }
        }

        return -1;
    }

    private int ReadInstruction(int open)
    {
        var close = _text.IndexOf('>', open + 2);
        if (close < 0)
            return open;
        FlushPendingEnd();
        return close + 1;
    }

    private int ReadDeclaration(int open)
    {
        var at = open + 2;
        var c = At(at);
        if (c == '-')
        {
            if (at + 1 == _text.Length)
                return open;
            if (_text[at + 1] == '-')
                return ReadComment(open, at + 2);
        }
        else if (c == '[')
        {
            if (ReadMarkedSection(open) is var next and >= 0)
                return next;
        }
        else if (c == '>')
        {
            ReportComment(_text.AsSpan(open, 3));
            return open + 3;
        }
        else if (char.IsAsciiLetter(c))
        {
            var end = at + 1;
            while (end < _text.Length && IsNameChar(_text[end]))
                end++;
            if (end == _text.Length)
                return open;
            var name = _text.AsSpan(at, end - at);
            if (Octets.EqualsIgnoreCase(name, "DOCTYPE") || Octets.EqualsIgnoreCase(name, "ENTITY"))
            {
                at = end;
                var close = FindDeclarationEnd(ref at);
                if (close == -1)
                    return open;
                if (close >= 0)
                {
                    FlushPendingEnd();
                    if (_section != MarkedSection.Ignore)
                        reader.Declaration(_text.AsSpan(open, close + 1 - open));
                    return close + 1;
                }
            }
        }

        // Anything else is a comment up to the first ">".
        var gt = _text.IndexOf('>', at);
        if (gt < 0)
            return open;
        ReportComment(_text.AsSpan(open, gt + 1 - open));
        return gt + 1;
    }

    // Words, quoted strings and comments up to ">": its place, −1 if it has not come, −2 if this is no declaration.
    private int FindDeclarationEnd(ref int at)
    {
        while (true)
        {
            at = SkipBlanks(at);
            if (at == _text.Length)
                return -1;
            switch (_text[at])
            {
                case '>':
                    return at;
                case '"' or '\'':
                    at = _text.IndexOf(_text[at], at + 1);
                    if (at < 0)
                        return -1;
                    at++;
                    break;
                case '-':
                    if (at + 1 == _text.Length)
                        return -1;
                    if (_text[at + 1] != '-')
                        return -2;
                    at = FindDashes(at + 2);
                    if (at < 0)
                        return -1;
                    break;
                default:
                    at++;
                    while (at < _text.Length && !IsBlank(_text[at]) && _text[at] != '>')
                        at++;
                    break;
            }
        }
    }

    // Behind the next "--".
    private int FindDashes(int at)
    {
        while (true)
        {
            at = _text.IndexOf('-', at);
            if (at < 0 || at + 1 == _text.Length)
                return -1;
            if (_text[at + 1] == '-')
                return at + 2;
            at++;
        }
    }

    private int ReadComment(int open, int content)
    {
        if (_endsCommentsAnywhere)
        {
            var close = _text.IndexOf('>', content);
            if (close < 0)
                return open;
            ReportComment(_text.AsSpan(open, close + 1 - open));
            return close + 1;
        }

        // "--", blanks, ">"
        for (var at = content; ; at++)
        {
            at = _text.IndexOf('-', at);
            if (at < 0)
                return open;
            if (At(at + 1) != '-')
                continue;
            var close = SkipBlanks(at + 2);
            if (close == _text.Length)
                return open;
            if (_text[close] != '>')
                continue;

            ReportComment(_text.AsSpan(open, close + 1 - open));
            return close + 1;
        }
    }

    // <![ names [ … ]]>: the place behind the second bracket, the start when it is not whole, −1 if it is none.
    private int ReadMarkedSection(int open)
    {
        var at = open + 3;
        var section = MarkedSection.None;
        var hasNames = false;
        while (true)
        {
            at = SkipBlanks(at);
            while (IsNameStart(At(at)))
            {
                var name = at;
                while (IsNameChar(At(at)))
                    at++;
                var word = Octets.Lower(_text[name..at]);
                at = SkipBlanks(at);
                if (at == _text.Length)
                    return open;
                hasNames = true;
                var kind = word switch
                {
                    "include" => MarkedSection.Include,
                    "rcdata" => MarkedSection.RcData,
                    "cdata" => MarkedSection.CData,
                    "ignore" => MarkedSection.Ignore,
                    _ => MarkedSection.None,
                };
                section = kind > section ? kind : section;
            }

            if (At(at) != '-')
                break;
            if (At(at + 1) != '-')
                return -1;
            at = FindDashes(at + 2);
            if (at < 0)
                return open;
        }

        if (At(at) != '[')
            return -1;
        FlushPendingEnd();
        section = hasNames ? section : MarkedSection.Include;
        _sections.Push(section > _section ? section : _section);
        UpdateSection();
        return at + 1;
    }

    private void LeaveSection()
    {
        _sections.TryPop(out _);
        UpdateSection();
    }

    // Of the sections that are open the strictest counts; each knows the strictest of those around it.
    private void UpdateSection()
    {
        _section = _sections.TryPeek(out var section) ? section : MarkedSection.None;
        _isCData = _section == MarkedSection.CData;
    }

    private int SkipBlanks(int at)
    {
        while (at < _text.Length && IsBlank(_text[at]))
            at++;
        return at;
    }

    private void FlushPendingEnd()
    {
        if (_pendingEnd is not { } name)
            return;
        _pendingEnd = null;
        Report(name);
    }

    private void Report(ReadOnlySpan<char> endTag)
    {
        if (_section != MarkedSection.Ignore)
            reader.End(endTag);
    }

    private void ReportText(ReadOnlySpan<char> text)
    {
        if (_section != MarkedSection.Ignore)
            reader.Text(text, _isCData);
    }

    private void ReportComment(ReadOnlySpan<char> source)
    {
        if (_section != MarkedSection.Ignore)
            reader.Comment(source);
    }
}
