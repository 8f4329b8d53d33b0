using System.Text;

namespace Postreiter.MailAuth.Dkim;

/// <summary>A stranger's text in a reason: its first 100 characters, printable ASCII only.</summary>
internal static class Shown
{
    private const int MaxLength = 100;

    public static string Text(ReadOnlySpan<byte> text) =>
        Text(Encoding.UTF8.GetString(text[..Math.Min(text.Length, 4 * MaxLength)]));

    public static string Text(string text) => Printable.Cut(text, MaxLength);
}
