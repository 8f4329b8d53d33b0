using System.Buffers.Text;
using System.Text;
using Postreiter.Core;

namespace Postreiter.Smtp.Server.Commands;

/// <summary>BDAT: a chunk of the message follows at once.</summary>
/// <remarks>RFC 3030 §2. The bytes of a refused chunk are read and thrown away, or they would be taken for commands.</remarks>
internal sealed class BdatCommand : ISmtpCommand
{
    private static readonly SmtpReply Syntax = new(501, "5.5.4", "Syntax: BDAT size [LAST]")
    {
        ClosesConnection = true,
    };
    private static readonly SmtpReply OutOfOrder = new(503, "5.5.1", "MAIL and RCPT come before BDAT");

    // The phase is looked at here, since the chunk has to be read in any.
    public SmtpPhases AllowedIn => SmtpPhases.Any;

    public async ValueTask<SmtpReply?> ExecuteAsync(
        SmtpSession session,
        ReadOnlyMemory<byte> arguments,
        CancellationToken ct
    )
    {
        // Without a size nobody knows where the next command begins: the session ends.
        if (!TryRead(arguments.Span, out var size, out var isLast))
            return Syntax;
        if (size > 2 * session.Options.Limits.MaxMessageBytes)
            return session.Limit("L3", Replies.TooBig with { ClosesConnection = true });
        SmtpReply? refusal = session.Envelope switch
        {
            null => OutOfOrder,
            { Recipients.Count: 0 } => Replies.NoRecipients,
            _ => null,
        };
        if (refusal is null && session.Message is null)
            refusal = await session.BeginMessageAsync(ct);
        session.Receive(new ChunkTransfer(session, size, isLast, refusal));
        return null;
    }

    private static bool TryRead(ReadOnlySpan<byte> text, out long size, out bool isLast)
    {
        isLast = false;
        if (
            text.Length is 0 or > 30
            || text[0] is < (byte)'0' or > (byte)'9'
            || !Utf8Parser.TryParse(text, out size, out var used)
        )
        {
            size = 0;
            return false;
        }

        var rest = text[used..];
        isLast = rest.Length == 5 && rest[0] == ' ' && Ascii.EqualsIgnoreCase(rest[1..], "LAST"u8);
        return size >= 0 && (isLast || rest.IsEmpty);
    }
}
