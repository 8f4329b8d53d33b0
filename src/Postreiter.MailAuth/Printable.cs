namespace Postreiter.MailAuth;

/// <summary>A stranger's text, fit for logs, reasons and header fields of ours.</summary>
internal static class Printable
{
    /// <summary>The first characters of a text, what is not printable ASCII as a question mark.</summary>
    public static string Cut(ReadOnlySpan<char> text, int most)
    {
        text = text[..Math.Min(text.Length, most)];
        return string.Create(
            text.Length,
            text,
            static (to, from) =>
            {
                for (var i = 0; i < from.Length; i++)
                    to[i] = from[i] is >= ' ' and <= '~' ? from[i] : '?';
            }
        );
    }
}
