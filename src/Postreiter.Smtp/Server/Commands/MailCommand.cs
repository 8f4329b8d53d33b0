using System.Globalization;
using System.Text;
using Postreiter.Core;
using Postreiter.Smtp.Syntax;

namespace Postreiter.Smtp.Server.Commands;

/// <summary>MAIL FROM: opens a transaction.</summary>
/// <remarks>RFC 5321 §4.1.1.2; SIZE RFC 1870; BODY RFC 6152, RFC 3030; SMTPUTF8 RFC 6531; RET, ENVID RFC 3461; AUTH RFC 4954 §5; PRDR <see cref="PerRecipientReplies"/>.</remarks>
internal sealed class MailCommand : ISmtpCommand
{
    private static readonly SmtpReply Syntax = new(501, "5.5.4", "Syntax: MAIL FROM:<address> [parameters]");
    private static readonly SmtpReply BadAddress = new(501, "5.1.7", "That is no sender address");
    private static readonly SmtpReply NeedsUtf8 = new(553, "5.6.7", "This sender address needs SMTPUTF8");

    public SmtpPhases AllowedIn => SmtpPhases.Ready;

    public async ValueTask<SmtpReply?> ExecuteAsync(
        SmtpSession session,
        ReadOnlyMemory<byte> arguments,
        CancellationToken ct
    )
    {
        if (!session.MayBringAnother)
            return session.Limit("L11", Replies.TooManyMessages);
        if (TryRead(session, arguments.Span, out var mail) is { } refusal)
            return refusal;
        if (mail!.Size > session.Options.Limits.MaxMessageBytes)
            return session.Limit("L3", Replies.TooBig);
        session.Peer.Dialogue?.NoteMail();
        if (await session.Policy.OnMailAsync(session.Peer, mail, ct) is { } denied)
            return denied;
        session.Envelope = new SmtpEnvelope
        {
            Id = TraceId.Create(session.Time.GetUtcNow(), session.Random),
            Mail = mail,
        };
        return Replies.SenderOk;
    }

    private static SmtpReply? TryRead(SmtpSession session, ReadOnlySpan<byte> text, out MailArguments? mail)
    {
        mail = null;
        if (text.Length < 5 || !Ascii.EqualsIgnoreCase(text[..5], "FROM:"u8))
            return Syntax;
        var status = PathSyntax.Read(text[5..], out var address, out var rest, out var isAscii);
        if (status == PathStatus.TooLong)
            return session.Limit("L5", BadAddress);
        if (status is not (PathStatus.Address or PathStatus.Null))
            return BadAddress;

        if (!EsmtpParameters.TryRead(rest, out var parameters))
            return Syntax;
        var read = new MailArguments { ReversePath = status == PathStatus.Null ? null : address };
        foreach (var (keyword, value) in parameters)
        {
            // RFC 5321 §4.1.1.11: parameters of extensions belong to sessions that began with EHLO.
            if (!session.Peer.IsExtended || With(read, session, keyword, value) is not { } next)
                return new SmtpReply(555, "5.5.4", $"Parameter {keyword} is not known here");
            if (ReferenceEquals(next, read))
                return new SmtpReply(501, "5.5.4", $"Parameter {keyword} has a bad value");
            read = next;
        }

        // RFC 6531 §3.4: a U-label needs it as much as a local part does.
        if (!isAscii && !read.SmtpUtf8)
            return NeedsUtf8;
        mail = read;
        return null;
    }

    /// <summary>The arguments with one parameter more: null when it is unknown, the same object when its value is bad.</summary>
    private static MailArguments? With(MailArguments mail, SmtpSession session, string keyword, string? value)
    {
        switch (keyword)
        {
            case "SIZE":
                return value is { Length: <= 20 }
                    && long.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out var size)
                        ? mail with
                        {
                            Size = size,
                        }
                    // RFC 1870 §6.1 allows 20 digits; more than 64 bits hold is certainly too big.
                    : value is { Length: 19 or 20 } && value.All(char.IsAsciiDigit) ? mail with { Size = long.MaxValue }
                    : mail;
            case "BODY":
                return value?.ToUpperInvariant() switch
                {
                    "7BIT" => mail with { Body = SmtpBody.SevenBit },
                    "8BITMIME" => mail with { Body = SmtpBody.EightBitMime },
                    "BINARYMIME" => mail with { Body = SmtpBody.BinaryMime },
                    _ => mail,
                };
            case "SMTPUTF8":
                return value is null ? mail with { SmtpUtf8 = true } : mail;
            // Where users hand in mail all of it is taken; LMTP has a reply for each anyway.
            case "PRDR" when session.Peer.Role == ListenerRole.Mx:
                return value is null ? mail with { TakesReplyEach = true } : mail;
            case "RET":
                return value?.ToUpperInvariant() is "FULL" or "HDRS"
                    ? mail with
                    {
                        Return = value.ToUpperInvariant(),
                    }
                    : mail;
            case "ENVID":
                return value is { Length: <= 100 } && EsmtpParameters.TryDecodeXtext(value, utf8: false, out var id)
                    ? mail with
                    {
                        EnvelopeId = id,
                    }
                    : mail;
            case "AUTH" when session.Mechanisms.Count > 0:
                // RFC 4954 §5: xtext; "<>" is that too.
                return value is { Length: <= 500 } && EsmtpParameters.TryDecodeXtext(value, utf8: false, out _)
                    ? mail with
                    {
                        Auth = value,
                    }
                    : mail;
            default:
                return null;
        }
    }
}
