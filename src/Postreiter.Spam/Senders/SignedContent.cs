using System.Buffers;
using System.Text;
using Postreiter.MailAuth.Dkim;
using Postreiter.Spam.Mail;

namespace Postreiter.Spam.Senders;

/// <summary>A mail as its signatures see it: with CRLF at the end of each line, without an mbox line in front.</summary>
internal sealed class SignedContent : IDisposable
{
    private const int PieceBytes = 64 * 1024;
    private readonly ReadOnlyMemory<byte> _body;
    private readonly bool _isCrLf;

    /// <summary>Finds header and body.</summary>
    public SignedContent(SpamMail mail, ReadOnlyMemory<byte> message)
    {
        var start = mail.MboxSeparator is { } separator ? Encoding.Latin1.GetByteCount(separator) : 0;
        message = message[Math.Min(start, message.Length)..];
        _isCrLf = mail.IsCrLf;
        var end = HeaderEnd(message.Span);
        _body = message[end..];
        var header = new ArrayBufferWriter<byte>(end + 64);
        WriteLines(WithoutEmptyLine(message.Span[..end]), header);
        Message = new SignedMessage(header.WrittenSpan);
    }

    /// <summary>What checks are started with.</summary>
    public SignedMessage Message { get; }

    /// <summary>Gives the body to those who check.</summary>
    public void FeedBody()
    {
        if (_isCrLf)
        {
            Message.AppendBody(_body.Span);
            return;
        }

        var piece = new ArrayBufferWriter<byte>(PieceBytes + 4096);
        for (var rest = _body; !rest.IsEmpty; )
        {
            var part = rest[..Math.Min(PieceBytes, rest.Length)];
            // A pair is not cut.
            if (part.Length < rest.Length && part.Span[^1] == (byte)'\r')
                part = rest[..(part.Length + 1)];
            WriteLines(part.Span, piece);
            Message.AppendBody(piece.WrittenSpan);
            piece.ResetWrittenCount();
            rest = rest[part.Length..];
        }
    }

    /// <inheritdoc/>
    public void Dispose() => Message.Dispose();

    // Behind the first empty line; a message without one is all header.
    private static int HeaderEnd(ReadOnlySpan<byte> message)
    {
        for (var at = 0; at < message.Length; )
        {
            var line = message[at..];
            if (line is [(byte)'\n', ..])
                return at + 1;
            if (line is [(byte)'\r', (byte)'\n', ..])
                return at + 2;
            var feed = line.IndexOf((byte)'\n');
            if (feed < 0)
                break;
            at += feed + 1;
        }

        return message.Length;
    }

    private static ReadOnlySpan<byte> WithoutEmptyLine(ReadOnlySpan<byte> header) =>
        header switch
        {
            [.., (byte)'\n', (byte)'\r', (byte)'\n'] or [(byte)'\r', (byte)'\n'] => header[..^2],
            [.., (byte)'\n', (byte)'\n'] or [(byte)'\n'] => header[..^1],
            _ => header,
        };

    private static void WriteLines(ReadOnlySpan<byte> text, ArrayBufferWriter<byte> output)
    {
        while (!text.IsEmpty)
        {
            var feed = text.IndexOf((byte)'\n');
            var line = feed < 0 ? text : text[..feed];
            text = feed < 0 ? default : text[(feed + 1)..];
            if (feed >= 0 && line is [.., (byte)'\r'])
                line = line[..^1];
            output.Write(line);
            if (feed >= 0)
                output.Write("\r\n"u8);
        }
    }
}
