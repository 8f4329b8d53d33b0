using Postreiter.Spam.Configuration;
using Postreiter.Spam.Mail;
using Postreiter.Spam.Network;

namespace Postreiter.Spam.Functions;

/// <summary>Rules of the kind `askdns`: a question made of tags of the mail, and a test of its answer.</summary>
internal static class AskDns
{
    private const int MostNames = 100;

    /// <summary>Asks, once every tag in the name has a value.</summary>
    /// <returns>False while one has none: it may get one yet.</returns>
    public static bool TryAsk(MailFacts facts, Rule rule)
    {
        var query = rule.Query!;
        IReadOnlyList<string> names = [query.Name];
        foreach (var tag in query.Tags)
        {
            var values = MailTags.Of(facts, tag).Where(static value => value.Length > 0).ToList();
            if (values.Count == 0)
                return false;
            names =
            [
                .. names
                    .SelectMany(name =>
                        values.Select(value => name.Replace($"_{tag}_", value, StringComparison.Ordinal))
                    )
                    .Distinct(StringComparer.Ordinal)
                    .Take(MostNames),
            ];
        }
        foreach (var name in names.Where(static name => HostName.IsValid(name)).Select(Octets.Lower))
        {
            foreach (var type in query.Types)
                facts.Lookups?.Ask(type, name, reply => Judge(facts, rule, name, reply));
        }
        return true;
    }

    private static void Judge(MailFacts facts, Rule rule, string name, DnsReply reply)
    {
        var query = rule.Query!;
        if (query.ResponseCodes is { } codes)
        {
            if (reply.Code is not { } code || !codes.Contains(code))
                return;
            // Told for each record, and without one too.
            foreach (var record in reply.Records.DefaultIfEmpty(""))
                facts.Hit(rule, $"{name} {reply.Question.Type}:{record}");
            return;
        }
        foreach (var record in reply.Records)
        {
            if (Fits(query, reply.Question.Type, record))
                facts.Hit(rule, $"{name} {reply.Question.Type}:{record}");
        }
    }

    private static bool Fits(AskDnsQuery query, string type, string record) =>
        query.Pattern is { } pattern ? pattern.IsMatch(record)
        : query.Text is { } text ? record == text
        : query.Number is not { } number || (type == "A" ? number.Fits(record) : record == number.Text);
}
