using Postreiter.Spam.Results;

namespace Postreiter.Spam.Scanning;

/// <summary>Scans whole mails; what the doors (the SMTP session, the spamd protocol, the command line) need of the engine.</summary>
public interface IMailScanner
{
    /// <summary>Scans a mail, after a wait for a place where many are being scanned.</summary>
    /// <param name="mail">Its octets; they must not change until the task is complete.</param>
    /// <param name="ct">Stops the wait and the scan.</param>
    /// <returns>What was found; null while no rules are loaded.</returns>
    /// <exception cref="OperationCanceledException">Stopped.</exception>
    ValueTask<ScannedMail?> ScanAsync(ReadOnlyMemory<byte> mail, CancellationToken ct);

    /// <summary>Scans a mail of which more is known than its octets.</summary>
    /// <param name="mail">Its octets; they must not change until the task is complete.</param>
    /// <param name="context">What else is known of it.</param>
    /// <param name="ct">Stops the wait and the scan.</param>
    /// <returns>What was found; null while no rules are loaded.</returns>
    /// <exception cref="OperationCanceledException">Stopped.</exception>
    ValueTask<ScannedMail?> ScanAsync(ReadOnlyMemory<byte> mail, MailContext context, CancellationToken ct) =>
        ScanAsync(mail, ct);
}

/// <summary>A scanned mail.</summary>
/// <param name="Verdict">What was found.</param>
/// <param name="Settings">How the ruleset in force then wants it marked.</param>
/// <param name="IsPartial">Whether the mail was larger than is scanned, and its end was not looked at.</param>
public sealed record ScannedMail(SpamVerdict Verdict, MarkSettings Settings, bool IsPartial = false)
{
    /// <summary>Rules whose pattern took too long over this mail; they count as not hit.</summary>
    public IReadOnlyList<string> GivenUp { get; init; } = [];

    /// <summary>Whether the rules' <c>time_limit</c> ended the scan.</summary>
    public bool IsTimeLimitExceeded { get; init; }

    /// <summary>Points from which it is spam for its user, where his preferences say so; null = as the site has it.</summary>
    public double? UserRequired { get; init; }

    /// <summary>What stands before the subject of spam for its user; null = as the site has it.</summary>
    public string? UserSubjectTag { get; init; }

    /// <summary>Questions to the DNS without an answer in time, as `TYPE name`.</summary>
    public IReadOnlyList<string> Unanswered { get; init; } = [];

    /// <summary>Zones of lists that said that they answer us no more; nothing is asked of them for a time.</summary>
    public IReadOnlyList<string> BlockedZones { get; init; } = [];
}

/// <summary>Learns from mails that people have judged.</summary>
public interface IMailLearner
{
    /// <summary>Learns a mail as spam or as good mail, or forgets what was learned of it.</summary>
    /// <param name="mail">Its octets.</param>
    /// <param name="isSpam">What it is; null forgets it.</param>
    /// <param name="user">Whose judgement; null for the server's.</param>
    /// <param name="ct">Stops it.</param>
    /// <returns>Whether anything changed.</returns>
    ValueTask<bool> LearnAsync(ReadOnlyMemory<byte> mail, bool? isSpam, string? user, CancellationToken ct);
}
