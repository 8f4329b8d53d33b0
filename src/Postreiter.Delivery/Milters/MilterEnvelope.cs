using Postreiter.Core;
using Postreiter.Delivery.Inbound;
using Postreiter.Milter;
using Postreiter.Smtp.Server;

namespace Postreiter.Delivery.Milters;

/// <summary>From whom and for whom a message is, as milters change it.</summary>
internal sealed class MilterEnvelope(SmtpEnvelope envelope, RecipientResolver resolver, int mostRecipients)
{
    private static readonly SmtpReply TooMany = new(452, "4.5.3", "Too many recipients");
    private static readonly SmtpReply Loop = new(451, "4.3.5", "Address configuration error, try again later");

    private readonly List<AcceptedRecipient> _recipients = [.. envelope.Recipients];
    private MailArguments _mail = envelope.Mail;

    /// <summary>Whether anything differs.</summary>
    public bool HasChanged { get; private set; }

    /// <summary>Recipients that were added.</summary>
    public List<EmailAddress> Added { get; } = [];

    /// <summary>Why the message cannot be taken for all whom it is to be for now; null when it can.</summary>
    public SmtpReply? Refusal { get; private set; }

    /// <summary>Does what a milter wants.</summary>
    /// <returns>In words, for the trace; null when it is no change of the envelope.</returns>
    /// <exception cref="Storage.StoreException">Nobody can say where a recipient leads.</exception>
    public async ValueTask<string?> ApplyAsync(MilterChange change, CancellationToken ct)
    {
        switch (change)
        {
            case MilterChangeSender { Path: "<>" or "" }:
                (_mail, HasChanged) = (_mail with { ReversePath = null }, true);
                return "sender <>";
            case MilterChangeSender sender:
                if (!TryRead(sender.Path, out var from))
                    return "a sender that is no address";
                (_mail, HasChanged) = (_mail with { ReversePath = from }, true);
                return $"sender <{from}>";
            case MilterAddRecipient add:
                return TryRead(add.Path, out var to) ? await AddAsync(to, ct) : "a recipient that is no address";
            case MilterDeleteRecipient delete:
                if (
                    !TryRead(delete.Path, out var gone)
                    || _recipients.RemoveAll(r => r.Arguments.Recipient == gone) == 0
                )
                    return "less a recipient that it does not have";
                HasChanged = true;
                Added.Remove(gone);
                return $"less <{gone}>";
            default:
                return null;
        }
    }

    /// <summary>The envelope as it is now.</summary>
    public SmtpEnvelope Complete()
    {
        if (!HasChanged)
            return envelope;
        var changed = new SmtpEnvelope { Id = envelope.Id, Mail = _mail };
        foreach (var recipient in _recipients)
            changed.Recipients.Add(recipient);
        return changed;
    }

    private async ValueTask<string> AddAsync(EmailAddress to, CancellationToken ct)
    {
        if (_recipients.Exists(r => r.Arguments.Recipient == to))
            return $"also for <{to}>, as it was";
        // What is said to be for somebody is for him too, or for nobody: nothing is taken and then left out for one.
        if (_recipients.Count >= mostRecipients)
        {
            Refusal ??= TooMany;
            return $"not for <{to}>: it has recipients enough";
        }

        var found = await resolver.ResolveAsync(to, ct);
        if (found.Status == ResolutionStatus.Loop)
        {
            Refusal ??= Loop;
            return $"not for <{to}>: its addresses lead in a circle";
        }

        if (found.Status == ResolutionStatus.Unknown)
            return $"not for <{to}>: there is no such user";
        // Whom the site's own filters add may be anybody's: the site asked for it.
        if (found.Status == ResolutionStatus.NotLocal)
            found = new Resolution(ResolutionStatus.NotLocal, [], [to]);
        _recipients.Add(new AcceptedRecipient(new RcptArguments { Recipient = to, Notify = SmtpNotify.Never }, found));
        Added.Add(to);
        HasChanged = true;
        return $"also for <{to}>";
    }

    private static bool TryRead(string path, out EmailAddress address) =>
        EmailAddress.TryParse(path is ['<', .., '>'] ? path[1..^1] : path, out address);
}
