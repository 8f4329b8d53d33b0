using System.Text;

namespace Postreiter.Messages.Parsing;

/// <summary>
/// Reads an address list (RFC 5322 §3.4) leniently: what is no address is left out or becomes a name, nothing is an error.
/// Linear in the length of the value.
/// </summary>
internal ref struct AddressListReader
{
    private readonly List<EnvelopeAddress> _addresses;
    private readonly int _most;
    private readonly StringBuilder _words;
    private ReadOnlySpan<char> _rest;
    private string? _comment;
    private string? _route;
    private bool _inGroup;

    private AddressListReader(ReadOnlySpan<char> text, int most)
    {
        _rest = text;
        _most = most;
        _addresses = [];
        _words = new StringBuilder();
    }

    /// <summary>The addresses, at most as many as given.</summary>
    public static List<EnvelopeAddress> Read(ReadOnlySpan<byte> value, int most)
    {
        var reader = new AddressListReader(HeaderText.Unfold(value), most);
        reader.ReadList();
        return reader._addresses;
    }

    private void ReadList()
    {
        while (!_rest.IsEmpty && _addresses.Count < _most)
        {
            var c = _rest[0];
            switch (c)
            {
                case ',':
                    EndAddress();
                    _rest = _rest[1..];
                    break;
                case ';' when _inGroup:
                    EndAddress();
                    _addresses.Add(new EnvelopeAddress(null, null, null));
                    _inGroup = false;
                    _rest = _rest[1..];
                    break;
                case ':' when !_inGroup && _route is null:
                    _addresses.Add(new EnvelopeAddress(null, Words() ?? "", null));
                    _inGroup = true;
                    _rest = _rest[1..];
                    break;
                case '<':
                    ReadRoute();
                    break;
                case '(':
                    _comment = ReadComment() ?? _comment;
                    break;
                case '"':
                    ReadQuoted();
                    break;
                default:
                    _words.Append(c);
                    _rest = _rest[1..];
                    break;
            }
        }

        EndAddress();
        if (_inGroup && _addresses.Count < _most)
            _addresses.Add(new EnvelopeAddress(null, null, null));
    }

    private void EndAddress()
    {
        var words = Words();
        if (_route is { } route)
            Add(words, route);
        else if (words is not null)
            Add(_comment, words);
        (_route, _comment) = (null, null);
    }

    private readonly void Add(string? name, string address)
    {
        // An old source route stands before a colon (RFC 5322 §4.4).
        if (address.StartsWith('@') && address.IndexOf(':', StringComparison.Ordinal) is > 0 and var colon)
            address = address[(colon + 1)..];
        var at = address.LastIndexOf('@');
        var mailbox = Unquote((at < 0 ? address : address[..at]).Trim());
        var host = at < 0 ? "" : address[(at + 1)..].Trim();
        // "MAILER-DAEMON <>" is how many servers sign their bounces: the name stays, and empty strings say that there is no
        // address, for NIL would make it a group (RFC 9051 §7.5.2).
        if (mailbox.Length > 0 || host.Length > 0 || !string.IsNullOrEmpty(name))
            _addresses.Add(new EnvelopeAddress(string.IsNullOrEmpty(name) ? null : name, mailbox, host));
    }

    private readonly string? Words()
    {
        var words = _words.ToString().Trim();
        _words.Clear();
        return words.Length == 0 ? null : words;
    }

    private void ReadRoute()
    {
        var inQuotes = false;
        for (var i = 1; i < _rest.Length; i++)
        {
            if (_rest[i] == '\\' && inQuotes)
            {
                i++;
            }
            else if (_rest[i] == '"')
            {
                inQuotes = !inQuotes;
            }
            else if (_rest[i] == '>' && !inQuotes)
            {
                _route ??= _rest[1..i].ToString();
                _rest = _rest[(i + 1)..];
                return;
            }
        }

        _route ??= _rest[1..].ToString();
        _rest = [];
    }

    // A quoted string is part of a display name (without quotes) or of a local part (with them, taken off in Add).
    private void ReadQuoted()
    {
        var text = new StringBuilder();
        var i = 1;
        for (; i < _rest.Length && _rest[i] != '"'; i++)
        {
            if (_rest[i] == '\\' && i + 1 < _rest.Length)
                i++;
            text.Append(_rest[i]);
        }

        _rest = _rest[Math.Min(i + 1, _rest.Length)..];
        _words.Append(text);
    }

    private string? ReadComment()
    {
        var text = new StringBuilder();
        var depth = 0;
        for (var i = 0; i < _rest.Length; i++)
        {
            var c = _rest[i];
            if (c == '\\' && i + 1 < _rest.Length)
            {
                text.Append(_rest[++i]);
                continue;
            }

            if (c == '(' && depth++ == 0)
                continue;
            if (c == ')' && --depth == 0)
            {
                _rest = _rest[(i + 1)..];
                return text.Length == 0 ? null : text.ToString().Trim();
            }

            text.Append(c);
        }

        _rest = [];
        return text.Length == 0 ? null : text.ToString().Trim();
    }

    private static string Unquote(string local)
    {
        if (local is not ['"', .., '"'])
            return local;
        var text = new StringBuilder();
        for (var i = 1; i < local.Length - 1; i++)
        {
            if (local[i] == '\\' && i + 1 < local.Length - 1)
                i++;
            text.Append(local[i]);
        }

        return text.ToString();
    }
}
