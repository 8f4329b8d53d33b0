using System.Globalization;
using System.Text;
using Microsoft.Extensions.Logging;
using Postreiter.Core;
using Postreiter.Delivery.Reports;
using Postreiter.Messages;
using Postreiter.Storage;
using Postreiter.Storage.Quarantine;

namespace Postreiter.Delivery.Quarantine;

/// <summary>Deletes what was kept long enough, and tells owners once a day what of their mail is kept.</summary>
/// <param name="store">Where it is.</param>
/// <param name="notices">Write to owners.</param>
/// <param name="time">The clock.</param>
/// <param name="log">Told of faults and of what is deleted.</param>
public sealed partial class QuarantineUpkeep(
    IStore store,
    NoticeFiler notices,
    TimeProvider time,
    ILogger<QuarantineUpkeep> log
)
{
    private const int Page = 500;
    private const int MostTold = 100;
    private const int MaxField = 100;
    private static readonly TimeSpan Pause = TimeSpan.FromHours(1);

    /// <summary>May change at any time.</summary>
    public QuarantineOptions Options { get; set; } = new();

    /// <summary>Looks every hour, and at the time of the digest, until stopped.</summary>
    public async Task RunAsync(CancellationToken ct)
    {
        var last = time.GetUtcNow();
        while (!ct.IsCancellationRequested)
        {
            try
            {
                await PruneAsync(ct);
                var now = time.GetUtcNow();
                if (Next(last) is { } due && due <= now)
                {
                    await TellAsync(ct);
                    last = now;
                }

                var pause = Next(last) is { } next && next - now < Pause ? next - now : Pause;
                await Task.Delay(pause > TimeSpan.Zero ? pause : TimeSpan.FromSeconds(1), time, ct);
            }
            // Whatever it is, it is to go on in a minute: nobody else deletes and tells.
            catch (Exception e) when (e is not OperationCanceledException)
            {
                LogFault(e);
                await Task.Delay(TimeSpan.FromMinutes(1), time, ct)
                    .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
            catch (OperationCanceledException) when (ct.IsCancellationRequested)
            {
                return;
            }
        }
    }

    /// <summary>Deletes what is over.</summary>
    /// <exception cref="StoreException">The store failed.</exception>
    public async Task PruneAsync(CancellationToken ct)
    {
        var before = time.GetUtcNow() - Options.Keep;
        var all = 0;
        while (await store.Quarantine.PruneAsync(before, ct) is > 0 and var count)
            all += count;
        if (all > 0)
            LogPruned(all);
    }

    /// <summary>Tells each account what came since it was told last; each message once.</summary>
    /// <exception cref="StoreException">The store failed.</exception>
    public async Task TellAsync(CancellationToken ct)
    {
        while (await store.Quarantine.ListUntoldAsync(Page, ct) is { Count: > 0 } untold)
        {
            foreach (var account in untold.GroupBy(static q => q.AccountId))
            {
                if (await FindAsync(account.Key, ct) is { } owner)
                    await notices.TellAsync(
                        owner,
                        "Mail that is kept in quarantine",
                        Digest(owner, [.. account]),
                        ct,
                        isForPostmasterToo: false
                    );
                // Told before it is noted: after a crash between the two it is told once more.
                await store.Quarantine.NoteToldAsync([.. account.Select(static q => q.Id)], ct);
            }
        }
    }

    /// <summary>Subject of a kept message for people: decoded, one line, nothing that moves a terminal; empty where it has none.</summary>
    public static string SubjectOf(QuarantinedMessage message)
    {
        ArgumentNullException.ThrowIfNull(message);
        try
        {
            var subject = MessageStructure.Read(message.Structure).Envelope?.Subject;
            return subject is null ? "" : OneLine(MimeKit.Utils.Rfc2047.DecodeText(Encoding.UTF8.GetBytes(subject)));
        }
        catch (FormatException)
        {
            return "";
        }
    }

    private DateTimeOffset? Next(DateTimeOffset after)
    {
        if (Options.Digest is not { } at)
            return null;
        var next = new DateTimeOffset(after.UtcDateTime.Date + at.ToTimeSpan(), TimeSpan.Zero);
        return next > after ? next : next.AddDays(1);
    }

    private async ValueTask<EmailAddress?> FindAsync(long account, CancellationToken ct) =>
        (await store.Directory.ListAccountsAsync(ct)).FirstOrDefault(a => a.Id == account)?.Address;

    private string Digest(EmailAddress owner, List<QuarantinedMessage> messages)
    {
        var text = new StringBuilder();
        text.Append(
            CultureInfo.InvariantCulture,
            $"""
            {messages.Count} new messages of {owner} are kept in quarantine and not delivered.
            Each is deleted {Options.Keep.TotalDays:0.#} days after it came. If you miss one of them, write to your
            postmaster, and name its number.


            """
        );
        foreach (var message in messages.Take(MostTold))
        {
            text.Append(
                CultureInfo.InvariantCulture,
                $"""
                Number:  {message.Id}
                Date:    {message.Received.UtcDateTime:yyyy-MM-dd HH:mm} UTC
                From:    <{OneLine(message.Sender?.ToString() ?? "")}>
                To:      {OneLine(string.Join(", ", message.Recipients))}
                Subject: {SubjectOf(message)}
                Reason:  {OneLine(message.Reason)}


                """
            );
        }

        if (messages.Count > MostTold)
            text.Append(CultureInfo.InvariantCulture, $"and {messages.Count - MostTold} more\n");
        return text.ToString();
    }

    private static string OneLine(string text) =>
        string.Concat(text.Take(MaxField).Select(static c => char.IsControl(c) || IsUnsafe(c) ? '?' : c));

    // Marks of direction turn a line around, lone surrogates are no text.
    private static bool IsUnsafe(char c) =>
        char.IsSurrogate(c)
        || c is (>= '\u200e' and <= '\u200f') or (>= '\u2028' and <= '\u202e') or (>= '\u2066' and <= '\u2069');

    [LoggerMessage(
        Level = LogLevel.Information,
        Message = "{Count} messages were deleted from the quarantine: their time was over"
    )]
    private partial void LogPruned(int count);

    [LoggerMessage(Level = LogLevel.Error, Message = "The quarantine could not be looked after")]
    private partial void LogFault(Exception e);
}
