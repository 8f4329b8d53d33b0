using System.Text;

namespace Postreiter.Imap.Syntax;

/// <summary>
/// Brings texts into the form in which SEARCH compares them: capitals, and runs of white space as one space, so that
/// folded lines do not hide a match. RFC 9051 §6.4.4 asks for no more than case in ASCII and allows this.
/// </summary>
internal sealed class SearchText
{
    private bool _wasSpace;

    /// <summary>A whole text.</summary>
    public static string Fold(string text)
    {
        var folded = new char[text.Length];
        return new string(folded, 0, new SearchText().Fold(text, folded));
    }

    /// <summary>The next piece of a text that goes by.</summary>
    /// <param name="text">The piece.</param>
    /// <param name="folded">At least as long; may be the same memory.</param>
    /// <returns>Characters written.</returns>
    public int Fold(ReadOnlySpan<char> text, Span<char> folded)
    {
        var length = 0;
        foreach (var c in text)
        {
            if (c is ' ' or '\t' or '\r' or '\n')
            {
                if (!_wasSpace)
                    folded[length++] = ' ';
                _wasSpace = true;
                continue;
            }

            _wasSpace = false;
            folded[length++] = char.ToUpperInvariant(c);
        }

        return length;
    }

    /// <summary>Another text begins.</summary>
    public void Restart() => _wasSpace = false;

    /// <summary>Reads a string of a command: UTF-8, of which US-ASCII is a part; null when it is neither.</summary>
    public static string? Read(byte[] bytes) =>
        System.Text.Unicode.Utf8.IsValid(bytes) ? Fold(Encoding.UTF8.GetString(bytes)) : null;
}
