using System.Buffers;
using System.IO.Compression;
using Postreiter.Net;
using Postreiter.Spam.Spamd.Syntax;

namespace Postreiter.Spam.Spamd;

/// <summary>Takes the mail of a request, unpacks it where it is packed, and keeps to the limits while it does.</summary>
internal sealed class SpamdBody(Connection connection, SpamdServices services) : IDisposable
{
    private const int LargeBytes = 256 * 1024;
    private bool _isLarge;

    /// <summary>The mail, once <see cref="ReadAsync"/> succeeded.</summary>
    public ReadOnlyMemory<byte> Mail { get; private set; }

    /// <summary>Reads it.</summary>
    /// <returns>What is wrong; null when the mail is there.</returns>
    public async ValueTask<SpamdFailure?> ReadAsync(SpamdRequest request, CancellationToken ct)
    {
        if (request is { IsCompressed: true, ContentLength: null })
            return new(SpamdStatus.Unavailable, "Service Unavailable: Compress requires Content-length header");
        var buffer = new ArrayBufferWriter<byte>(4096);
        if (await ReceiveAsync(request.ContentLength ?? long.MaxValue, buffer, ct) is { } failure)
            return failure;
        if (request.ContentLength is { } expected && expected != buffer.WrittenCount)
        {
            return new(
                SpamdStatus.Protocol,
                $"Bad header line: (Content-Length mismatch: Expected {expected} bytes, got {buffer.WrittenCount} bytes)"
            );
        }

        Mail = buffer.WrittenMemory;
        return request.IsCompressed ? await UnpackAsync(ct) : null;
    }

    /// <summary>Takes what is left of the request and forgets it, so that the answer is not lost with a reset connection.</summary>
    public async ValueTask DrainAsync(CancellationToken ct)
    {
        var left = services.Options.MaxMailBytes;
        while (left > 0)
        {
            var read = await connection.Input.ReadAsync(ct);
            left -= read.Buffer.Length;
            connection.Input.AdvanceTo(read.Buffer.End);
            if (read.IsCompleted || read.IsCanceled)
                return;
        }
    }

    public void Dispose()
    {
        Mail = default;
        if (_isLarge)
            services.LargeMails.Release();
        _isLarge = false;
    }

    private async ValueTask<SpamdFailure?> ReceiveAsync(
        long expected,
        ArrayBufferWriter<byte> buffer,
        CancellationToken ct
    )
    {
        if (expected == 0)
            return null;
        while (true)
        {
            var read = await connection.Input.ReadAsync(ct);
            var part = read.Buffer;
            // What has come behind the announced end is counted: a wrong length is not to be guessed at.
            if (buffer.WrittenCount + part.Length > services.Options.MaxMailBytes)
            {
                connection.Input.AdvanceTo(part.End);
                return TooLarge();
            }

            if (buffer.WrittenCount + part.Length > LargeBytes)
                await TakeLargePlaceAsync(ct);
            foreach (var piece in part)
                buffer.Write(piece.Span);
            connection.Input.AdvanceTo(part.End);
            if (read.IsCompleted || buffer.WrittenCount >= expected)
                return null;
        }
    }

    private async ValueTask TakeLargePlaceAsync(CancellationToken ct)
    {
        if (_isLarge)
            return;
        await services.LargeMails.WaitAsync(ct);
        _isLarge = true;
    }

    // RFC 1950. The bound holds while it is unpacked: a few octets can stand for gigabytes.
    private async ValueTask<SpamdFailure?> UnpackAsync(CancellationToken ct)
    {
        using var packed = new MemoryStream(Mail.ToArray(), writable: false);
        await using var zlib = new ZLibStream(packed, CompressionMode.Decompress);
        var unpacked = new ArrayBufferWriter<byte>(4096);
        try
        {
            while (true)
            {
                var read = zlib.Read(unpacked.GetSpan(16 * 1024));
                if (read == 0)
                    break;
                unpacked.Advance(read);
                if (unpacked.WrittenCount > services.Options.MaxMailBytes)
                    return TooLarge();
                if (unpacked.WrittenCount > LargeBytes)
                    await TakeLargePlaceAsync(ct);
            }
        }
        catch (InvalidDataException)
        {
            return new(SpamdStatus.Unavailable, "Service Unavailable: zlib: the data is damaged");
        }

        // The runtime does not always notice that data ends early; the checksum at the end does (RFC 1950 §2.2).
        if (!Mail.Span.EndsWith(Adler32.Of(unpacked.WrittenSpan)))
            return new(SpamdStatus.Unavailable, "Service Unavailable: zlib: the data is damaged");
        Mail = unpacked.WrittenMemory;
        return null;
    }

    private SpamdFailure TooLarge() =>
        new(SpamdStatus.DataError, $"Message too large: more than {services.Options.MaxMailBytes} bytes");
}

/// <summary>Why a request gets no answer.</summary>
/// <param name="Status">One of <see cref="SpamdStatus"/>.</param>
/// <param name="Text">One line for the client.</param>
internal sealed record SpamdFailure(int Status, string Text);
