using Postreiter.Spam.Mail;

namespace Postreiter.Spam.Functions;

/// <summary>When a mail was written and when it was handed over, as its headers say; seconds since 1970.</summary>
internal sealed class MailDates
{
    private static readonly FunctionPattern Stamp = new(@"(\s.?\d+ \S\S\S \d+ \d+:\d+:\d+ \S+)");

    private readonly List<long> _fetched = [];

    private MailDates(SpamMail mail, long now)
    {
        Written = mail.HeaderValues("Resent-Date")
            .Concat(mail.HeaderValues("Date"))
            .Select(LenientDate.Read)
            .FirstOrDefault(static time => time is not null);
        Received = ReadReceived(mail, now);
    }

    /// <summary>Resent-Date, else Date; null when neither is a date.</summary>
    public long? Written { get; }

    /// <summary>The times of the Received fields, the last handover first; without those of the fetching of mail from a mailbox.</summary>
    public IReadOnlyList<long> Received { get; }

    /// <summary>How far the date lies behind the nearest time of a handover, seconds; 0 where one of them is not known.</summary>
    public long Shift
    {
        get
        {
            if (Written is not { } written || Received.Count == 0)
                return 0;
            var shifts = Received.Select(time => written - time).ToList();
            // Some programs write their own Received field with the same date.
            if (shifts is [_, .., 0])
                shifts.RemoveAt(shifts.Count - 1);
            return shifts.MinBy(Math.Abs);
        }
    }

    /// <summary>When the mail came here: the median of what is known; 0 where nothing is.</summary>
    public long Arrived
    {
        get
        {
            var times = new List<long>();
            if (Written is { } written)
                times.Add(written);
            if (Received.Count > 0)
                times.Add(Received[0]);
            if (_fetched.Count > 0)
                times.Add(_fetched.Max());
            if (Written is not null && Received.Count > 0)
                times.Add(Written.Value - Shift);
            times.Sort();
            times.Reverse();
            return times.Count == 0 ? 0 : times[(times.Count - 1) / 2];
        }
    }

    /// <summary>The dates of a mail.</summary>
    public static MailDates Of(MailFacts facts) =>
        facts.Shared(static f => new MailDates(f.Mail, f.Time.GetUtcNow().ToUnixTimeSeconds()));

    private List<long> ReadReceived(SpamMail mail, long now)
    {
        var lines = mail.Joined("Received").Split('\n').Where(static line => Octets.Trim(line).Length > 0).ToList();
        if (lines.Count == 0)
            return [];
        // fetchmail writes up to two fields of its own on top.
        var own = FetchedMail.IsHandedOver(lines[0]) ? 1 : 0;
        own = own < lines.Count && FetchedMail.IsFetched(lines[own]) ? own + 1 : 0;
        foreach (var line in lines.Take(own))
        {
            if (Time(line) is { } time && time <= now)
                _fetched.Add(time);
        }

        return [.. lines.Skip(own).Select(Time).OfType<long>()];
    }

    private static long? Time(string line) => Stamp.Find(line) is { } stamp ? LenientDate.Read(stamp) : null;
}
