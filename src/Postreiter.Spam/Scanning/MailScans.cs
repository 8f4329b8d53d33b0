using System.Net;
using Postreiter.Spam.Configuration;
using Postreiter.Spam.Functions;
using Postreiter.Spam.Results;
using Postreiter.Spam.Rules;

namespace Postreiter.Spam.Scanning;

/// <summary>One ruleset made ready for whole mails: octets in, the result with all that marks and reports need out. For any thread.</summary>
public sealed class MailScans
{
    private readonly SpamEngine _engine;
    private readonly MarkSettings _marks;

    /// <summary>Makes it ready, which takes some hundred milliseconds for a full ruleset.</summary>
    /// <param name="ruleset">The rules.</param>
    /// <param name="keepsAllSubRules">Whether sub-rules that nothing depends on are run too, so that results list them.</param>
    public MailScans(Ruleset ruleset, bool keepsAllSubRules = false)
        : this(ruleset, new SpamEngineOptions { KeepsAllSubRules = keepsAllSubRules }) { }

    /// <summary>Makes it ready.</summary>
    /// <param name="ruleset">The rules.</param>
    /// <param name="options">How they are run, and whether they may ask the DNS.</param>
    public MailScans(Ruleset ruleset, SpamEngineOptions options)
    {
        ArgumentNullException.ThrowIfNull(ruleset);
        _engine = new SpamEngine(ruleset, options);
        _marks = RuleCheck.Marks(ruleset, out _);
    }

    /// <summary>Scans a mail for its points.</summary>
    public ScanResult Score(ReadOnlyMemory<byte> mail) => _engine.Scan(_engine.Read(mail));

    /// <summary>Scans a mail for its points, and asks the DNS if the options say so.</summary>
    public ValueTask<ScanResult> ScoreAsync(ReadOnlyMemory<byte> mail, CancellationToken ct) =>
        _engine.ScanAsync(_engine.Facts(_engine.Read(mail)), ct);

    /// <summary>Scans a mail for its marks.</summary>
    public ScannedMail Scan(ReadOnlyMemory<byte> mail)
    {
        var facts = _engine.Facts(_engine.Read(mail));
        return Marked(facts, _engine.Scan(facts));
    }

    /// <summary>Scans a mail for its marks, and asks the DNS if the options say so. The work is done before the first wait.</summary>
    /// <param name="mail">Its octets; they must not change until the task is complete.</param>
    /// <param name="ct">Stops the wait.</param>
    /// <exception cref="OperationCanceledException">Stopped.</exception>
    public async ValueTask<ScannedMail> ScanAsync(ReadOnlyMemory<byte> mail, CancellationToken ct)
    {
        var facts = _engine.Facts(_engine.Read(mail));
        return Marked(facts, await _engine.ScanAsync(facts, ct));
    }

    private ScannedMail Marked(MailFacts facts, ScanResult result) =>
        new(Verdict(facts, result), _marks) { Unanswered = result.Unanswered, BlockedZones = result.BlockedZones };

    private static SpamVerdict Verdict(MailFacts facts, ScanResult result) =>
        new()
        {
            Points = result.Points,
            Required = result.Required,
            Hits =
            [
                .. result.Hits.Select(h => new ReportedHit(h.Name, h.Points, h.Area, h.Description)
                {
                    Details = h.Details,
                }),
            ],
            // Each hit of a sub-rule counts by itself.
            SubHits = [.. result.SubHits.SelectMany(h => Enumerable.Repeat(h.Name, Math.Max(1, (int)h.Count)))],
            GivenUp = result.GivenUp,
            Body = facts.Mail.Body,
            Header = name => facts.Mail.Header(name),
            Tags = Tags(facts),
        };

    private static Dictionary<string, string> Tags(MailFacts facts)
    {
        var mail = facts.Mail;
        var tags = facts.Tags.ToDictionary(
            static tag => tag.Key,
            static tag => string.Join(' ', tag.Value),
            StringComparer.Ordinal
        );
        foreach (var list in new[] { "Trusted", "Untrusted", "Internal", "External" })
            tags["RELAYS" + list.ToUpperInvariant()] = mail.Header("X-Spam-Relays-" + list)?.TrimEnd('\n') ?? "";
        if (mail.Received.External is [var last, ..])
        {
            tags["LASTEXTERNALIP"] = last.Ip;
            tags["LASTEXTERNALREVIP"] = Reversed(last.Ip);
            tags["LASTEXTERNALRDNS"] = last.Rdns;
            tags["LASTEXTERNALHELO"] = last.Helo;
        }

        if (mail.Received.Trusted is [.., var first])
        {
            tags["FIRSTTRUSTEDIP"] = first.Ip;
            tags["FIRSTTRUSTEDREVIP"] = Reversed(first.Ip);
        }

        return tags;
    }

    // As blocklists are asked: labels from the end; for IPv6 each half octet.
    private static string Reversed(string ip)
    {
        if (!IPAddress.TryParse(ip, out var address))
            return "";
        var octets = address.GetAddressBytes();
        Array.Reverse(octets);
        return octets.Length == 4
            ? string.Join('.', octets)
            : string.Join('.', octets.SelectMany(o => new[] { $"{o & 15:x}", $"{o >> 4:x}" }));
    }
}
