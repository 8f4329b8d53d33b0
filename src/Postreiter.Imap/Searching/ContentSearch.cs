using System.Buffers;
using Postreiter.Imap.Fetching;
using Postreiter.Imap.Syntax;
using Postreiter.Messages;

namespace Postreiter.Imap.Searching;

/// <summary>
/// Answers HEADER, BODY and TEXT for one message after the other. The content goes by in pieces; what is held is a header
/// block and a window. Only text parts and messages are looked into, as RFC 9051 §6.4.4 allows.
/// </summary>
internal sealed class ContentSearch
{
    // The largest header that reception takes is 256 KiB (L4), with our trace fields in front.
    private const int MaxHeaderBytes = 512 * 1024;
    private const int ChunkBytes = 32 * 1024;

    private readonly List<HeaderKey> _fields = [];
    private readonly Dictionary<TextKey, TextMatcher> _texts = [];
    private readonly HashSet<HeaderKey> _found = [];
    private bool _hasReadBody;

    /// <summary>Collects the keys that need the content.</summary>
    public ContentSearch(SearchKey key) => Collect(key);

    /// <summary>Whether a key passes, as far as has been read.</summary>
    public bool? Answer(SearchKey key) =>
        key switch
        {
            HeaderKey field => _found.Contains(field),
            TextKey text when _texts[text].IsFound => true,
            _ => _hasReadBody ? false : null,
        };

    /// <summary>Begins a message: looks at its own header for HEADER.</summary>
    public async ValueTask ReadHeaderAsync(MessageBytes bytes, MimePart root, int prefix, CancellationToken ct)
    {
        _found.Clear();
        _hasReadBody = _texts.Count == 0;
        foreach (var matcher in _texts.Values)
            matcher.Reset();
        if (_fields.Count == 0)
            return;
        var block = await ReadBlockAsync(bytes, 0, prefix + root.BodyOffset, ct);
        HeaderBlock.Read(
            block,
            name => _fields.Exists(key => key.Name.Equals(name, StringComparison.OrdinalIgnoreCase)),
            (name, value) =>
            {
                foreach (var key in _fields)
                {
                    if (
                        key.Name.Equals(name, StringComparison.OrdinalIgnoreCase)
                        && value.Contains(key.Text, StringComparison.Ordinal)
                    )
                        _found.Add(key);
                }
            }
        );
    }

    /// <summary>Looks for BODY and TEXT in all of the message.</summary>
    public async ValueTask ReadTextAsync(MessageBytes bytes, MimePart root, int prefix, CancellationToken ct)
    {
        var inHeaders = _texts.Where(static t => t.Key.WithHeaders).Select(static t => t.Value).ToList();
        var all = _texts.Values.ToList();
        var parts = new Stack<MimePart>();
        parts.Push(root);
        while (parts.TryPop(out var part) && !all.TrueForAll(static m => m.IsFound))
        {
            if (inHeaders.Count > 0)
            {
                var start = part == root ? 0 : prefix + part.HeaderOffset;
                PassHeader(await ReadBlockAsync(bytes, start, prefix + part.BodyOffset, ct), inHeaders);
            }

            if (part.Message is { } message)
                parts.Push(message);
            for (var i = part.Parts.Count - 1; i >= 0; i--)
                parts.Push(part.Parts[i]);
            if (part.Type is "text" || (part.Type is "message" && part.Message is null))
                await PassBodyAsync(bytes, part, prefix, all, ct);
        }

        _hasReadBody = true;
    }

    private void Collect(SearchKey key)
    {
        switch (key)
        {
            case HeaderKey field when !_fields.Contains(field):
                _fields.Add(field);
                break;
            case TextKey text:
                _texts.TryAdd(text, new TextMatcher(text.Text));
                break;
            case NotKey not:
                Collect(not.Key);
                break;
            case OrKey or:
                Collect(or.First);
                Collect(or.Second);
                break;
            case AndKey and:
                foreach (var one in and.Keys)
                    Collect(one);
                break;
            default:
                break;
        }
    }

    private static void PassHeader(byte[] block, List<TextMatcher> matchers) =>
        HeaderBlock.Read(
            block,
            static _ => true,
            (name, value) =>
            {
                var line = SearchText.Fold(name) + ": " + value;
                foreach (var matcher in matchers)
                {
                    matcher.Restart();
                    matcher.Append(line);
                }
            }
        );

    private static async ValueTask PassBodyAsync(
        MessageBytes bytes,
        MimePart part,
        int prefix,
        List<TextMatcher> matchers,
        CancellationToken ct
    )
    {
        foreach (var matcher in matchers)
            matcher.Restart();
        var decoder = new PartDecoder(part);
        var buffer = ArrayPool<byte>.Shared.Rent(ChunkBytes);
        try
        {
            var (at, end) = (prefix + part.BodyOffset, prefix + part.BodyOffset + part.BodyLength);
            while (at < end && !matchers.TrueForAll(static m => m.IsFound))
            {
                var read = await bytes.ReadAsync(at, buffer.AsMemory(0, (int)Math.Min(ChunkBytes, end - at)), ct);
                if (read == 0)
                    throw new InvalidDataException("a stored message is shorter than it should be");
                decoder.Pass(buffer.AsMemory(0, read), matchers);
                at += read;
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    private static async ValueTask<byte[]> ReadBlockAsync(
        MessageBytes bytes,
        long start,
        long end,
        CancellationToken ct
    )
    {
        var block = new byte[Math.Clamp(end - start, 0, MaxHeaderBytes)];
        for (var at = 0; at < block.Length; )
        {
            var read = await bytes.ReadAsync(start + at, block.AsMemory(at), ct);
            if (read == 0)
                throw new InvalidDataException("a stored message is shorter than it should be");
            at += read;
        }

        return block;
    }
}
