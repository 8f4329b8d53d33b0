using System.Diagnostics.Metrics;
using System.Text;
using Microsoft.Extensions.Logging;
using Postreiter.Core;
using Postreiter.Delivery.Inbound;
using Postreiter.Messages;
using Postreiter.Smtp.Server;
using Postreiter.Storage.Blobs;

namespace Postreiter.Delivery.Scanning.Contents;

/// <summary>What the rules about contents say of a message, and what follows.</summary>
internal sealed record ContentOutcome
{
    /// <summary>The strictest of what the rules want.</summary>
    public ContentAction Action { get; init; }

    /// <summary>What was found.</summary>
    public IReadOnlyList<ContentFinding> Findings { get; init; } = [];

    /// <summary>Files that were looked at.</summary>
    public int Files { get; init; }

    /// <summary>How long it took.</summary>
    public double Milliseconds { get; init; }

    /// <summary>What was wanted for each rule.</summary>
    public required ContentRules Rules { get; init; }

    /// <summary>What a rule wants, in the trace's word.</summary>
    public string ActionFor(ContentRule rule) => Rules.For(rule).ToString().ToLowerInvariant();

    /// <summary>The reply that refuses it; null when it is taken.</summary>
    public SmtpReply? Refusal { get; init; }

    /// <summary>Why it is kept apart; null when it is not.</summary>
    public string? Quarantine { get; init; }

    /// <summary>Fields to put in front, whole lines with CRLF.</summary>
    public string Marks { get; init; } = "";
}

/// <summary>
/// Looks at what is attached to every message, those of our own users too, beside the scanners of viruses and before the reply. So many
/// messages are looked at at one time as there are processors.
/// </summary>
/// <param name="time">The clock.</param>
/// <param name="log">Told of what is found.</param>
public sealed partial class ContentFilter(TimeProvider time, ILogger log) : IDisposable
{
    /// <summary>The field that says what was found; what a message brings of this name is taken out.</summary>
    public const string FieldName = "X-Content-Found";

    private static readonly Meter Meter = new("Postreiter.Delivery.Contents");
    private static readonly Counter<long> Found = Meter.CreateCounter<long>("postreiter.inbound.contents");

    private readonly SemaphoreSlim _places = new(Environment.ProcessorCount);

    /// <summary>What follows from what is found; may change at any time, for messages that end then.</summary>
    public ContentRules Rules { get; set; } = new();

    /// <inheritdoc/>
    public void Dispose()
    {
        // An unpacker that is late still gives its place back: the semaphore is left to the collector.
    }

    /// <summary>Looks at a whole message.</summary>
    /// <returns>Null where no rule is in force.</returns>
    internal async Task<ContentOutcome?> CheckAsync(
        SmtpPeer peer,
        SmtpEnvelope envelope,
        MimePart root,
        PendingBlob content,
        CancellationToken ct
    )
    {
        var rules = Rules;
        if (!rules.IsInForce)
            return null;
        var began = time.GetTimestamp();
        using var budget = new CancellationTokenSource(rules.Budget, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(budget.Token, ct);
        var walk = new ContentWalk(rules, either.Token);
        var findings = new List<ContentFinding>();
        try
        {
            foreach (var part in Leaves(root))
            {
                if (walk.IsOver)
                    break;
                var names = PartContent.Names(part);
                if (IsPlainText(part, names))
                    continue;
                // RFC 2046 §5.2.1 forbids the encoding, and programs show what is in it all the same.
                if (
                    part is { Type: "message", Subtype: "rfc822" or "global", Encoding: "base64" or "quoted-printable" }
                )
                    walk.Add(
                        ContentRule.Unreadable,
                        names.Count > 0 ? names[0] : "a part without a name",
                        "an attached message that is encoded"
                    );
                await _places.WaitAsync(either.Token);
                await LookAsync(walk, content, part, names, either.Token);
                findings = [.. walk.Findings];
            }
        }
        catch (OperationCanceledException) when (!ct.IsCancellationRequested)
        {
            // An unpacker may still be at work, with the walk: what was found in the parts before is kept, and the walk left alone.
            var late = new ContentWalk(rules, CancellationToken.None);
            late.Over("the message", $"it could not be looked at in {rules.Budget.TotalSeconds:0} s");
            findings.AddRange(late.Findings);
            walk = late;
        }

        return Decide(
            peer,
            envelope,
            rules,
            findings,
            (walk.Files, walk.IsOver),
            time.GetElapsedTime(began).TotalMilliseconds
        );
    }

    // Not on a thread that answers sessions: unpacking is work. Nobody waits longer than there is time; the place and the file are given back
    // when it really has ended.
    private async Task LookAsync(
        ContentWalk walk,
        PendingBlob content,
        MimePart part,
        List<string> names,
        CancellationToken ct
    )
    {
        Scratch scratch;
        try
        {
            scratch = await PartContent.ReadAsync(content, part, ct);
        }
        catch
        {
            _places.Release();
            throw;
        }

        var looking = Task.Run(
            () =>
            {
                using (scratch)
                {
                    try
                    {
                        walk.Look(scratch.Content, names);
                    }
                    finally
                    {
                        _places.Release();
                    }
                }
            },
            CancellationToken.None
        );
        await looking.WaitAsync(ct);
    }

    private ContentOutcome Decide(
        SmtpPeer peer,
        SmtpEnvelope envelope,
        ContentRules rules,
        List<ContentFinding> found,
        (int Files, bool IsOver) walked,
        double milliseconds
    )
    {
        var findings = found.OrderByDescending(f => rules.For(f.Rule)).ToList();
        var action = findings.Count == 0 ? ContentAction.Pass : rules.For(findings[0].Rule);
        if (walked.IsOver)
            InboundMetrics.Limit("L16");
        foreach (var finding in findings)
        {
            Found.Add(1, new KeyValuePair<string, object?>("rule", RuleName(finding.Rule)));
            LogFound(peer.ConnectionId, envelope.Id, RuleName(finding.Rule), finding.File, finding.Detail, action);
        }

        var outcome = new ContentOutcome
        {
            Rules = rules,
            Action = action,
            Findings = findings,
            Files = walked.Files,
            Milliseconds = milliseconds,
        };
        return action switch
        {
            ContentAction.Refuse => outcome with
            {
                Refusal = new SmtpReply(
                    554,
                    "5.7.1",
                    $"Message refused: {findings[0].File} is not taken here: {findings[0].Detail}"
                ),
            },
            ContentAction.Quarantine => outcome with
            {
                Quarantine = $"{RuleName(findings[0].Rule)}: {findings[0].File}: {findings[0].Detail}",
                Marks = MarksOf(findings),
            },
            _ => outcome with { Marks = MarksOf(findings) },
        };
    }

    /// <summary>What a rule is called in settings, fields, traces and metrics.</summary>
    internal static string RuleName(ContentRule rule) =>
        rule switch
        {
            ContentRule.Executable => "executables",
            ContentRule.HiddenExtension => "hidden_extensions",
            ContentRule.Macros => "macros",
            ContentRule.Encrypted => "encrypted",
            ContentRule.Unreadable => "unreadable",
            ContentRule.Oversize => "oversize",
            _ => "types",
        };

    private static string MarksOf(List<ContentFinding> findings)
    {
        var marks = new StringBuilder();
        foreach (var finding in findings.Take(10))
            marks.Append(
                System.Globalization.CultureInfo.InvariantCulture,
                $"{FieldName}: {RuleName(finding.Rule)};\r\n file=\"{finding.File}\";\r\n {finding.Detail}\r\n"
            );
        return marks.ToString();
    }

    // Parts with content of their own, in order. The tree is bounded (L14), and so is its depth.
    private static IEnumerable<MimePart> Leaves(MimePart part)
    {
        if (part.Message is { } message)
            return Leaves(message);
        return part.Parts.Count > 0 ? part.Parts.SelectMany(Leaves) : [part];
    }

    // The text of a message: no name, no encoding that could hide bytes in it.
    private static bool IsPlainText(MimePart part, List<string> names) =>
        names.Count == 0 && part is { Type: "text" or "multipart", Encoding: "7bit" or "8bit" };

    [LoggerMessage(
        Level = LogLevel.Information,
        Message = "{Connection}: message {Id}: {Rule}: {File}: {Detail}; {Action}"
    )]
    private partial void LogFound(
        string connection,
        TraceId id,
        string rule,
        string file,
        string detail,
        ContentAction action
    );
}
