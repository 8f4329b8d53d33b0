using Postreiter.Spam.Network;

namespace Postreiter.Spam.Functions;

/// <summary>The report tag `_RBL_`: what lists answered, a line a question.</summary>
internal sealed class DnsRecordTag
{
    private const int MostLines = 200;
    private const int MostRecords = 20;
    private const int LongestRecord = 255;
    private readonly HashSet<string> _questions = new(StringComparer.Ordinal);
    private readonly List<string> _lines = [];

    /// <summary>Notes an answer.</summary>
    public static void Add(MailFacts facts, DnsReply reply)
    {
        if (reply.Records.Count == 0)
            return;
        var tag = facts.Shared(static _ => new DnsRecordTag());
        var type = reply.Question.Type == "A" ? "" : "?type=" + reply.Question.Type;
        var question = $"<dns:{reply.Question.Name.Ascii}{type}>";
        if (tag._lines.Count >= MostLines || !tag._questions.Add(question))
            return;
        var records = reply
            .Records.Distinct(StringComparer.Ordinal)
            .Take(MostRecords)
            .Select(static record =>
                MailFacts.Printed(record.Length > LongestRecord ? record[..LongestRecord] : record)
            );
        tag._lines.Add($"{question} [{string.Join(", ", records)}]");
        facts.SetTag("RBL", string.Join('\n', tag._lines));
    }
}
