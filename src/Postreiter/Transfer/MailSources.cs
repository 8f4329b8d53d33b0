using System.Runtime.CompilerServices;

namespace Postreiter.Transfer;

/// <summary>
/// Mails of files, folders, Maildirs, mbox files and standard input, one after the other; no more than one is in memory. What cannot be
/// read is named, and the rest goes on. A file that is one mail gives its octets as they are; mails of an mbox are as <see cref="MboxFormat"/>
/// reads them.
/// </summary>
/// <param name="files">The files with their names, as <see cref="MailPaths.Find"/> gives them.</param>
/// <param name="openInput">Opens standard input, the file <c>-</c>.</param>
/// <param name="maxBytes">Largest mail.</param>
internal sealed class MailSources(IReadOnlyList<(string File, string Id)> files, Func<Stream> openInput, long maxBytes)
{
    /// <summary>
    /// Whether an mbox of a single mail is that mail: its octets as they stand behind the separator, under the file's name; and an empty file
    /// a mail without any. Where mails are compared with what another engine says of the same files. Default false.
    /// </summary>
    public bool KeepsSingle { get; init; }

    /// <summary>Octets of all files as they are now; standard input counts as none.</summary>
    public long TotalBytes => files.Where(static f => f.File != "-").Sum(static f => Length(f.File));

    /// <summary>Octets that are read so far.</summary>
    public long BytesRead { get; private set; }

    /// <summary>Reads them.</summary>
    public async IAsyncEnumerable<ImportedMessage> ReadAsync([EnumeratorCancellation] CancellationToken ct)
    {
        foreach (var (file, id) in files)
        {
            var before = BytesRead;
            var (stream, fault) = Open(file);
            if (stream is null)
            {
                yield return ImportedMessage.Skip(id, fault!);
                continue;
            }

            await using (stream)
            {
                await foreach (var mail in ReadAsync(stream, id, ct))
                {
                    BytesRead = before + (stream.Source.CanSeek ? stream.Source.Position : 0);
                    yield return mail;
                }
            }
        }
    }

    private static long Length(string file)
    {
        try
        {
            return new FileInfo(file).Length;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return 0;
        }
    }

    private (PeekedStream? Stream, string? Fault) Open(string file)
    {
        try
        {
            return (new PeekedStream(file == "-" ? openInput() : File.OpenRead(Current(file))), null);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return (null, e is FileNotFoundException or DirectoryNotFoundException ? "it is gone" : e.Message);
        }
    }

    // In a Maildir a mail is renamed whenever its flags change, and moved when it is first seen.
    private static string Current(string file)
    {
        if (
            File.Exists(file)
            || Path.GetDirectoryName(file) is not { } folder
            || Path.GetFileName(folder) is not ("cur" or "new")
        )
            return file;
        var name = Path.GetFileName(file).Split(':')[0];
        var cur = Path.Combine(Path.GetDirectoryName(folder) ?? "", "cur");
        return Directory.Exists(cur)
            ? Directory.EnumerateFiles(cur, name + "*").FirstOrDefault(f => Path.GetFileName(f).Split(':')[0] == name)
                ?? file
            : file;
    }

    private async IAsyncEnumerable<ImportedMessage> ReadAsync(
        PeekedStream stream,
        string id,
        [EnumeratorCancellation] CancellationToken ct
    )
    {
        var (isBox, why) = await IsBoxAsync(stream, ct);
        if (!isBox)
        {
            yield return why is null ? await ReadWholeAsync(stream, id, ct) : ImportedMessage.Skip(id, why);
            yield break;
        }

        var mails = MboxFormat.ReadAsync(stream, maxBytes, KeepsSingle, ct).GetAsyncEnumerator(ct);
        await using (mails)
        {
            var number = 0;
            while (true)
            {
                ImportedMessage? mail = null;
                string? fault = null;
                try
                {
                    if (await mails.MoveNextAsync())
                        mail = mails.Current with { Source = mails.Current.IsSingle ? id : $"{id}#{++number}" };
                }
                catch (Exception e) when (e is IOException or UnauthorizedAccessException)
                {
                    fault = e.Message;
                }

                if (fault is not null)
                    yield return ImportedMessage.Skip(id, $"it cannot be read to its end: {fault}");
                if (mail is null)
                    yield break;
                yield return mail;
            }
        }
    }

    private static async ValueTask<(bool IsBox, string? Fault)> IsBoxAsync(PeekedStream stream, CancellationToken ct)
    {
        try
        {
            return (await stream.StartsWithAsync("From "u8.ToArray(), ct), null);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return (false, e.Message);
        }
    }

    private async Task<ImportedMessage> ReadWholeAsync(PeekedStream stream, string id, CancellationToken ct)
    {
        try
        {
            using var bytes = new MemoryStream();
            var piece = new byte[64 * 1024];
            while (await stream.ReadAsync(piece, ct) is var read and > 0)
            {
                if (bytes.Length + read > maxBytes)
                    return ImportedMessage.Skip(id, "it is larger than smtp.max_message_size");
                bytes.Write(piece, 0, read);
            }

            return bytes.Length == 0 && !KeepsSingle
                ? ImportedMessage.Skip(id, "it is empty")
                : new ImportedMessage(id, null, bytes.ToArray(), default, null, null);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return ImportedMessage.Skip(id, e.Message);
        }
    }

    /// <summary>A stream whose first octets can be looked at before it is read.</summary>
    private sealed class PeekedStream(Stream source) : Stream
    {
        private byte[] _peeked = [];

        public Stream Source => source;

        public override bool CanRead => true;

        public override bool CanSeek => false;

        public override bool CanWrite => false;

        public override long Length => throw new NotSupportedException();

        public override long Position
        {
            get => throw new NotSupportedException();
            set => throw new NotSupportedException();
        }

        public async ValueTask<bool> StartsWithAsync(byte[] start, CancellationToken ct)
        {
            var first = new byte[start.Length];
            var read = await source.ReadAtLeastAsync(first, first.Length, throwOnEndOfStream: false, ct);
            _peeked = first[..read];
            return _peeked.AsSpan().SequenceEqual(start);
        }

        public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

        public override int Read(Span<byte> buffer) => TryTake(buffer, out var read) ? read : source.Read(buffer);

        public override async ValueTask<int> ReadAsync(
            Memory<byte> buffer,
            CancellationToken cancellationToken = default
        ) => TryTake(buffer.Span, out var read) ? read : await source.ReadAsync(buffer, cancellationToken);

        public override Task<int> ReadAsync(
            byte[] buffer,
            int offset,
            int count,
            CancellationToken cancellationToken
        ) => ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

        public override void Flush() { }

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        protected override void Dispose(bool disposing)
        {
            if (disposing)
                source.Dispose();
            base.Dispose(disposing);
        }

        private bool TryTake(Span<byte> buffer, out int read)
        {
            read = Math.Min(buffer.Length, _peeked.Length);
            _peeked.AsSpan(0, read).CopyTo(buffer);
            _peeked = _peeked[read..];
            return read > 0;
        }
    }
}
