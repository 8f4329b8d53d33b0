using MimeKit.Utils;
using Postreiter.Imap.Session;
using Postreiter.Imap.Syntax;
using Postreiter.Messages;
using Postreiter.Storage.Mail;

namespace Postreiter.Imap.Searching;

/// <summary>
/// Evaluates a search with what is at hand: first what the session keeps of each message, then its row, then its content.
/// Null means that more must be known, so nothing is read that does not decide.
/// </summary>
internal sealed class SearchEvaluation
{
    private readonly SearchKey _key;
    private readonly Dictionary<SetKey, IReadOnlyList<UidRange>> _sets = new(ReferenceEqualityComparer.Instance);

    private SearchEvaluation(SearchKey key) => _key = key;

    /// <summary>Resolves the sets against a mailbox; false when one names a sequence number that is not there.</summary>
    public static bool TryCreate(SearchKey key, SelectedMailbox selected, out SearchEvaluation evaluation)
    {
        evaluation = new SearchEvaluation(key);
        return evaluation.TryResolve(key, selected);
    }

    /// <summary>Decides by UID and flags.</summary>
    public bool? Decide(MessageEntry entry) => Decide(_key, entry, null, null);

    /// <summary>Decides by the row, and by the content as far as it has been read.</summary>
    public bool? Decide(MessageEntry entry, MessageRow row, ContentSearch? content) =>
        Decide(_key, entry, row, content);

    private bool TryResolve(SearchKey key, SelectedMailbox selected)
    {
        switch (key)
        {
            case SetKey set:
                var isGood = selected.TryResolve(set.Set, set.ByUid, out var uids);
                _sets[set] = uids;
                return isGood;
            case NotKey not:
                return TryResolve(not.Key, selected);
            case OrKey or:
                return TryResolve(or.First, selected) && TryResolve(or.Second, selected);
            case AndKey and:
                return and.Keys.All(one => TryResolve(one, selected));
            default:
                return true;
        }
    }

    // As deep as the parser allows (L23).
    private bool? Decide(SearchKey key, MessageEntry entry, MessageRow? row, ContentSearch? content)
    {
        switch (key)
        {
            case AllKey:
                return true;
            case FlagKey flag:
                return entry.Flags.Has(flag.Flag);
            case KeywordKey keyword:
                return entry.Flags.Has(keyword.Keyword);
            case SetKey set:
                return IsIn(_sets[set], entry.Uid);
            case NotKey not:
                return !Decide(not.Key, entry, row, content);
            case OrKey or:
                var first = Decide(or.First, entry, row, content);
                return first is true ? first : Any(first, Decide(or.Second, entry, row, content));
            case AndKey and:
                bool? all = true;
                foreach (var one in and.Keys)
                {
                    var answer = Decide(one, entry, row, content);
                    if (answer is false)
                        return false;
                    all &= answer;
                }

                return all;
            case HeaderKey or TextKey:
                return content?.Answer(key);
            default:
                return row?.Answer(key);
        }
    }

    private static bool? Any(bool? first, bool? second) => first | second;

    private static bool IsIn(IReadOnlyList<UidRange> sorted, uint uid)
    {
        var (low, high) = (0, sorted.Count - 1);
        while (low <= high)
        {
            var middle = (low + high) / 2;
            if (uid < sorted[middle].First)
                high = middle - 1;
            else if (uid > sorted[middle].Last)
                low = middle + 1;
            else
                return true;
        }

        return false;
    }
}

/// <summary>What the row of a message says to SEARCH.</summary>
internal sealed class MessageRow(StoredMessage row, MimePart? root)
{
    /// <summary>The answer to a key of size, date or ENVELOPE; null without a tree.</summary>
    public bool? Answer(SearchKey key) =>
        key switch
        {
            SizeKey size => size.IsLarger ? row.Size > size.Octets : row.Size < size.Octets,
            DateKey { IsSent: false } date => Compare(DateOnly.FromDateTime(row.InternalDate.DateTime), date),
            DateKey date when root is not null => Compare(SentDate(), date),
            EnvelopeKey envelope when root is not null => HasText(root.Envelope ?? new Envelope(), envelope),
            _ => null,
        };

    private DateOnly SentDate()
    {
        // RFC 9051 §6.4.4: time and zone disregarded. RFC 5256 §2.2: without a date to read, the internal one stands in.
        var sent = root?.Envelope?.Date is { } text && DateUtils.TryParse(text, out var date) ? date : row.InternalDate;
        return DateOnly.FromDateTime(sent.DateTime);
    }

    private static bool Compare(DateOnly date, DateKey key) =>
        key.Relation switch
        {
            DateRelation.Before => date < key.Date,
            DateRelation.On => date == key.Date,
            _ => date >= key.Date,
        };

    private static bool HasText(Envelope envelope, EnvelopeKey key) =>
        key.Field switch
        {
            EnvelopeField.From => HasAddress(envelope.From, key.Text),
            EnvelopeField.To => HasAddress(envelope.To, key.Text),
            EnvelopeField.Cc => HasAddress(envelope.Cc, key.Text),
            EnvelopeField.Bcc => HasAddress(envelope.Bcc, key.Text),
            EnvelopeField.Subject => Has(envelope.Subject, key.Text),
            EnvelopeField.MessageId => Has(envelope.MessageId, key.Text),
            _ => Has(envelope.InReplyTo, key.Text),
        };

    private static bool Has(string? value, string text) =>
        value is not null && HeaderBlock.Decode(value).Contains(text, StringComparison.Ordinal);

    private static bool HasAddress(IReadOnlyList<EnvelopeAddress> addresses, string text)
    {
        foreach (var address in addresses)
        {
            // As people write it, so that a text may reach from the name into the address.
            var shown = (address.Mailbox, address.Host) switch
            {
                (null, _) => "",
                (var group, null) => group + ":",
                var (mailbox, host) when address.Name is null => mailbox + "@" + host,
                var (mailbox, host) => address.Name + " <" + mailbox + "@" + host + ">",
            };
            if (Has(shown, text))
                return true;
        }

        return false;
    }
}
