using Postreiter.Storage;

namespace Postreiter.Delivery.Scanning.Contents;

/// <summary>A file that was unpacked to be looked into: in memory up to 256 KiB (P9), above that in a temporary file that nobody else can open.</summary>
internal sealed class Scratch : IDisposable
{
    private const int MaxInMemory = 256 * 1024;

    /// <summary>What was written; to be read from any place.</summary>
    public Stream Content { get; private set; } = new MemoryStream();

    /// <summary>Appends.</summary>
    /// <exception cref="StoreException">The temporary file cannot be written, which says nothing of the message.</exception>
    public void Write(ReadOnlySpan<byte> bytes)
    {
        try
        {
            Append(bytes);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new StoreException(StoreFault.Internal, "a temporary file cannot be written", e);
        }
    }

    /// <inheritdoc/>
    public void Dispose() => Content.Dispose();

    private void Append(ReadOnlySpan<byte> bytes)
    {
        if (Content is MemoryStream memory && memory.Length + bytes.Length > MaxInMemory)
        {
            var options = new FileStreamOptions
            {
                Mode = FileMode.CreateNew,
                Access = FileAccess.ReadWrite,
                Share = FileShare.None,
                Options = FileOptions.DeleteOnClose,
            };
            if (!OperatingSystem.IsWindows())
                options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
            var file = new FileStream(Path.Combine(Path.GetTempPath(), $"postreiter-{Guid.NewGuid():N}"), options);
            memory.WriteTo(file);
            Content = file;
        }

        // It may have been read meanwhile.
        Content.Position = Content.Length;
        Content.Write(bytes);
    }
}

/// <summary>A part of another stream, read from its own place; the other one is only this one's while it is read.</summary>
internal sealed class Slice(Stream inner, long start, long length) : Stream
{
    private long _at;

    public override bool CanRead => true;

    public override bool CanSeek => true;

    public override bool CanWrite => false;

    public override long Length => length;

    public override long Position
    {
        get => _at;
        set => _at = Math.Clamp(value, 0, length);
    }

    public override int Read(Span<byte> buffer)
    {
        var most = (int)Math.Min(buffer.Length, length - _at);
        if (most <= 0)
            return 0;
        inner.Position = start + _at;
        var read = inner.Read(buffer[..most]);
        _at += read;
        return read;
    }

    public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

    public override int ReadByte()
    {
        Span<byte> one = stackalloc byte[1];
        return Read(one) == 1 ? one[0] : -1;
    }

    public override long Seek(long offset, SeekOrigin origin) =>
        Position = origin switch
        {
            SeekOrigin.Begin => offset,
            SeekOrigin.Current => _at + offset,
            _ => length + offset,
        };

    public override void Flush() { }

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
}
