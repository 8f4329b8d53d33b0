using Postreiter.Spam.Mail;

namespace Postreiter.Spam.Text.Html;

/// <content>Tags and processing instructions.</content>
internal partial class HtmlTokenizer
{
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
        var text = _text;
        var at = open + 1;
        while (at < text.Length && !IsBlank(text[at]) && text[at] != '>')
            at++;
        var nameEnd = at;
        at = SkipBlanks(at);
        if (at == text.Length)
            return open;
        _attributes.Clear(text);
        while (text[at] != '>')
        {
            var name = at++;
            while (at < text.Length && !IsBlank(text[at]) && text[at] is not ('>' or '='))
                at++;
            if (at == text.Length)
                return open;
            var end = at;
            at = SkipBlanks(at);
            if (at == text.Length)
                return open;
            if (text[at] != '=')
            {
                _attributes.Add(name..end, name..end, isValueGiven: false);
                continue;
            }

            at = SkipBlanks(at + 1);
            if (at == text.Length)
                return open;
            var value = at;
            if (text[at] == '>')
            {
                _attributes.Add(name..end, value..value, isValueGiven: true);
                break;
            }

            if (text[at] is '"' or '\'')
            {
                var close = text.IndexOf(text[at], at + 1);
                if (close < 0)
                    return open;
                _attributes.Add(name..end, (value + 1)..close, isValueGiven: true);
                at = close + 1;
            }
            else
            {
                while (at < text.Length && !IsBlank(text[at]) && text[at] != '>')
                    at++;
                if (at == text.Length)
                    return open;
                _attributes.Add(name..end, value..at, isValueGiven: true);
            }

            at = SkipBlanks(at);
            if (at == text.Length)
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
}
