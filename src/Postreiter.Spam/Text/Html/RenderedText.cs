using System.Buffers;
using System.Text;

namespace Postreiter.Spam.Text.Html;

/// <summary>The text that HTML shows, as pieces: which of them are only white space, and which cannot be seen.</summary>
/// <param name="length">Characters that are expected.</param>
internal sealed class RenderedText(int length)
{
    private static readonly SearchValues<char> Blanks = SearchValues.Create(" \t\n\v\f\r\u00C2");

    private readonly List<Piece> _pieces = [];
    private char[] _buffer = new char[Math.Max(length, 256)];
    private int _length;
    private string? _all;

    /// <summary>Whether the whole is characters; else it is octets.</summary>
    public bool IsCharacters { get; private set; }

    public bool IsEmpty => _pieces.Count == 0;

    /// <summary>Whether some of it cannot be seen.</summary>
    public bool HasInvisible { get; private set; }

    /// <summary>The piece that came last.</summary>
    public ReadOnlySpan<char> Last => _buffer.AsSpan(_pieces[^1].Start, _length - _pieces[^1].Start);

    /// <summary>Whether the last piece is characters.</summary>
    public bool IsLastCharacters => _pieces[^1].IsCharacters;

    private bool IsLastBlank => _pieces.Count > 0 && _pieces[^1].IsBlank;

    /// <summary>White space of an element; a blank at the end of the visible text before it goes.</summary>
    public void AddBlank(string text)
    {
        if (_pieces.Count > 0 && _pieces[^1] is { IsBlank: false, IsInvisible: false } && Last is [.., ' '])
            _length--;
        _all = null;
        _pieces.Add(new Piece(_length, IsBlank: true, IsInvisible: false, IsCharacters: false));
        Append(text);
    }

    /// <summary>Text, with runs of white space as one space; after white space a visible one begins without.</summary>
    public void AddText(ReadOnlySpan<char> text, bool isInvisible, bool isCharacters)
    {
        var dropsBlank = IsLastBlank && !isInvisible;
        _pieces.Add(new Piece(_length, IsBlank: false, isInvisible, isCharacters));
        IsCharacters |= isCharacters;
        HasInvisible |= isInvisible;
        _all = null;
        Reserve(text.Length);
        var start = _length;
        var at = 0;
        while (at < text.Length)
        {
            var plain = text[at..].IndexOfAny(Blanks);
            if (plain < 0)
                plain = text.Length - at;
            text.Slice(at, plain).CopyTo(_buffer.AsSpan(_length));
            (at, _length) = (at + plain, _length + plain);
            if (at >= text.Length)
                break;
            var begin = at;
            while (at < text.Length && Mail.Octets.IsBlank(text[at]))
                at++;
            // A hard space in UTF-8 that was read as two characters is a blank too.
            var isHard = at == begin && at + 1 < text.Length && text[at + 1] == '\u00A0';
            at += isHard ? 2 : 0;
            if (at == begin)
                _buffer[_length++] = text[at++];
            else if (dropsBlank && _length == start)
                dropsBlank = false;
            else
                _buffer[_length++] = ' ';
        }
    }

    /// <summary>All of it.</summary>
    public string All() => _all ??= new string(_buffer, 0, _length);

    /// <summary>The pieces that can be seen, or those that cannot.</summary>
    public string Only(bool isInvisible, out bool isCharacters)
    {
        var text = new StringBuilder();
        isCharacters = false;
        for (var i = 0; i < _pieces.Count; i++)
        {
            var end = i + 1 < _pieces.Count ? _pieces[i + 1].Start : _length;
            if (_pieces[i].IsInvisible != isInvisible)
                continue;
            text.Append(_buffer, _pieces[i].Start, end - _pieces[i].Start);
            isCharacters |= _pieces[i].IsCharacters;
        }

        return text.ToString();
    }

    private void Append(ReadOnlySpan<char> text)
    {
        Reserve(text.Length);
        text.CopyTo(_buffer.AsSpan(_length));
        _length += text.Length;
    }

    private void Reserve(int count)
    {
        if (_length + count > _buffer.Length)
            Array.Resize(ref _buffer, Math.Max(_buffer.Length * 2, _length + count));
    }

    private readonly record struct Piece(int Start, bool IsBlank, bool IsInvisible, bool IsCharacters);
}
