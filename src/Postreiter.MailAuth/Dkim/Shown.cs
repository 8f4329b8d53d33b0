using System.Text;

namespace Postreiter.MailAuth.Dkim;

/// <summary>A stranger's text in a reason: short, and without characters that would move a terminal or end a header line.</summary>
internal static class Shown
{
    private const int MaxLength = 100;

    public static string Text(ReadOnlySpan<byte> text) => Text(Encoding.UTF8.GetString(Start(text)));

    public static string Text(string text)
    {
        var shown = new StringBuilder(Math.Min(text.Length, MaxLength + 1));
        foreach (var c in text.AsSpan(0, Math.Min(text.Length, MaxLength)))
            shown.Append(char.IsControl(c) || char.IsSurrogate(c) || c is '\u2028' or '\u2029' ? '?' : c);
        return text.Length > MaxLength ? shown.Append('…').ToString() : shown.ToString();
    }

    // Enough octets for one character more than is shown.
    private static ReadOnlySpan<byte> Start(ReadOnlySpan<byte> text) =>
        text[..Math.Min(text.Length, 4 * (MaxLength + 1))];
}
