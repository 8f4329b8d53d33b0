using System.Diagnostics.CodeAnalysis;

namespace Postreiter.Messages.Parsing;

/// <summary>
/// Words of structured header fields: tokens (RFC 2045 §5.1), quoted strings and comments (RFC 5322 §3.2). White space, line ends
/// and comments between words are passed over. Linear in the length of the value.
/// </summary>
internal ref struct TokenReader(ReadOnlySpan<byte> value)
{
    private ReadOnlySpan<byte> _rest = value;

    /// <summary>A token: no space, control, or one of <c>()&lt;&gt;@,;:\"/[]?=</c>.</summary>
    public bool TryToken([NotNullWhen(true)] out string? token)
    {
        SkipSpace();
        var length = 0;
        while (length < _rest.Length && IsTokenByte(_rest[length]))
            length++;
        token = length == 0 ? null : HeaderText.Read(_rest[..length]);
        _rest = _rest[length..];
        return token is not null;
    }

    /// <summary>A quoted string without its quotes and backslashes, or what stands up to the next semicolon or space.</summary>
    public bool TryValue([NotNullWhen(true)] out string? text)
    {
        SkipSpace();
        text = null;
        if (_rest.IsEmpty)
            return false;
        if (_rest[0] == '"')
        {
            text = Quoted();
            return true;
        }

        // Many senders forget the quotes around names with slashes or brackets; only a space or semicolon ends such a value.
        var end = _rest.IndexOfAny(" \t\r\n;"u8);
        if (end < 0)
            end = _rest.Length;
        if (end == 0)
            return false;
        text = HeaderText.Read(_rest[..end]);
        _rest = _rest[end..];
        return true;
    }

    /// <summary>One special character.</summary>
    public bool TrySpecial(char special)
    {
        SkipSpace();
        if (_rest.IsEmpty || _rest[0] != special)
            return false;
        _rest = _rest[1..];
        return true;
    }

    /// <summary>Moves behind the next such character that is not in a quoted string or comment.</summary>
    public bool TrySkipTo(char special)
    {
        while (true)
        {
            SkipSpace();
            if (_rest.IsEmpty)
                return false;
            var b = _rest[0];
            if (b == '"')
            {
                Quoted();
                continue;
            }

            _rest = _rest[1..];
            if (b == special)
                return true;
        }
    }

    private string Quoted()
    {
        var bytes = new byte[_rest.Length];
        var length = 0;
        var i = 1;
        for (; i < _rest.Length && _rest[i] != '"'; i++)
        {
            if (_rest[i] is (byte)'\r' or (byte)'\n')
                continue;
            if (_rest[i] == '\\' && i + 1 < _rest.Length)
                i++;
            bytes[length++] = _rest[i];
        }

        _rest = _rest[Math.Min(i + 1, _rest.Length)..];
        return HeaderText.Read(bytes.AsSpan(0, length));
    }

    private void SkipSpace()
    {
        while (true)
        {
            _rest = _rest.TrimStart(" \t\r\n\0"u8);
            if (_rest.IsEmpty || _rest[0] != '(')
                return;
            SkipComment();
        }
    }

    // Comments nest (RFC 5322 §3.2.2); counted, not recursed into.
    private void SkipComment()
    {
        var depth = 0;
        for (var i = 0; i < _rest.Length; i++)
        {
            switch (_rest[i])
            {
                case (byte)'\\':
                    i++;
                    break;
                case (byte)'(':
                    depth++;
                    break;
                case (byte)')' when --depth == 0:
                    _rest = _rest[(i + 1)..];
                    return;
                default:
                    break;
            }
        }

        _rest = [];
    }

    private static bool IsTokenByte(byte b) => b > 32 && b != 127 && !"()<>@,;:\\\"/[]?="u8.Contains(b);
}
