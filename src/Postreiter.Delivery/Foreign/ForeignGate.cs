using Microsoft.Extensions.Logging;
using Postreiter.Core;
using Postreiter.Delivery.Authentication;
using Postreiter.Delivery.Filtering;
using Postreiter.Delivery.Gate;
using Postreiter.Delivery.Scanning;
using Postreiter.Delivery.Scanning.Contents;
using Postreiter.Dns;
using Postreiter.MailAuth;
using Postreiter.Messages;
using Postreiter.Milter.Policy;
using Postreiter.Milter.Server;
using Postreiter.Smtp.Server;
using Postreiter.Storage.Blobs;

namespace Postreiter.Delivery.Foreign;

/// <summary>
/// Our gate for mail that another server takes in: the same checks, lists, greylisting, rules and scanners, the same verdict and trace. Who
/// may send to whom is that server's to say.
/// </summary>
/// <param name="gate">Decides before the message, and keeps the record.</param>
/// <param name="checks">Check who sends.</param>
/// <param name="dns">For the names of clients; null for none.</param>
/// <param name="scanner">Makes a reader for one message.</param>
/// <param name="blobs">Where a message lies while it is judged; nothing of it is kept.</param>
/// <param name="hostName">Ours.</param>
/// <param name="time">The clock.</param>
/// <param name="random">For the names of messages.</param>
/// <param name="log">Told of verdicts.</param>
public sealed partial class ForeignGate(
    ReceptionGate gate,
    SenderChecks checks,
    IDnsResolver? dns,
    Func<IMessageScanner> scanner,
    IBlobIntake blobs,
    DomainName hostName,
    TimeProvider time,
    Random random,
    ILogger log
)
{
    private static readonly TimeSpan ReversePatience = TimeSpan.FromSeconds(5);

    private readonly Iprev? _reverse = dns is null ? null : new Iprev(dns, time, ReversePatience);

    /// <summary>What is told; may change at any time.</summary>
    public ForeignOptions Options { get; set; } = new();

    /// <summary>Scans for spam; null for nobody. May change at any time.</summary>
    public SpamFilter? Spam { get; set; }

    /// <summary>Scans for viruses; null for nobody. May change at any time.</summary>
    public VirusFilter? Virus { get; set; }

    /// <summary>Looks at what is attached; null for nobody. May change at any time.</summary>
    public ContentFilter? Contents { get; set; }

    internal ReceptionGate Gate => gate;

    internal IMessageScanner NewScanner() => scanner();

    internal SenderChecks Checks => checks;

    internal IBlobIntake Blobs => blobs;

    internal string HostName => hostName.Ascii;

    internal TimeProvider Time => time;

    /// <summary>What decides for one session of a milter's client.</summary>
    public IMilterFilter Milter(string connection) => new ForeignMilter(this, connection);

    /// <summary>What decides for one connection of a policy client.</summary>
    public IPolicySession Policy(string connection) => new ForeignPolicySession(this, connection);

    /// <summary>A client of the other server has connected.</summary>
    internal async ValueTask<SmtpReply?> ConnectAsync(SmtpPeer peer)
    {
        if (_reverse is not null && !SenderCheckOptions.Contains(checks.Options.LocalNetworks, peer.Address))
        {
            var iprev = _reverse.CheckAsync(peer.Address, CancellationToken.None).AsTask();
            peer.ReverseName = NameOfAsync(iprev);
            peer.Notes = new PeerNotes { Iprev = iprev };
        }

        return await gate.ConnectAsync(peer);
    }

    /// <summary>MAIL came there.</summary>
    internal SmtpReply? Mail(SmtpPeer peer, MailArguments mail, bool isTrusted)
    {
        if (isTrusted)
            ReceptionGate.Trust(peer);
        PeerNotes.Of(peer).Sender = !isTrusted && checks.Covers(peer) ? checks.Begin(peer, mail) : null;
        return gate.Mail(peer, mail, null);
    }

    internal SmtpEnvelope Envelope(MailArguments mail) =>
        new() { Id = TraceId.Create(time.GetUtcNow(), random), Mail = mail };

    /// <summary>An address as another server writes it, with brackets or without; a name alone is one of its own users.</summary>
    /// <returns>False when it is none; the null sender is an empty address.</returns>
    internal bool TryRead(string path, out EmailAddress address)
    {
        var text = path is ['<', .., '>'] ? path[1..^1] : path;
        address = default;
        return text.Length == 0
            || EmailAddress.TryParse(text, out address)
            || (
                !text.Contains('@', StringComparison.Ordinal)
                && EmailAddress.TryParse($"{text}@{HostName}", out address)
            );
    }

    internal void Judged(SmtpPeer peer, TraceId id, string queueId, SmtpReply reply) =>
        LogJudged(peer.ConnectionId, id, queueId, reply);

    private static async Task<DomainName?> NameOfAsync(Task<IprevOutcome> iprev) => (await iprev).Name;

    [LoggerMessage(
        Level = LogLevel.Information,
        Message = "{Connection}: {Id} for another server (there {QueueId}): {Reply}"
    )]
    private partial void LogJudged(string connection, TraceId id, string queueId, SmtpReply reply);
}
