using System.Text;

namespace Postreiter.Imap.Syntax;

/// <summary>Mailbox names of RFC 3501 clients: modified UTF-7 (RFC 3501 §5.1.3).</summary>
public static class ModifiedUtf7
{
    /// <summary>Writes a name in printable ASCII.</summary>
    public static string Encode(string name)
    {
        var result = new StringBuilder(name.Length);
        for (var i = 0; i < name.Length; )
        {
            if (name[i] is >= ' ' and <= '~')
            {
                result.Append(name[i] == '&' ? "&-" : name[i].ToString());
                i++;
                continue;
            }

            var end = i;
            while (end < name.Length && name[end] is < ' ' or > '~')
                end++;
            var base64 = Convert.ToBase64String(Encoding.BigEndianUnicode.GetBytes(name[i..end]));
            result.Append('&').Append(base64.TrimEnd('=').Replace('/', ',')).Append('-');
            i = end;
        }

        return result.ToString();
    }

    /// <summary>Reads a name; false for anything that <see cref="Encode"/> would not have written.</summary>
    public static bool TryDecode(ReadOnlySpan<byte> bytes, out string name)
    {
        name = "";
        if (bytes.ContainsAnyExceptInRange((byte)' ', (byte)'~'))
            return false;
        var text = Encoding.ASCII.GetString(bytes);
        var result = new StringBuilder(text.Length);
        for (var i = 0; i < text.Length; i++)
        {
            if (text[i] != '&')
            {
                result.Append(text[i]);
                continue;
            }

            var end = text.IndexOf('-', i);
            if (end < 0)
                return false;
            if (end == i + 1)
                result.Append('&');
            else if (!TryDecodeRun(text[(i + 1)..end], result))
                return false;
            i = end;
        }

        name = result.ToString();
        // One spelling for each name: no superfluous shifts, no printable ASCII in base64 (RFC 3501 §5.1.3).
        return string.Equals(Encode(name), text, StringComparison.Ordinal);
    }

    private static bool TryDecodeRun(string run, StringBuilder result)
    {
        var base64 = run.Replace(',', '/');
        var buffer = new byte[base64.Length];
        if (
            run.Contains('/', StringComparison.Ordinal)
            || !Convert.TryFromBase64String(base64.PadRight((base64.Length + 3) / 4 * 4, '='), buffer, out var length)
            || length % 2 != 0
        )
            return false;
        result.Append(Encoding.BigEndianUnicode.GetString(buffer, 0, length));
        return true;
    }
}
