using System.Buffers;
using Postreiter.Core;

namespace Postreiter.Smtp.Server;

/// <summary>Where messages go. The Smtp room hands over bytes; <c>Delivery/Inbound</c> files them.</summary>
public interface IMessageIntake
{
    /// <summary>DATA or the first BDAT came for this envelope; called before the 354.</summary>
    /// <returns>The message, or a refusal of the whole transaction.</returns>
    ValueTask<IncomingMessageStart> BeginAsync(SmtpPeer peer, SmtpEnvelope envelope, CancellationToken ct);
}

/// <summary>Answer to the start of a message.</summary>
/// <param name="Message">Takes the bytes; null when refused.</param>
/// <param name="Refusal">The reply to DATA or BDAT; null when taken.</param>
public sealed record IncomingMessageStart(IIncomingMessage? Message, SmtpReply? Refusal);

/// <summary>
/// One message while it arrives: bytes in wire form with dots unstuffed and CRLF line ends. Disposing it without
/// <see cref="CompleteAsync"/> forgets it without a trace (P2).
/// </summary>
public interface IIncomingMessage : IAsyncDisposable
{
    /// <summary>
    /// Once set, the outcome is certain (size, header limits, a verdict): the session reads the rest and throws it away, with
    /// BDAT it refuses at once.
    /// </summary>
    SmtpReply? EarlyRefusal { get; }

    /// <summary>Takes the next bytes; they may be used again when the task completes.</summary>
    ValueTask WriteAsync(ReadOnlySequence<byte> bytes, CancellationToken ct);

    /// <summary>The message is whole. When the task completes with a 250, it is durable (P1).</summary>
    /// <returns>
    /// One reply for SMTP; for LMTP one for each of <see cref="SmtpEnvelope.Recipients"/>, in order (RFC 2033 §4.2), and so for SMTP where
    /// <see cref="MailArguments.TakesReplyEach"/> and they differ.
    /// </returns>
    ValueTask<IReadOnlyList<SmtpReply>> CompleteAsync(CancellationToken ct);
}
