using System.Text;
using Postreiter.Core;

namespace Postreiter.MailAuth.Dmarc;

/// <summary>Finds the domains in a list of mailboxes (RFC 5322 §3.4, §4.4), one pass, nothing copied but them.</summary>
internal ref struct AuthorList
{
    private readonly List<string> _domains;
    private readonly int _most;
    private readonly StringBuilder _bare = new();
    private ReadOnlySpan<char> _rest;
    private bool _hasBrackets;
    private bool _isReadable = true;

    private AuthorList(ReadOnlySpan<char> text, List<string> domains, int most)
    {
        _rest = text;
        _domains = domains;
        _most = most;
    }

    /// <summary>Adds the domains of a field's value to those known.</summary>
    /// <returns>False when an element of the list names no domain.</returns>
    public static bool TryRead(ReadOnlySpan<char> value, List<string> domains, int most)
    {
        var list = new AuthorList(value, domains, most);
        list.Read();
        return list._isReadable;
    }

    private void Read()
    {
        while (!_rest.IsEmpty && _domains.Count < _most)
        {
            var c = _rest[0];
            if (c == '(')
            {
                SkipComment();
                continue;
            }

            if (c == '"')
            {
                _bare.Append(TakeQuoted());
                continue;
            }

            if (c == '<')
            {
                _hasBrackets = true;
                Add(TakeBrackets());
                continue;
            }

            _rest = _rest[1..];
            if (c is ',' or ';')
                EndElement();
            else if (c == ':')
                // A group's name (RFC 6854 allows groups in From).
                _bare.Clear();
            else
                _bare.Append(c);
        }

        EndElement();
    }

    private void EndElement()
    {
        if (!_hasBrackets && _bare.ToString() is var text && !string.IsNullOrWhiteSpace(text))
            Add(text);
        _hasBrackets = false;
        _bare.Clear();
    }

    private void Add(ReadOnlySpan<char> address)
    {
        var domain = address[(address.LastIndexOf('@') + 1)..];
        var text = string.Concat(domain.ToString().Where(static c => c is not (' ' or '\t' or '\r' or '\n')));
        if (!address.Contains('@') || !DomainName.TryParse(text, out var name))
            _isReadable = false;
        else if (!_domains.Contains(name.Ascii))
            _domains.Add(name.Ascii);
    }

    // With comments inside taken out; quotes keep theirs.
    private string TakeBrackets()
    {
        var text = new StringBuilder();
        _rest = _rest[1..];
        while (!_rest.IsEmpty)
        {
            var c = _rest[0];
            if (c == '"')
            {
                text.Append(TakeQuoted());
                continue;
            }

            if (c == '(')
            {
                SkipComment();
                continue;
            }

            _rest = _rest[1..];
            if (c == '>')
                break;
            text.Append(c);
        }

        return text.ToString();
    }

    // The quoted string without its text, which may hold "@" and names no domain.
    private string TakeQuoted()
    {
        var i = 1;
        for (; i < _rest.Length && _rest[i] != '"'; i++)
        {
            if (_rest[i] == '\\')
                i++;
        }

        _rest = _rest[Math.Min(i + 1, _rest.Length)..];
        return "q";
    }

    private void SkipComment()
    {
        var depth = 0;
        for (var i = 0; i < _rest.Length; i++)
        {
            if (_rest[i] == '\\')
                i++;
            else if (_rest[i] == '(')
                depth++;
            else if (_rest[i] == ')' && --depth == 0)
            {
                _rest = _rest[(i + 1)..];
                return;
            }
        }

        // Never closed: readers differ in what they make of the rest.
        _rest = [];
        _isReadable = false;
    }
}
