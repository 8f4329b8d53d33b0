using System.Buffers;
using Postreiter.Imap.Commands;
using Postreiter.Imap.Responses;
using Postreiter.Imap.Syntax;

namespace Postreiter.Imap.Session;

internal sealed partial class ImapSession
{
    /// <summary>The message literal that APPEND reads itself.</summary>
    public LiteralHeader? MessageLiteral { get; private set; }

    /// <summary>Asks for a synchronising literal or for the next line of an exchange.</summary>
    public async ValueTask ContinueAsync(string text)
    {
        Writer.Raw("+ "u8).Raw(text).Crlf();
        await Writer.FlushAsync(CancellationToken.None);
    }

    // Before login the whole command must come in time, afterwards only each line of it.
    private TimeSpan Remaining(long since) =>
        User is not null ? Patience
        : Patience - services.Time.GetElapsedTime(since) is { Ticks: > 0 } left ? left
        : TimeSpan.Zero;

    /// <summary>Reads a command with its literals; null when it was answered already; the tail of a line too long.</summary>
    private async ValueTask<(InputStatus Status, byte[]? Command)> ReadCommandAsync()
    {
        MessageLiteral = null;
        var since = services.Time.GetTimestamp();
        ArrayBufferWriter<byte>? parts = null;
        var (lineBytes, literalBytes, literals) = (0, 0L, 0);
        while (true)
        {
            var most = (User is null ? Options.MaxLineBytesBeforeLogin : Options.MaxLineBytes) - lineBytes;
            var (status, line) = await _input.ReadLineAsync(Math.Max(most, 0), Remaining(since));
            if (status != InputStatus.Line)
                return (status, line);
            lineBytes += line.Length;
            if (!line.AsSpan().EndsWith("\r\n"u8) || line.AsSpan(0, line.Length - 2).ContainsAny((byte)0, (byte)'\r'))
            {
                // As with a line too long: its literal would be taken for commands.
                if (LiteralHeader.Find(line.AsSpan().TrimEnd("\r\n"u8)) is { IsNonSync: true })
                    Bye("Lines end with CRLF and hold no NUL");
                await FinishAsync(ImapReply.Bad("Lines end with CRLF and hold no NUL"));
                return (InputStatus.Line, null);
            }

            if (LiteralHeader.Find(line.AsSpan(0, line.Length - 2)) is not { } literal)
            {
                if (parts is null)
                    return (InputStatus.Line, line[..^2]);
                parts.Write(line.AsSpan(0, line.Length - 2));
                return (InputStatus.Line, parts.WrittenSpan.ToArray());
            }

            parts ??= new ArrayBufferWriter<byte>(line.Length);
            // The message is the first literal, or the second when the mailbox's name is one.
            var mayBeMessage = User is not null && literals++ < 2;
            if (mayBeMessage && AppendCommand.IsMessageNext(parts.WrittenSpan, line.AsSpan(0, literal.HeaderAt)))
            {
                MessageLiteral = literal;
                parts.Write(line.AsSpan(0, literal.HeaderAt));
                return (InputStatus.Line, parts.WrittenSpan.ToArray());
            }

            parts.Write(line);
            literalBytes += literal.Length;
            if (!await AcceptLiteralAsync(literal, literalBytes, parts, since))
                return (InputStatus.Line, null);
        }
    }

    private async ValueTask<bool> AcceptLiteralAsync(
        LiteralHeader literal,
        long all,
        ArrayBufferWriter<byte> parts,
        long since
    )
    {
        var most = User is null ? Options.MaxSmallLiteralBytes : Options.MaxLiteralBytes;
        if (literal.Length > most || all > most || (literal.IsNonSync && literal.Length > Options.MaxSmallLiteralBytes))
        {
            Meet("L22");
            // L22. RFC 7888 §4: what comes unasked would have to be read as commands or thrown away; we hang up.
            if (literal.IsNonSync)
                Bye("The literal is too big", "TOOBIG");
            else
            {
                Tag = new ImapReader(parts.WrittenMemory).TryTag(out var tag) ? tag : "*";
                await FinishAsync(ImapReply.No("The literal is too big", "TOOBIG"));
            }

            return false;
        }

        if (!literal.IsNonSync)
            await ContinueAsync("Go on");
        var status = await _input.ReadBytesAsync(
            literal.Length,
            Remaining(since),
            isForAll: User is null,
            bytes =>
            {
                parts.Write(bytes.Span);
                return ValueTask.CompletedTask;
            }
        );
        if (status == InputStatus.Line)
            return true;
        EndInput(status);
        return false;
    }
}
