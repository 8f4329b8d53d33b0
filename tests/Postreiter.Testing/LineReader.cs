using System.Buffers;
using System.Diagnostics.CodeAnalysis;
using System.IO.Pipelines;
using System.Text;

namespace Postreiter.Testing;

/// <summary>Lines of what a server wrote, without their CRLF, read as UTF-8.</summary>
internal sealed class LineReader(PipeReader input)
{
    /// <summary>The next line; null at the end of the stream (a last line without CRLF is given first).</summary>
    public async ValueTask<string?> ReadAsync(CancellationToken ct)
    {
        while (true)
        {
            var result = await input.ReadAsync(ct);
            if (Take(result, out var line))
                return line;
            if (result.IsCompleted)
                return null;
        }
    }

    /// <summary>A line, if there is one already.</summary>
    public bool TryRead([NotNullWhen(true)] out string? line)
    {
        line = null;
        return input.TryRead(out var result) && Take(result, out line);
    }

    private bool Take(ReadResult result, [NotNullWhen(true)] out string? line)
    {
        var reader = new SequenceReader<byte>(result.Buffer);
        if (reader.TryReadTo(out ReadOnlySequence<byte> bytes, "\r\n"u8))
        {
            line = Encoding.UTF8.GetString(bytes);
            input.AdvanceTo(reader.Position);
            return true;
        }

        line = result.IsCompleted && !result.Buffer.IsEmpty ? Encoding.UTF8.GetString(result.Buffer) : null;
        input.AdvanceTo(line is null ? result.Buffer.Start : result.Buffer.End, result.Buffer.End);
        return line is not null;
    }
}
