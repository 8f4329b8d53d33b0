namespace Postreiter.MailAuth.Reports;

/// <summary>A stream that throws where it gets too long.</summary>
/// <param name="inner">Where the bytes come from.</param>
/// <param name="most">Most bytes in all.</param>
internal sealed class BoundedStream(Stream inner, long most) : Stream
{
    private long _read;
    private long _run;

    /// <summary>
    /// Most bytes without a "&lt;". In XML neither a tag nor a text goes on behind one, so this bounds what a reader has to hold of either.
    /// </summary>
    public long MaxRun { get; init; } = long.MaxValue;

    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => false;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => _read;
        set => throw new NotSupportedException();
    }

    public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

    public override int Read(Span<byte> buffer)
    {
        var read = inner.Read(buffer);
        if ((_read += read) > most)
            throw new InvalidDataException($"it unpacks to more than {most} bytes");
        if (MaxRun < long.MaxValue)
            CheckRuns(buffer[..read]);
        return read;
    }

    public override void Flush() { }

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    protected override void Dispose(bool disposing)
    {
        if (disposing)
            inner.Dispose();
        base.Dispose(disposing);
    }

    private void CheckRuns(ReadOnlySpan<byte> bytes)
    {
        while (true)
        {
            var tag = bytes.IndexOf((byte)'<');
            _run += tag < 0 ? bytes.Length : tag;
            if (_run > MaxRun)
                throw new InvalidDataException($"it has a tag or text longer than {MaxRun} bytes");
            if (tag < 0)
                return;
            _run = 0;
            bytes = bytes[(tag + 1)..];
        }
    }
}
