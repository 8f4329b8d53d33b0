using System.Net;
using Postreiter.Core;
using Postreiter.Dns;

namespace Postreiter.Delivery.Gate.Checks;

/// <summary>Asks all lists for an address at once, within one budget of time. What is not known then counts as not listed (F8).</summary>
/// <param name="dns">Answers; a cache behind it.</param>
/// <param name="time">Measures.</param>
internal sealed class DnsListCheck(IDnsResolver dns, TimeProvider time)
{
    /// <summary>The result where a list answers this resolver nothing.</summary>
    public const string Refuses = "blocked";

    // A list has a handful of answers; more of them say no more.
    private const int MaxAnswers = 32;
    private static readonly IPNetwork Answers = IPNetwork.Parse("127.0.0.0/8");

    // Lists answer with these where they refuse a resolver: too much asked, or asked through a public one.
    private static readonly IPNetwork Blocked = IPNetwork.Parse("127.255.255.0/24");

    /// <summary>A record for each list, in their order.</summary>
    public async Task<IReadOnlyList<CheckRecord>> CheckAsync(
        IReadOnlyList<DnsList> lists,
        IPAddress client,
        TimeSpan budget
    )
    {
        if (lists.Count == 0)
            return [];
        using var timer = new CancellationTokenSource(budget, time);
        return await Task.WhenAll(lists.Select(list => CheckAsync(list, client, timer.Token)));
    }

    /// <summary>The name that is asked: the address backwards, and the zone (RFC 5782 §2.1, §2.4).</summary>
    internal static DomainName NameOf(IPAddress client, DomainName zone) =>
        DomainName.TryParse($"{client.ReverseLabels()}.{zone.Ascii}", out var name) ? name : default;

    private async Task<CheckRecord> CheckAsync(DnsList list, IPAddress client, CancellationToken ct)
    {
        var began = time.GetTimestamp();
        var check = $"dnsbl {list.Zone.Ascii}";
        CheckRecord Result(string result, double points, string reason) =>
            new(check, result, points, time.GetElapsedTime(began).TotalMilliseconds, reason);

        var name = NameOf(client, list.Zone);
        if (name.IsEmpty)
            return Result("temperror", 0, "the zone's name is too long");
        DnsAnswer<IPAddress> answer;
        try
        {
            answer = await dns.ResolveAAsync(name, ct).AsTask().WaitAsync(ct);
        }
        catch (OperationCanceledException)
        {
            return Result("temperror", 0, "no answer in time");
        }

        if (answer.Status == DnsStatus.TemporaryFailure)
            return Result("temperror", 0, answer.Detail ?? "no answer");
        var codes = answer.Records.Take(MaxAnswers).ToList();
        if (codes.Count == 0)
            return Result("not-listed", 0, "not listed");
        if (codes.Find(Blocked.Contains) is { } refusal)
        {
            GateMetrics.Blocked(list.Zone.Ascii);
            return Result(Refuses, 0, $"the list refuses to answer this resolver ({refusal}): it says nothing");
        }

        // RFC 5782 §2.1: answers lie in 127.0.0.0/8. Others come from resolvers that have an answer for everything, or of a lost domain.
        var known = codes.Where(Answers.Contains).ToList();
        if (known.Count == 0)
            return Result("no-list", 0, $"{codes[0]} is no answer of a list: it says nothing");
        foreach (var code in list.Codes)
        {
            if (known.Find(code.Answers.Contains) is not { } found)
                continue;
            var words =
                code.Meaning.Length > 0 ? code.Meaning
                : code.Points < 0 ? "good"
                : "listed";
            return Result("listed", code.Points, $"{words} ({found})") with { IsAgainst = code.Points > 0 };
        }

        return Result("listed", 0, $"{known[0]} counts nothing here");
    }
}
