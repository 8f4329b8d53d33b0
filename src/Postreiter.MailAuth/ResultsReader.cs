using System.Buffers;
using System.Text;
using Postreiter.Core;

namespace Postreiter.MailAuth;

/// <summary>Reads Authentication-Results fields; linear, nothing recursive.</summary>
internal ref struct ResultsReader
{
    private const int MaxLength = 64 * 1024;
    private const int MaxResults = 200;
    private const int MaxProperties = 50;

    // token of RFC 2045 §5.1 without the dot between ptype and property, "/" being no part of a token anyway.
    private static readonly SearchValues<char> WordCharacters = SearchValues.Create(
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_"
    );

    private static readonly SearchValues<char> NameEnds = SearchValues.Create(" \t\r\n;(=\"");
    private static readonly SearchValues<char> ValueEnds = SearchValues.Create(" \t\r\n;(\"");

    private ReadOnlySpan<char> _rest;

    private ResultsReader(ReadOnlySpan<char> text) => _rest = text;

    /// <summary>As <see cref="AuthenticationResults.Read"/>.</summary>
    public static AuthenticationResults? Read(ReadOnlySpan<char> value)
    {
        var reader = new ResultsReader(value);
        return value.Length <= MaxLength && reader.TryReadField(out var results) ? results : null;
    }

    /// <summary>As <see cref="AuthenticationResults.Claims"/>.</summary>
    public static bool Claims(ReadOnlySpan<byte> value, IReadOnlyList<string> authservIds)
    {
        var text = Encoding.UTF8.GetString(value);
        var reader = new ResultsReader(text);
        // RFC 8601 §2.2: behind the name stands a version, a semicolon or the end.
        if (reader.TryReadName(out var id) && (reader._rest.IsEmpty || reader._rest[0] is ';' || reader.TryVersion()))
            return authservIds.Any(own => IsSame(id, own));
        var squeezed = string.Concat(text.Where(static c => !char.IsWhiteSpace(c) && c is not ('"' or '\\')));
        var plain = WithoutComments(squeezed);
        return authservIds.Any(own =>
            squeezed.Contains(own, StringComparison.OrdinalIgnoreCase)
            || plain.Contains(own, StringComparison.OrdinalIgnoreCase)
        );
    }

    private static bool IsSame(string id, string own)
    {
        if (id.TrimEnd('.').Equals(own.TrimEnd('.'), StringComparison.OrdinalIgnoreCase))
            return true;
        return DomainName.TryParse(id, out var left) && DomainName.TryParse(own, out var right) && left == right;
    }

    private static string WithoutComments(string text)
    {
        var plain = new StringBuilder(text.Length);
        var depth = 0;
        foreach (var c in text)
        {
            depth += c == '(' ? 1 : 0;
            if (depth == 0)
                plain.Append(c);
            depth -= c == ')' && depth > 0 ? 1 : 0;
        }

        return plain.ToString();
    }

    private bool TryReadField(out AuthenticationResults? results)
    {
        results = null;
        if (!TryReadName(out var id))
            return false;
        // "i=1;" in front (RFC 8617 §4.1.1): the name is a word then, and "=" no part of a version.
        if (id.Equals("i", StringComparison.OrdinalIgnoreCase) && _rest is ['=', ..])
        {
            _rest = _rest[1..];
            if (!SkipSpace() || TakeWord().Length == 0 || !SkipSpace() || _rest is not [';', ..])
                return false;
            _rest = _rest[1..];
            if (!TryReadName(out id))
                return false;
        }

        if (!_rest.IsEmpty && _rest[0] != ';' && !TryVersion())
            return false;
        var list = new List<AuthenticationResult>();
        while (_rest is [';', ..])
        {
            _rest = _rest[1..];
            if (!SkipSpace())
                return false;
            // A semicolon at the end is no result, though many write it.
            if (_rest.IsEmpty)
                break;
            if (list.Count == MaxResults || !TryReadResult(list))
                return false;
        }

        results = new AuthenticationResults(id, list);
        return _rest.IsEmpty;
    }

    // resinfo; "none" alone is no result.
    private bool TryReadResult(List<AuthenticationResult> list)
    {
        var method = TakeWord();
        if (method.IsEmpty || !SkipSpace())
            return false;
        if (method.Equals("none", StringComparison.OrdinalIgnoreCase) && (_rest.IsEmpty || _rest[0] == ';'))
            return true;
        if (_rest is ['/', ..])
        {
            _rest = _rest[1..];
            if (!SkipSpace() || TakeWord().IsEmpty || !SkipSpace())
                return false;
        }

        if (!TryTake('=') || !SkipSpace())
            return false;
        var result = TakeWord();
        if (result.IsEmpty || !SkipSpace())
            return false;
        var (reason, properties) = ("", new List<AuthenticationProperty>());
        while (!_rest.IsEmpty && _rest[0] != ';')
        {
            var type = TakeWord();
            if (type.IsEmpty || !SkipSpace())
                return false;
            if (type.Equals("reason", StringComparison.OrdinalIgnoreCase) && _rest is ['=', ..])
            {
                _rest = _rest[1..];
                if (!SkipSpace() || !TryValue(out reason))
                    return false;
            }
            else
            {
                if (!TryTake('.') || !SkipSpace())
                    return false;
                var name = TakeWord();
                if (name.IsEmpty || !SkipSpace() || !TryTake('=') || !SkipSpace() || !TryValue(out var value))
                    return false;
                if (properties.Count < MaxProperties)
                    properties.Add(new(Lower(type), Lower(name), value));
            }

            if (!SkipSpace())
                return false;
        }

        list.Add(new(Lower(method), Lower(result), reason, properties));
        return true;
    }

    // [CFWS] authserv-id [CFWS]
    private bool TryReadName(out string id)
    {
        id = "";
        if (!SkipSpace())
            return false;
        if (_rest is ['"', ..])
            return TryQuoted(out id) && SkipSpace();
        var end = _rest.IndexOfAny(NameEnds);
        id = (end < 0 ? _rest : _rest[..end]).ToString();
        _rest = end < 0 ? default : _rest[end..];
        return id.Length > 0 && SkipSpace();
    }

    private bool TryVersion()
    {
        var digits = _rest.IndexOfAnyExceptInRange('0', '9');
        digits = digits < 0 ? _rest.Length : digits;
        _rest = _rest[digits..];
        return digits > 0 && SkipSpace() && (_rest.IsEmpty || _rest[0] == ';');
    }

    // A token or quoted string; leniently also what stands unquoted up to the next space, and a quoted local part with its domain.
    private bool TryValue(out string value)
    {
        value = "";
        if (_rest is ['"', ..])
        {
            if (!TryQuoted(out value))
                return false;
            if (_rest is not ['@', ..])
                return true;
        }

        var end = _rest.IndexOfAny(ValueEnds);
        value += (end < 0 ? _rest : _rest[..end]).ToString();
        _rest = end < 0 ? default : _rest[end..];
        return value.Length > 0;
    }

    private bool TryQuoted(out string value)
    {
        value = "";
        var text = new StringBuilder();
        for (var i = 1; i < _rest.Length; i++)
        {
            var c = _rest[i];
            if (c == '"')
            {
                value = text.ToString();
                _rest = _rest[(i + 1)..];
                return true;
            }

            if (c == '\\' && ++i < _rest.Length)
                c = _rest[i];
            // The line ends of a folded string are no part of it (RFC 5322 §3.2.4).
            if (c is not ('\r' or '\n'))
                text.Append(c);
        }

        return false;
    }

    private bool TryTake(char c)
    {
        if (_rest.IsEmpty || _rest[0] != c)
            return false;
        _rest = _rest[1..];
        return true;
    }

    private ReadOnlySpan<char> TakeWord()
    {
        var end = _rest.IndexOfAnyExcept(WordCharacters);
        var word = end < 0 ? _rest : _rest[..end];
        _rest = _rest[word.Length..];
        return word;
    }

    // CFWS: false for a comment that never ends.
    private bool SkipSpace()
    {
        var depth = 0;
        for (var i = 0; i < _rest.Length; i++)
        {
            var c = _rest[i];
            if (c == '(')
                depth++;
            else if (c == ')' && depth > 0)
                depth--;
            else if (c == '\\' && depth > 0)
                i++;
            else if (depth == 0 && c is not (' ' or '\t' or '\r' or '\n'))
            {
                _rest = _rest[i..];
                return true;
            }
        }

        _rest = default;
        return depth == 0;
    }

    private static string Lower(ReadOnlySpan<char> word) => word.ToString().ToLowerInvariant();
}
