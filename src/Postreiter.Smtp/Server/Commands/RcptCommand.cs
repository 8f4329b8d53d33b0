using System.Text;
using Postreiter.Core;
using Postreiter.Smtp.Syntax;

namespace Postreiter.Smtp.Server.Commands;

/// <summary>RCPT TO: adds one recipient to the open transaction.</summary>
/// <remarks>RFC 5321 §4.1.1.3; DSN parameters RFC 3461 §4.</remarks>
internal sealed class RcptCommand : ISmtpCommand
{
    // RFC 3461 §4.2: the whole value.
    private const int MaxOriginalRecipient = 500;
    private static readonly SmtpReply Syntax = new(501, "5.5.4", "Syntax: RCPT TO:<address> [parameters]");
    private static readonly SmtpReply BadAddress = new(501, "5.1.3", "That is no recipient address");
    private static readonly SmtpReply NeedsUtf8 = new(553, "5.6.7", "This recipient address needs SMTPUTF8 at MAIL");

    public SmtpPhases AllowedIn => SmtpPhases.Transaction;

    public async ValueTask<SmtpReply?> ExecuteAsync(
        SmtpSession session,
        ReadOnlyMemory<byte> arguments,
        CancellationToken ct
    )
    {
        var envelope = session.Envelope!;
        // RFC 5321 §4.5.3.1.10: 452, so that the client sends the rest later; 552 would bounce it.
        if (envelope.Recipients.Count >= session.Options.Limits.MaxRecipients)
            return session.Limit("L6", Replies.TooManyRecipients);
        if (TryRead(session, arguments.Span, out var recipient) is { } refusal)
            return refusal;
        var decision = await session.Policy.OnRcptAsync(session.Peer, envelope, recipient!, ct);
        if (decision.Refusal is { } denied)
            return decision.IsUnknownUser ? await session.CountUnknownAsync(denied) : denied;
        envelope.Recipients.Add(new AcceptedRecipient(recipient!, decision.Target));
        return Replies.RecipientOk;
    }

    private static SmtpReply? TryRead(SmtpSession session, ReadOnlySpan<byte> text, out RcptArguments? recipient)
    {
        recipient = null;
        if (text.Length < 3 || !Ascii.EqualsIgnoreCase(text[..3], "TO:"u8))
            return Syntax;
        switch (PathSyntax.Read(text[3..], out var address, out var rest, out var isAscii))
        {
            case PathStatus.Address:
                break;
            case PathStatus.Postmaster
                when EmailAddress.TryParse("postmaster@" + session.Options.HostName, out address):
                break;
            case PathStatus.TooLong:
                return session.Limit("L5", BadAddress);
            default:
                return BadAddress;
        }

        if (!EsmtpParameters.TryRead(rest, out var parameters))
            return Syntax;
        var read = new RcptArguments { Recipient = address };
        foreach (var (keyword, value) in parameters)
        {
            if (!session.Peer.IsExtended || With(read, session.Envelope!.Mail.SmtpUtf8, keyword, value) is not { } next)
                return new SmtpReply(555, "5.5.4", $"Parameter {keyword} is not known here");
            if (ReferenceEquals(next, read))
                return new SmtpReply(501, "5.5.4", $"Parameter {keyword} has a bad value");
            read = next;
        }

        if (!isAscii && !session.Envelope!.Mail.SmtpUtf8)
            return NeedsUtf8;
        recipient = read;
        return null;
    }

    private static RcptArguments? With(RcptArguments recipient, bool utf8, string keyword, string? value)
    {
        switch (keyword)
        {
            case "NOTIFY":
                return TryReadNotify(value, out var notify) ? recipient with { Notify = notify } : recipient;
            case "ORCPT":
                var semicolon = value?.IndexOf(';', StringComparison.Ordinal) ?? -1;
                return
                    semicolon > 0
                    && value!.Length <= MaxOriginalRecipient
                    && EsmtpParameters.TryDecodeXtext(value[(semicolon + 1)..], utf8, out var original)
                    && value[..semicolon].All(c => char.IsAsciiLetterOrDigit(c) || c == '-')
                    ? recipient with
                    {
                        OriginalRecipient = value[..semicolon] + ";" + original,
                    }
                    : recipient;
            default:
                return null;
        }
    }

    // RFC 3461 §4.1: NEVER stands alone; the others once each.
    private static bool TryReadNotify(string? value, out SmtpNotify notify)
    {
        notify = SmtpNotify.Unspecified;
        foreach (var word in (value ?? "").Split(','))
        {
            var flag = word.ToUpperInvariant() switch
            {
                "NEVER" => SmtpNotify.Never,
                "SUCCESS" => SmtpNotify.Success,
                "FAILURE" => SmtpNotify.Failure,
                "DELAY" => SmtpNotify.Delay,
                _ => SmtpNotify.Unspecified,
            };
            if (flag == SmtpNotify.Unspecified || notify.HasFlag(flag))
                return false;
            notify |= flag;
        }

        return !notify.HasFlag(SmtpNotify.Never) || notify == SmtpNotify.Never;
    }
}
