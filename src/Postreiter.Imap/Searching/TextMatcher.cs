namespace Postreiter.Imap.Searching;

/// <summary>
/// Finds one folded text in folded texts that go by in pieces, each character looked at once (P10): Knuth, Morris, Pratt.
/// </summary>
internal sealed class TextMatcher
{
    private readonly string _text;
    private readonly int[] _fallback;
    private int _matched;

    public TextMatcher(string text)
    {
        _text = text;
        _fallback = new int[text.Length];
        for (int i = 1, length = 0; i < text.Length; i++)
        {
            while (length > 0 && text[i] != text[length])
                length = _fallback[length - 1];
            if (text[i] == text[length])
                length++;
            _fallback[i] = length;
        }

        IsFound = text.Length == 0;
    }

    /// <summary>Whether it has been seen.</summary>
    public bool IsFound { get; private set; }

    /// <summary>The next characters.</summary>
    public void Append(ReadOnlySpan<char> piece)
    {
        if (IsFound)
            return;
        for (var at = 0; at < piece.Length; at++)
        {
            if (_matched == 0)
            {
                var next = piece[at..].IndexOf(_text[0]);
                if (next < 0)
                    return;
                at += next;
            }

            while (_matched > 0 && piece[at] != _text[_matched])
                _matched = _fallback[_matched - 1];
            if (piece[at] == _text[_matched])
                _matched++;
            if (_matched == _text.Length)
            {
                IsFound = true;
                return;
            }
        }
    }

    /// <summary>Another text begins; no match reaches over the gap.</summary>
    public void Restart() => _matched = 0;

    /// <summary>Another message begins.</summary>
    public void Reset() => (_matched, IsFound) = (0, _text.Length == 0);
}
