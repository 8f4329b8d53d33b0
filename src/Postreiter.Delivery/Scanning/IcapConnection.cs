using System.Globalization;
using System.Text;

namespace Postreiter.Delivery.Scanning;

/// <summary>Status and fields of an ICAP answer, or of the HTTP page in it.</summary>
/// <param name="Status">Its code.</param>
/// <param name="Fields">Lines as they came.</param>
internal sealed record IcapHead(int Status, IReadOnlyList<string> Fields)
{
    /// <summary>The value of a field; null when it is not there.</summary>
    public string? Field(string name) =>
        Fields
            .FirstOrDefault(f =>
                f.Length > name.Length
                && f[name.Length] == ':'
                && f.StartsWith(name, StringComparison.OrdinalIgnoreCase)
            )
            ?[(name.Length + 1)..].Trim();
}

/// <summary>Writes requests and reads answers of ICAP (RFC 3507 §4.3); each step within its time.</summary>
internal sealed class IcapConnection(Stream stream, CancellationTokenSource patience, TimeSpan limit) : IAsyncDisposable
{
    private const int MaxHead = 32 * 1024;
    private readonly byte[] _buffer = new byte[MaxHead];
    private int _start;
    private int _end;

    /// <summary>Whether the next request may be sent: the last answer came to its end, and the server keeps the connection.</summary>
    public bool MayGoOn { get; private set; }

    /// <summary>The request was not sent to its end: nothing more may follow it.</summary>
    public void Spoil() => MayGoOn = false;

    /// <summary>Nothing more is sent: the answer is due.</summary>
    public void Expect() => patience.CancelAfter(limit);

    /// <summary>Sends text.</summary>
    public ValueTask WriteAsync(string text, CancellationToken ct) => WriteAsync(Encoding.ASCII.GetBytes(text), ct);

    /// <summary>Sends a chunk (HTTP/1.1 chunked coding).</summary>
    public async ValueTask WriteChunkAsync(ReadOnlyMemory<byte> bytes, CancellationToken ct)
    {
        if (bytes.IsEmpty)
            return;
        await WriteAsync(string.Create(CultureInfo.InvariantCulture, $"{bytes.Length:x}\r\n"), ct);
        await WriteAsync(bytes, ct);
        await WriteAsync("\r\n", ct);
    }

    /// <summary>Reads status and fields.</summary>
    /// <exception cref="InvalidDataException">It is no answer.</exception>
    /// <exception cref="IOException">The connection ended.</exception>
    public async Task<IcapHead> ReadHeadAsync(CancellationToken ct)
    {
        MayGoOn = false;
        var first = await ReadLineAsync(ct);
        var words = first.Split(' ', 3);
        if (
            words.Length < 2
            || !(
                words[0].StartsWith("ICAP/", StringComparison.Ordinal)
                || words[0].StartsWith("HTTP/", StringComparison.Ordinal)
            )
            || !int.TryParse(words[1], NumberStyles.None, CultureInfo.InvariantCulture, out var status)
        )
            throw new InvalidDataException($"\"{first}\" is no status line");
        var fields = new List<string>();
        while (await ReadLineAsync(ct) is { Length: > 0 } line)
        {
            fields.Add(line);
            if (fields.Count > 200)
                throw new InvalidDataException("its answer has more than 200 fields");
        }

        var head = new IcapHead(status, fields);
        var closes = head.Field("Connection")?.Contains("close", StringComparison.OrdinalIgnoreCase) == true;
        MayGoOn =
            !closes
            && (head.Field("Encapsulated") is not { } parts || parts.Contains("null-body", StringComparison.Ordinal));
        return head;
    }

    /// <summary>The head of the page that an answer carries; null when it carries none. The connection is not used again.</summary>
    public async ValueTask<IcapHead?> ReadPageAsync(IcapHead head, CancellationToken ct)
    {
        var parts = head.Field("Encapsulated") ?? "";
        if (!parts.Contains("res-hdr=", StringComparison.Ordinal))
            return null;
        var page = await ReadHeadAsync(ct);
        MayGoOn = false;
        return page;
    }

    /// <summary>Passes over the body of an answer to OPTIONS, of which nothing is wanted.</summary>
    /// <exception cref="InvalidDataException">It is long.</exception>
    public async ValueTask SkipBodyAsync(IcapHead head, CancellationToken ct)
    {
        if (head.Field("Encapsulated")?.Contains("opt-body", StringComparison.Ordinal) != true)
            return;
        for (var lines = 0; lines < 1000; lines++)
        {
            // Chunks of a few short lines; the last one is of length 0.
            if (await ReadLineAsync(ct) == "0" && (await ReadLineAsync(ct)).Length == 0)
                return;
        }

        throw new InvalidDataException("the answer to OPTIONS does not end");
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => stream.DisposeAsync();

    private async ValueTask WriteAsync(ReadOnlyMemory<byte> bytes, CancellationToken ct)
    {
        patience.CancelAfter(limit);
        await stream.WriteAsync(bytes, ct);
        patience.CancelAfter(Timeout.InfiniteTimeSpan);
    }

    private async ValueTask<string> ReadLineAsync(CancellationToken ct)
    {
        while (true)
        {
            var end = _buffer.AsSpan(_start, _end - _start).IndexOf((byte)'\n');
            if (end >= 0)
            {
                var line = Encoding.Latin1.GetString(_buffer, _start, end).TrimEnd('\r');
                _start += end + 1;
                return line;
            }

            _buffer.AsSpan(_start, _end - _start).CopyTo(_buffer);
            (_start, _end) = (0, _end - _start);
            if (_end == _buffer.Length)
                throw new InvalidDataException("a line of its answer is too long");
            var read = await stream.ReadAsync(_buffer.AsMemory(_end), ct);
            if (read == 0)
                throw new IOException("it closed the connection before it answered");
            _end += read;
        }
    }
}
