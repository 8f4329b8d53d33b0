using Postreiter.Core;
using Postreiter.Dns;
using Postreiter.MailAuth.Dmarc;

namespace Postreiter.MailAuth.Tests.Dmarc;

/// <summary>Discovery as RFC 9989 §4.10 has it: no list, one question for each label. It knows nothing of our own discovery.</summary>
internal sealed class TreeWalk(IDnsResolver dns, CancellationToken ct)
{
    private const int MaxQuestions = 8;

    /// <summary>The organisational domain, and the place of the policy for an author; null where there is none.</summary>
    public async Task<(string Organization, string? Place)> FindAsync(string author)
    {
        var found = await WalkAsync(author);
        var organization = Organization(author, found);
        string? place =
            found.Any(f => f.Name == author) ? author
            : found.Any(f => f.Name == organization) ? organization
            : found.FirstOrDefault(static f => f.Record.IsPublicSuffix == true).Name;
        return (organization, place);
    }

    private static string Organization(string start, List<(string Name, DmarcRecord Record)> found)
    {
        foreach (var (name, record) in found)
        {
            if (record.IsPublicSuffix == false)
                return name;
            // One label below the suffix, unless the walk began at it.
            if (record.IsPublicSuffix == true && name != start)
                return string.Join('.', start.Split('.')[^(name.Split('.').Length + 1)..]);
        }

        return found.Count > 0 ? found[^1].Name : start;
    }

    private async Task<List<(string Name, DmarcRecord Record)>> WalkAsync(string start)
    {
        var found = new List<(string, DmarcRecord)>();
        var labels = start.Split('.');
        for (var asked = 0; labels.Length > 0 && asked < MaxQuestions; asked++)
        {
            var name = string.Join('.', labels);
            var texts = (await dns.ResolveTxtAsync(DomainName.Parse("_dmarc." + name), ct)).Records;
            var records = texts.Where(DmarcRecord.IsDmarc).ToList();
            if (records is [var text] && DmarcRecord.Parse(text, out _) is { } record)
            {
                found.Add((name, record));
                if (record.IsPublicSuffix is not null)
                    break;
            }

            labels = asked == 0 && labels.Length > MaxQuestions ? labels[^(MaxQuestions - 1)..] : labels[1..];
        }

        return found;
    }
}
