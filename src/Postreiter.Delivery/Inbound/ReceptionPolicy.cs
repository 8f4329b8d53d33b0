using Microsoft.Extensions.Logging;
using Postreiter.Core;
using Postreiter.Net;
using Postreiter.Smtp.Server;
using Postreiter.Storage;

namespace Postreiter.Delivery.Inbound;

/// <summary>Who may send what to whom: never an open relay (P11).</summary>
/// <remarks>
/// Mx and Lmtp take mail for local addresses only; Submission takes it from logged-in users only, who may use only their
/// own addresses as sender: the account's, its subaddresses, and aliases that lead to it alone; also the empty one, for
/// notices of mail clients (RFC 8098). The outbound limits L34 are not kept here yet.
/// </remarks>
public sealed partial class ReceptionPolicy : IReceptionPolicy
{
    private static readonly SmtpReply DirectoryDown = new(451, "4.3.0", "Temporary failure, try again later");
    private static readonly SmtpReply LoginFirst = new(530, "5.7.0", "Authentication required");

    private readonly RecipientResolver _resolver;
    private readonly QuotaWatch _quotas;
    private readonly ILogger<ReceptionPolicy> _log;

    /// <summary>A policy over a store's directory.</summary>
    public ReceptionPolicy(IStore store, RecipientResolver resolver, TimeProvider time, ILogger<ReceptionPolicy> log) =>
        (_resolver, _quotas, _log) = (resolver, new QuotaWatch(store, time), log);

    /// <inheritdoc/>
    public ValueTask<SmtpReply?> OnConnectAsync(SmtpPeer peer, CancellationToken ct) => new((SmtpReply?)null);

    /// <inheritdoc/>
    public ValueTask<SmtpReply?> OnHeloAsync(SmtpPeer peer, CancellationToken ct) => new((SmtpReply?)null);

    /// <inheritdoc/>
    public async ValueTask<SmtpReply?> OnMailAsync(SmtpPeer peer, MailArguments mail, CancellationToken ct)
    {
        if (peer.Role != ListenerRole.Submission)
            return null;
        if (peer.User is not { } user)
            return LoginFirst;
        try
        {
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
                case ResolutionStatus.NotLocal when peer.Role == ListenerRole.Submission:
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

            foreach (var account in found.Accounts)
            {
                if (await _quotas.CheckAsync(account, envelope.Mail.Size ?? 0, ct) is { } full)
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

    private async ValueTask<bool> IsOwnAsync(AuthenticatedUser user, EmailAddress sender, CancellationToken ct)
    {
        var found = await _resolver.ResolveAsync(sender, ct);
        return found is { Status: ResolutionStatus.Found, Accounts: [var only], Remote: [] }
            && only.Id == user.AccountId;
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "{Connection}: the directory cannot answer")]
    private partial void LogDirectoryDown(StoreException e, string connection);

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Connection}: aliases of {Address} lead in a circle")]
    private partial void LogAliasLoop(EmailAddress address, string connection);
}
