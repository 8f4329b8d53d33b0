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
internal sealed partial class HtmlTokenizer(IHtmlReader reader)
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
