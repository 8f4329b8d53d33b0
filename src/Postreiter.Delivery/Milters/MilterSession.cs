using Postreiter.Core;
using Postreiter.Delivery.Gate.Checks;
using Postreiter.Smtp.Server;

namespace Postreiter.Delivery.Milters;

/// <summary>The milters of one SMTP session, asked one after another at each step; the first that refuses decides.</summary>
internal sealed class MilterSession
{
    // Its look-up has a bound of its own; a name that is not there by then is none.
    private readonly SmtpPeer _peer;
    private readonly MilterMacroValues _values;
    private readonly List<MilterLink> _links;

    public MilterSession(MilterChain chain, MilterOptions options, SmtpPeer peer, IReadOnlyList<MilterDoor> doors)
    {
        (Chain, Options, _peer) = (chain, options, peer);
        _values = new MilterMacroValues(chain, peer);
        _links = [.. doors.Select(door => new MilterLink(chain, options, door, _values, peer))];
    }

    /// <summary>Of all sessions.</summary>
    public MilterChain Chain { get; }

    /// <summary>In force when it began.</summary>
    public MilterOptions Options { get; }

    /// <summary>One for each milter, in order.</summary>
    public IReadOnlyList<MilterLink> Links => _links;

    /// <summary>A client has connected.</summary>
    /// <returns>What it is told instead of the greeting; null for nothing.</returns>
    public async ValueTask<SmtpReply?> ConnectAsync(CancellationToken ct)
    {
        _values.ClientName = _peer.ReverseName is { } asked ? await asked : null;
        var reply = await FirstAsync(link => link.ConnectAsync(ct));
        // RFC 5321 §3.1, §3.8: in place of the greeting stands 554, or 421.
        return reply is null ? null : reply with { Code = reply.Code < 500 ? 421 : 554, ClosesConnection = true };
    }

    /// <summary>HELO was said.</summary>
    public ValueTask<SmtpReply?> HeloAsync(CancellationToken ct)
    {
        (_values.Mail, _values.Envelope) = (null, null);
        return FirstAsync(link => link.HeloAsync(ct));
    }

    /// <summary>MAIL came.</summary>
    public ValueTask<SmtpReply?> MailAsync(MailArguments mail, CancellationToken ct)
    {
        (_values.Mail, _values.Envelope) = (mail, null);
        return FirstAsync(link => link.MailAsync(ct));
    }

    /// <summary>RCPT came.</summary>
    /// <param name="envelope">The open transaction.</param>
    /// <param name="recipient">The recipient.</param>
    /// <param name="decision">What the policy says to it; those that it refuses are shown to milters that want to know.</param>
    /// <param name="ct">Gives up.</param>
    public async ValueTask<SmtpReply?> RcptAsync(
        SmtpEnvelope envelope,
        RcptArguments recipient,
        RecipientDecision decision,
        CancellationToken ct
    )
    {
        _values.Envelope = envelope;
        (_values.Recipient, _values.Target, _values.Refusal) = (recipient, decision.Target, decision.Refusal);
        try
        {
            if (decision.Refusal is null)
                return await FirstAsync(link => link.RcptAsync(recipient, ct));
            foreach (var link in _links.Where(static l => l.WantsRejectedRecipients))
                await link.RcptAsync(recipient, ct);
            return null;
        }
        finally
        {
            (_values.Recipient, _values.Target, _values.Refusal) = (null, null, null);
        }
    }

    /// <summary>DATA came.</summary>
    public ValueTask<SmtpReply?> DataAsync(SmtpEnvelope envelope, CancellationToken ct)
    {
        _values.Envelope = envelope;
        return FirstAsync(link => link.DataAsync(ct));
    }

    /// <summary>What was found since the last time.</summary>
    public IEnumerable<CheckRecord> TakeRecords()
    {
        foreach (var link in _links)
        {
            foreach (var record in link.Records)
                yield return record;
            link.Records.Clear();
        }
    }

    /// <summary>The session is over; goodbyes are said behind its back.</summary>
    public void Close() => _ = Task.WhenAll(_links.Select(static l => l.CloseAsync().AsTask()));

    private async ValueTask<SmtpReply?> FirstAsync(Func<MilterLink, ValueTask<SmtpReply?>> ask)
    {
        foreach (var link in _links)
        {
            if (await ask(link) is { } refusal)
                return refusal;
        }

        return null;
    }
}
