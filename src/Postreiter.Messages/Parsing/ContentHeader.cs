using System.Globalization;
using System.Text;

namespace Postreiter.Messages.Parsing;

/// <summary>A structured value with parameters: Content-Type (RFC 2045 §5.1) or Content-Disposition (RFC 2183 §2).</summary>
internal sealed record ContentHeader(
    string Type,
    string Subtype,
    IReadOnlyList<KeyValuePair<string, string>> Parameters
)
{
    // L15.
    private const int MaxParameters = 128;

    /// <summary>What a part without a readable Content-Type is (RFC 2045 §5.2).</summary>
    public static readonly ContentHeader PlainText = new("text", "plain", [new("charset", "us-ascii")]);

    /// <summary>Bytes that nobody looks into.</summary>
    public static readonly ContentHeader OctetStream = new("application", "octet-stream", []);

    /// <summary>What a part of a digest is (RFC 2046 §5.1.5).</summary>
    public static readonly ContentHeader Message = new("message", "rfc822", []);

    /// <summary>Reads a Content-Type; null when it has no type and subtype.</summary>
    public static ContentHeader? ReadType(ReadOnlySpan<byte> value)
    {
        var reader = new TokenReader(value);
        return reader.TryToken(out var type) && reader.TrySpecial('/') && reader.TryToken(out var subtype)
            ? new ContentHeader(type.ToLowerInvariant(), subtype.ToLowerInvariant(), ReadParameters(ref reader))
            : null;
    }

    /// <summary>Reads a Content-Disposition; null when there is no token.</summary>
    public static ContentHeader? ReadDisposition(ReadOnlySpan<byte> value)
    {
        var reader = new TokenReader(value);
        return reader.TryToken(out var type)
            ? new ContentHeader(type.ToLowerInvariant(), "", ReadParameters(ref reader))
            : null;
    }

    /// <summary>The first token in lower case, or null.</summary>
    public static string? FirstToken(ReadOnlySpan<byte> value)
    {
        var reader = new TokenReader(value);
        return reader.TryToken(out var token) ? token.ToLowerInvariant() : null;
    }

    /// <summary>Tokens between commas (RFC 3282), at most 128.</summary>
    public static IReadOnlyList<string> Tokens(ReadOnlySpan<byte> value)
    {
        var tokens = new List<string>();
        var reader = new TokenReader(value);
        while (tokens.Count < MaxParameters && reader.TryToken(out var token))
        {
            tokens.Add(token);
            if (!reader.TrySpecial(','))
                break;
        }

        return tokens;
    }

    private static List<KeyValuePair<string, string>> ReadParameters(ref TokenReader reader)
    {
        var plain = new List<KeyValuePair<string, string>>();
        List<Piece>? pieces = null;
        for (var count = 0; count < MaxParameters && reader.TrySkipTo(';'); count++)
        {
            if (!reader.TryToken(out var name) || !reader.TrySpecial('=') || !reader.TryValue(out var value))
                continue;
            name = name.ToLowerInvariant();
            if (name.Contains('*', StringComparison.Ordinal))
                (pieces ??= []).Add(Piece.Of(name, value));
            else if (!plain.Exists(p => p.Key == name))
                plain.Add(new(name, value));
        }

        if (pieces is not null)
            Join(pieces, plain);
        return plain;
    }

    // RFC 2231 §3 and §4: name*, name*0, name*0*. What is given in this form wins over a plain one of the same name.
    private static void Join(List<Piece> pieces, List<KeyValuePair<string, string>> into)
    {
        foreach (var group in pieces.GroupBy(piece => piece.Name))
        {
            string? charset = null;
            var bytes = new List<byte>();
            var next = 0;
            foreach (var piece in group.OrderBy(piece => piece.Number))
            {
                if (piece.Number != next)
                    break;
                next++;
                var value = piece.Value;
                if (piece.IsEncoded && piece.Number == 0)
                {
                    var parts = value.Split('\'', 3);
                    if (parts.Length == 3)
                        (charset, value) = (parts[0], parts[2]);
                }

                AddBytes(bytes, value, piece.IsEncoded);
            }

            if (next == 0)
                continue;
            into.RemoveAll(p => p.Key == group.Key);
            into.Add(new(group.Key, Decode(charset, bytes.ToArray())));
        }
    }

    private static void AddBytes(List<byte> bytes, string value, bool isEncoded)
    {
        var raw = Encoding.UTF8.GetBytes(value);
        for (var i = 0; i < raw.Length; i++)
        {
            if (
                isEncoded
                && raw[i] == '%'
                && i + 2 < raw.Length
                && byte.TryParse(
                    raw.AsSpan(i + 1, 2),
                    NumberStyles.AllowHexSpecifier,
                    CultureInfo.InvariantCulture,
                    out var b
                )
            )
            {
                bytes.Add(b);
                i += 2;
            }
            else
            {
                bytes.Add(raw[i]);
            }
        }
    }

    private static string Decode(string? charset, byte[] bytes)
    {
        if (string.IsNullOrEmpty(charset))
            return HeaderText.Read(bytes);
        try
        {
            return (CodePagesEncodingProvider.Instance.GetEncoding(charset) ?? Encoding.GetEncoding(charset)).GetString(
                bytes
            );
        }
        catch (ArgumentException)
        {
            return HeaderText.Read(bytes);
        }
    }

    private sealed record Piece(string Name, int Number, bool IsEncoded, string Value)
    {
        public static Piece Of(string name, string value)
        {
            var isEncoded = name.EndsWith('*');
            var parts = name.TrimEnd('*').Split('*', 2);
            var number = 0;
            if (
                parts.Length == 2
                && !int.TryParse(parts[1], NumberStyles.None, CultureInfo.InvariantCulture, out number)
            )
                number = int.MaxValue;
            return new Piece(parts[0], number, isEncoded, value);
        }
    }
}
