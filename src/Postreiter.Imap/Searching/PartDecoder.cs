using System.Buffers;
using System.Text;
using Postreiter.Imap.Fetching;
using Postreiter.Imap.Syntax;
using Postreiter.Messages;

namespace Postreiter.Imap.Searching;

/// <summary>Turns the bytes of a text part that go by into folded characters: transfer encoding, then charset.</summary>
internal sealed class PartDecoder
{
    // One piece of input is decoded through a window of this many characters, whatever the charset.
    private const int WindowChars = 8 * 1024;

    private readonly BinaryBody? _body;
    private readonly Decoder _charset;
    private readonly SearchText _folding = new();

    public PartDecoder(MimePart part)
    {
        // An unknown transfer encoding leaves the bytes as they are: better than to look past them.
        _body = BinaryBody.TryCreate(part, null, out var body) ? body : null;
        _charset = Find(part).GetDecoder();
    }

    /// <summary>Decodes the next bytes and gives the characters to each matcher.</summary>
    public void Pass(ReadOnlyMemory<byte> bytes, IReadOnlyList<TextMatcher> matchers)
    {
        var rest = (_body?.Decode(bytes) ?? bytes).Span;
        var window = ArrayPool<char>.Shared.Rent(WindowChars);
        try
        {
            var isDone = false;
            while (!isDone)
            {
                _charset.Convert(rest, window, flush: false, out var used, out var chars, out isDone);
                rest = rest[used..];
                var length = _folding.Fold(window.AsSpan(0, chars), window);
                foreach (var matcher in matchers)
                    matcher.Append(window.AsSpan(0, length));
                isDone |= used == 0 && chars == 0;
            }
        }
        finally
        {
            ArrayPool<char>.Shared.Return(window);
        }
    }

    private static Encoding Find(MimePart part)
    {
        string? name = null;
        foreach (var (key, value) in part.Parameters)
        {
            if (key == "charset")
                name = value;
        }

        // US-ASCII is the default (RFC 2045 §5.2); what is 8-bit in it against the rule is UTF-8 mostly, as it is for
        // charsets that nobody knows.
        if (string.IsNullOrEmpty(name) || name.Equals("us-ascii", StringComparison.OrdinalIgnoreCase))
            return Encoding.UTF8;
        try
        {
            return CodePagesEncodingProvider.Instance.GetEncoding(name) ?? Encoding.GetEncoding(name);
        }
        catch (ArgumentException)
        {
            return Encoding.UTF8;
        }
    }
}
