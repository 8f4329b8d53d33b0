using System.Net;
using Microsoft.Extensions.Logging;
using Postreiter.Core;
using Postreiter.Delivery.Authentication;
using Postreiter.Dns;
using Postreiter.MailAuth;
using Postreiter.Net;
using Postreiter.Smtp.Server;
using Postreiter.Storage;

namespace Postreiter.Delivery.Inbound;

/// <summary>Who may send what to whom: never an open relay (P11).</summary>
/// <remarks>
/// Mx and Lmtp take mail for local addresses only; Submission takes it from logged-in users only, who may use only their
/// own addresses as sender: the account's, its subaddresses, and aliases that lead to it alone; also the empty one, for
/// notices of mail clients (RFC 8098); and within the outbound limits (L34). The author in the header is not compared: a
/// message sent on as it is (Resent-From, RFC 5322 §3.6.6) has another's.
/// </remarks>
public sealed partial class ReceptionPolicy : IReceptionPolicy
{
    private static readonly SmtpReply DirectoryDown = new(451, "4.3.0", "Temporary failure, try again later");
    private static readonly SmtpReply LoginFirst = new(530, "5.7.0", "Authentication required");

    private static readonly SmtpReply OverAllowance = new(451, "4.7.1", "Too much mail for one day, try again later");

    // Too slow a name is none: the mail does not wait for it.
    private static readonly TimeSpan ReversePatience = TimeSpan.FromSeconds(5);

    private readonly IStore _store;
    private readonly RecipientResolver _resolver;
    private readonly OutboundAllowance _allowance;
    private readonly Iprev? _reverse;
    private readonly SenderChecks? _checks;
    private readonly ILogger<ReceptionPolicy> _log;

    /// <summary>A policy over a store's directory.</summary>
    /// <param name="store">Its space, and its directory.</param>
    /// <param name="resolver">Finds recipients.</param>
    /// <param name="time">The clock.</param>
    /// <param name="log">Told of faults and of limits that were met.</param>
    /// <param name="limits">L34; null for the defaults.</param>
    /// <param name="dns">For the peer's name in Received; null leaves it out.</param>
    /// <param name="checks">Checks who sends; null for nobody.</param>
    public ReceptionPolicy(
        IStore store,
        RecipientResolver resolver,
        TimeProvider time,
        ILogger<ReceptionPolicy> log,
        OutboundLimits? limits = null,
        IDnsResolver? dns = null,
        SenderChecks? checks = null
    )
    {
        (_store, _resolver, _log, _checks) = (store, resolver, log, checks);
        _allowance = new OutboundAllowance(time) { Limits = limits ?? new OutboundLimits() };
        _reverse = dns is null ? null : new Iprev(dns, time, ReversePatience);
    }

    /// <summary>L34; may change at any time.</summary>
    public OutboundLimits Limits
    {
        get => _allowance.Limits;
        set => _allowance.Limits = value;
    }

    /// <inheritdoc/>
    public ValueTask<SmtpReply?> OnConnectAsync(SmtpPeer peer, CancellationToken ct)
    {
        // This machine's own programs have no name of use; users come from anywhere.
        if (peer.Role == ListenerRole.Mx && _reverse is not null && !IsOurs(peer.Address))
        {
            var iprev = _reverse.CheckAsync(peer.Address, CancellationToken.None).AsTask();
            peer.ReverseName = NameOfAsync(iprev);
            peer.Notes = new PeerNotes { Iprev = iprev };
        }

        return new((SmtpReply?)null);
    }

    /// <inheritdoc/>
    public ValueTask<SmtpReply?> OnHeloAsync(SmtpPeer peer, CancellationToken ct) => new((SmtpReply?)null);

    /// <inheritdoc/>
    public async ValueTask<SmtpReply?> OnMailAsync(SmtpPeer peer, MailArguments mail, CancellationToken ct)
    {
        if (await CheckMailAsync(peer, mail, ct) is { } refusal)
            return refusal;
        // While the recipients and the message come, the DNS has time to answer.
        var sender = _checks?.Covers(peer) == true ? _checks.Begin(peer, mail) : null;
        if (peer.Notes is PeerNotes notes)
            notes.Sender = sender;
        else if (sender is not null)
            peer.Notes = new PeerNotes { Sender = sender };
        return null;
    }

    private async ValueTask<SmtpReply?> CheckMailAsync(SmtpPeer peer, MailArguments mail, CancellationToken ct)
    {
        if (peer.Role == ListenerRole.Submission && peer.User is null)
            return LoginFirst;
        try
        {
            // F1: said before the message is on its way.
            if (!_store.Blobs.HasSpace)
                return MessageIntake.DiskFull;
            if (peer.User is not { } user)
                return null;
            return mail.ReversePath is not { } sender || await IsOwnAsync(user, sender, ct)
                ? null
                : new SmtpReply(553, "5.7.1", "Sender address is not yours");
        }
        catch (StoreException e)
        {
            LogDirectoryDown(e, peer.ConnectionId);
            return DirectoryDown;
        }
    }

    /// <inheritdoc/>
    public async ValueTask<RecipientDecision> OnRcptAsync(
        SmtpPeer peer,
        SmtpEnvelope envelope,
        RcptArguments recipient,
        CancellationToken ct
    )
    {
        if (peer.Role == ListenerRole.Submission && peer.User is null)
            return new RecipientDecision(LoginFirst);
        try
        {
            var found = await _resolver.ResolveAsync(recipient.Recipient, ct);
            switch (found.Status)
            {
                case ResolutionStatus.NotLocal when peer.User is { } user:
                    if (!_allowance.TryTake(user.AccountId, recipient.Recipient, !HasRemote(envelope)))
                    {
                        InboundMetrics.Limit("L34");
                        LogAllowance(user.Address, peer.ConnectionId);
                        return new RecipientDecision(OverAllowance);
                    }

                    return RecipientDecision.Accept(
                        new Resolution(ResolutionStatus.NotLocal, [], [recipient.Recipient])
                    );
                case ResolutionStatus.NotLocal:
                    return new RecipientDecision(new SmtpReply(550, "5.7.1", "Relaying denied"));
                case ResolutionStatus.Unknown:
                    return new RecipientDecision(new SmtpReply(550, "5.1.1", "No such user here"), IsUnknownUser: true);
                case ResolutionStatus.Loop:
                    LogAliasLoop(recipient.Recipient, peer.ConnectionId);
                    return new RecipientDecision(new SmtpReply(451, "4.3.5", "Address is misconfigured here"));
            }

            // P11: no way for other mail to that sender, for anybody.
            if (found.IsForBounces && envelope.Mail.ReversePath is not null)
                return new RecipientDecision(new SmtpReply(550, "5.7.1", "This address takes bounces only"));
            foreach (var account in found.Accounts)
            {
                if (await _resolver.Quotas.CheckAsync(account, envelope.Mail.Size ?? 0, ct) is { } full)
                    return new RecipientDecision(full);
            }

            return RecipientDecision.Accept(found);
        }
        catch (StoreException e)
        {
            LogDirectoryDown(e, peer.ConnectionId);
            return new RecipientDecision(DirectoryDown);
        }
    }

    private static async Task<DomainName?> NameOfAsync(Task<IprevOutcome> iprev) => (await iprev).Name;

    private bool IsOurs(IPAddress client) =>
        _checks is { } checks
            ? SenderCheckOptions.Contains(checks.Options.LocalNetworks, client)
            : IPAddress.IsLoopback(client);

    private static bool HasRemote(SmtpEnvelope envelope) =>
        envelope.Recipients.Any(r => r.Target is Resolution { Status: ResolutionStatus.NotLocal });

    private async ValueTask<bool> IsOwnAsync(AuthenticatedUser user, EmailAddress sender, CancellationToken ct)
    {
        var found = await _resolver.ResolveAsync(sender, ct);
        return found is { Status: ResolutionStatus.Found, Accounts: [var only], Remote: [] }
            && only.Id == user.AccountId;
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "{Connection}: the directory cannot answer")]
    private partial void LogDirectoryDown(StoreException e, string connection);

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Connection}: {Account} has met its outbound limit of the day")]
    private partial void LogAllowance(EmailAddress account, string connection);

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Connection}: aliases of {Address} lead in a circle")]
    private partial void LogAliasLoop(EmailAddress address, string connection);
}
