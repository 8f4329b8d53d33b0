using Postreiter.Core;

namespace Postreiter.Smtp.Server.Commands;

/// <summary>DATA: the message follows.</summary>
/// <remarks>RFC 5321 §4.1.1.4.</remarks>
internal sealed class DataCommand : ISmtpCommand
{
    private static readonly SmtpReply NeedsChunks = new(503, "5.5.1", "A BINARYMIME message comes by BDAT");

    public SmtpPhases AllowedIn => SmtpPhases.Transaction;

    public async ValueTask<SmtpReply?> ExecuteAsync(
        SmtpSession session,
        ReadOnlyMemory<byte> arguments,
        CancellationToken ct
    )
    {
        if (!arguments.IsEmpty)
            return Replies.NoArguments;
        // RFC 3030 §3.
        if (session.Envelope!.Mail.Body == SmtpBody.BinaryMime)
            return NeedsChunks;
        if (await session.BeginMessageAsync(ct) is { } refusal)
            return refusal;
        session.Receive(new DataTransfer(session));
        return Replies.StartData;
    }
}
