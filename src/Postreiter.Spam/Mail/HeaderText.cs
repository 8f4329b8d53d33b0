using System.Text;
using Postreiter.Spam.Text;

namespace Postreiter.Spam.Mail;

/// <summary>What a header's value says: unfolding, encoded words (RFC 2047) and raw 8-bit text, all to UTF-8 octets.</summary>
internal static class HeaderText
{
    private static readonly string[] NeverEncoded =
    [
        "received",
        "message-id",
        "resent-message-id",
        "date",
        "resent-date",
        "mime-version",
        "references",
        "in-reply-to",
    ];

    /// <summary>One line of a folded value: each line end with the blanks behind it is one space, none at the ends.</summary>
    public static string Unfold(string raw)
    {
        if (!raw.Contains('\n', StringComparison.Ordinal))
            return Octets.Trim(raw).ToString();
        var to = new StringBuilder(raw.Length);
        for (var i = 0; i < raw.Length; i++)
        {
            if (raw[i] == '\n' && i + 1 < raw.Length && raw[i + 1] is ' ' or '\t')
            {
                while (i + 1 < raw.Length && raw[i + 1] is ' ' or '\t')
                    i++;
                to.Append(' ');
            }
            else
            {
                to.Append(raw[i]);
            }
        }

        return Octets.Trim(to.ToString()).ToString();
    }

    /// <summary>Decodes a value, or the display name out of one.</summary>
    /// <param name="value">Octets.</param>
    /// <param name="name">The field's name: ids, dates and traces have no encoded words.</param>
    public static string Decode(string value, string name)
    {
        if (value.Length == 0)
            return "";
        if (value.Contains('\n', StringComparison.Ordinal))
            value = WithoutLineEnds(value);
        if (Octets.HasHigh(value))
            value = Charset.ToUtf8(value, "UTF-8", insist: false);
        if (!value.Contains("=?", StringComparison.Ordinal) || IsNeverEncoded(name))
            return value;
        return DecodeWords(JoinWords(value));
    }

    private static bool IsNeverEncoded(string name) =>
        name.StartsWith("List-", StringComparison.OrdinalIgnoreCase)
        || Array.Exists(NeverEncoded, never => Octets.EqualsIgnoreCase(never, name));

    private static string WithoutLineEnds(string value)
    {
        var to = new StringBuilder(value.Length);
        for (var i = 0; i < value.Length; i++)
        {
            if (value[i] == '\r' && i + 1 < value.Length && value[i + 1] == '\n')
                continue;
            if (value[i] == '\t' && i > 0 && value[i - 1] == '\n')
                to.Append(' ');
            else if (value[i] != '\n')
                to.Append(value[i]);
        }

        return to.ToString();
    }

    // RFC 2047 §6.2: blanks between encoded words are no text.
    private static string JoinWords(string value)
    {
        var to = new StringBuilder(value.Length);
        var at = 0;
        while (at < value.Length)
        {
            if (!TryWord(value, at, out var word))
            {
                to.Append(value[at++]);
                continue;
            }

            to.Append(value, at, word.End - at);
            at = word.End;
            var next = at;
            while (next < value.Length && Octets.IsBlank(value[next]))
                next++;
            if (next > at && TryWord(value, next, out _))
                at = next;
        }

        return to.ToString();
    }

    // Words of one charset are put together before they are read: senders cut in the middle of a character (RFC 2047 §5 forbids it).
    private static string DecodeWords(string value)
    {
        var to = new StringBuilder(value.Length);
        var section = new StringBuilder();
        var charset = "";
        var at = 0;
        while (at < value.Length)
        {
            if (TryWord(value, at, out var word))
            {
                var own = Octets.Lower(value[word.Charset]);
                if (own != charset)
                    Flush(own);
                section.Append(
                    value[word.Encoding] is 'b' or 'B'
                        ? TransferDecoding.Base64(value.AsSpan()[word.Content])
                        : TransferDecoding.QuotedPrintable(
                            value[word.Content].Replace("_", "=20", StringComparison.Ordinal)
                        )
                );
                at = word.End;
                continue;
            }

            if (charset.Length > 0)
                Flush("");
            // Up to the next "=", or that "=" alone.
            var next = value.IndexOf('=', at);
            next = next < 0 ? value.Length : Math.Max(next, at + 1);
            section.Append(value, at, next - at);
            at = next;
        }

        Flush("");
        return to.ToString();

        void Flush(string next)
        {
            // RFC 2231 §5: a language may follow the charset.
            var plain = charset.Split('*', 2)[0];
            if (section.Length > 0)
                to.Append(
                    plain.Length == 0 ? section.ToString() : Charset.ToUtf8(section.ToString(), plain, insist: true)
                );
            section.Clear();
            charset = next;
        }
    }

    // "=?charset?B or Q?text?="
    private static bool TryWord(string value, int at, out EncodedWord word)
    {
        word = default;
        if (string.CompareOrdinal(value, at, "=?", 0, 2) != 0)
            return false;
        var text = value.AsSpan();
        var i = at + 2;
        while (i < text.Length && (char.IsAsciiLetterOrDigit(text[i]) || text[i] is '*' or '_' or '-'))
            i++;
        var charset = (at + 2)..i;
        if (i == at + 2 || i + 2 >= text.Length || text[i] != '?' || text[i + 1] is not ('b' or 'q' or 'B' or 'Q'))
            return false;
        if (text[i + 2] != '?')
            return false;
        var start = i + 3;
        var end = text[start..].IndexOf('?');
        if (end < 0 || start + end + 1 >= text.Length || text[start + end + 1] != '=')
            return false;
        word = new EncodedWord(charset, i + 1, start..(start + end), start + end + 2);
        return true;
    }

    private readonly record struct EncodedWord(Range Charset, int Encoding, Range Content, int End);
}
