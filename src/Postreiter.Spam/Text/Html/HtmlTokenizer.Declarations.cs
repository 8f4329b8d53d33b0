using Postreiter.Spam.Mail;

namespace Postreiter.Spam.Text.Html;

/// <content>Declarations, comments and marked sections: what begins with &lt;!.</content>
internal partial class HtmlTokenizer
{
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
}
