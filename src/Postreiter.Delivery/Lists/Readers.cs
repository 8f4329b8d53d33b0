using Postreiter.Core;
using Postreiter.Delivery.Filtering;
using Postreiter.Delivery.Inbound;
using Postreiter.Smtp.Server;

namespace Postreiter.Delivery.Lists;

/// <summary>All readers of a message.</summary>
internal sealed class Readers
{
    private readonly Dictionary<EmailAddress, IReadOnlyList<Reader>> _of = [];

    /// <summary>Those of the recipients that were taken.</summary>
    public IEnumerable<Reader> Of(SmtpEnvelope envelope) =>
        envelope.Recipients.Select(AddressOf).Distinct().SelectMany(Of);

    /// <summary>The address that is meant, without what we put in front of it for bounces.</summary>
    public static EmailAddress AddressOf(AcceptedRecipient recipient) =>
        (recipient.Target as Resolution)?.Untagged ?? recipient.Arguments.Recipient;

    /// <summary>Notes a recipient's.</summary>
    public void Add(EmailAddress recipient, IReadOnlyList<Reader> readers) => _of[recipient] = readers;

    /// <summary>Adds those of a recipient of whom nothing is known.</summary>
    public void Complete(EmailAddress recipient, Resolution? target)
    {
        if (Of(recipient).Count > 0)
            return;
        var readers = (target?.Accounts ?? []).Select(a => new Reader(recipient, a)).ToList();
        if (readers.Count == 0 || target is { Remote.Count: > 0 })
            readers.Add(new Reader(recipient, null));
        Add(recipient, readers);
    }

    /// <summary>A recipient's; none of one that is not known.</summary>
    public IReadOnlyList<Reader> Of(EmailAddress recipient) => _of.GetValueOrDefault(recipient) ?? [];

    /// <summary>One of them; null when it is not known.</summary>
    /// <param name="recipient">The recipient.</param>
    /// <param name="account">The account; null for those it is sent on to.</param>
    public Reader? Find(EmailAddress recipient, long? account) =>
        Of(recipient).FirstOrDefault(r => r.Account?.Id == account);

    /// <summary>The reply that refuses a message for readers all of whom would have it refused; null where one takes it.</summary>
    public static SmtpReply? RefusalOf(IEnumerable<Reader> readers, SpamOutcome? spam)
    {
        var all = readers.ToList();
        return !AreAgainst(all) ? null
            : all.TrueForAll(static r => r.Refusal is not null) ? all[0].Refusal
            : SpamFilter.RefusalOf(spam);
    }

    /// <summary>Whether all of some readers would have it refused; of no readers nobody would.</summary>
    public static bool AreAgainst(IEnumerable<Reader> readers)
    {
        var any = false;
        foreach (var reader in readers)
        {
            if (reader.Verdict is not { IsRefused: true })
                return false;
            any = true;
        }

        return any;
    }
}
