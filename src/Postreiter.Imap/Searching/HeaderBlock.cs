using System.Text;
using MimeKit.Utils;
using Postreiter.Imap.Syntax;

namespace Postreiter.Imap.Searching;

/// <summary>The fields of a header block for SEARCH (RFC 5322 §2.2), their values decoded (RFC 2047).</summary>
internal static class HeaderBlock
{
    // L4: more than this of one field is not looked at.
    private const int MaxFieldBytes = 64 * 1024;

    // L15: those after it are looked at as they stand.
    private const int MaxEncodedWords = 1000;

    /// <summary>Calls back for each field with its name and its folded value.</summary>
    /// <param name="block">The bytes.</param>
    /// <param name="isWanted">Whether a field of a name is to be decoded.</param>
    /// <param name="take">Takes name and value.</param>
    public static void Read(byte[] block, Func<string, bool> isWanted, Action<string, string> take)
    {
        for (var start = 0; start < block.Length; )
        {
            var end = FieldEnd(block, start);
            var field = block.AsSpan(start, end - start);
            var colon = field.IndexOf((byte)':');
            if (colon > 0)
            {
                var name = Encoding.Latin1.GetString(field[..colon].TrimEnd(" \t"u8));
                if (isWanted(name))
                {
                    var length = Math.Min(field.Length - colon - 1, MaxFieldBytes);
                    take(name, Decode(block, start + colon + 1, length));
                }
            }

            start = end;
        }
    }

    /// <summary>A value as people read it, folded.</summary>
    public static string Decode(string value) =>
        // Pure ASCII without an encoded word stays as it is; most values are.
        Ascii.IsValid(value) && !value.Contains("=?", StringComparison.Ordinal)
            ? SearchText.Fold(value.Trim())
            : Decode(Encoding.UTF8.GetBytes(value), 0, -1);

    private static string Decode(byte[] bytes, int start, int length)
    {
        var value = length < 0 ? bytes.AsSpan(start) : bytes.AsSpan(start, length);
        if (Ascii.IsValid(value) && value.IndexOf("=?"u8) < 0)
            return SearchText.Fold(Encoding.ASCII.GetString(value).Trim());
        var end = EncodedEnd(value);
        var decoded = Rfc2047.DecodeText(value[..end].ToArray()) + Encoding.Latin1.GetString(value[end..]);
        return SearchText.Fold(decoded.Trim());
    }

    // Where the encoded words that are decoded end (RFC 2047 §2).
    private static int EncodedEnd(ReadOnlySpan<byte> value)
    {
        var at = 0;
        for (var words = 0; value[at..].IndexOf("=?"u8) is >= 0 and var next; at += next + 2)
        {
            if (words++ == MaxEncodedWords)
                return at + next;
            // The end of a word may be the beginning of what looks like another: "?=?".
            if (value[(at + next + 2)..].IndexOf("?="u8) < 0)
                break;
        }

        return value.Length;
    }

    // The end of the line that is not followed by white space.
    private static int FieldEnd(byte[] block, int start)
    {
        for (var at = start; ; )
        {
            var line = block.AsSpan(at).IndexOf((byte)'\n');
            if (line < 0)
                return block.Length;
            at += line + 1;
            if (at == block.Length || block[at] is not ((byte)' ' or (byte)'\t'))
                return at;
        }
    }
}
