using System.Diagnostics.CodeAnalysis;
using System.Threading.Channels;
using Postreiter.Dns;

namespace Postreiter.Spam.Network;

/// <summary>
/// The DNS as rules may ask it: one for the whole program, whichever rules are in force. It bounds the questions in flight and remembers
/// which lists answer us no more. For any thread.
/// </summary>
[SuppressMessage(
    "Design",
    "CA1001",
    Justification = "the places hold no handle, and questions of mails that are long gone give theirs back"
)]
public sealed class SpamNetwork
{
    private readonly IDnsResolver _resolver;
    private readonly SemaphoreSlim _places;
    private readonly Lock _lock = new();
    private int _silentMails;
    private long _restsUntil = long.MinValue;

    /// <summary>Makes it.</summary>
    /// <param name="resolver">Asked; it caches.</param>
    /// <param name="time">Measures waits.</param>
    /// <param name="options">Bounds.</param>
    public SpamNetwork(IDnsResolver resolver, TimeProvider time, SpamNetworkOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(resolver);
        (_resolver, Time, Options) = (resolver, time, options ?? new SpamNetworkOptions());
        _places = new SemaphoreSlim(Options.MaxInFlight);
        Blocked = new BlockedZones(time);
    }

    /// <summary>Bounds.</summary>
    public SpamNetworkOptions Options { get; }

    /// <summary>Measures waits.</summary>
    internal TimeProvider Time { get; }

    /// <summary>Zones that are left alone.</summary>
    internal BlockedZones Blocked { get; }

    /// <summary>Whether nothing is asked for now, because nothing was answered.</summary>
    internal bool IsResting
    {
        get
        {
            lock (_lock)
                return Time.GetTimestamp() < _restsUntil;
        }
    }

    /// <summary>Notes how it went for a mail that asked something.</summary>
    /// <param name="wasAnswered">Whether any question of it was.</param>
    internal void Note(bool wasAnswered)
    {
        lock (_lock)
        {
            _silentMails = wasAnswered ? 0 : _silentMails + 1;
            // After the rest one silent mail is enough for the next.
            if (_silentMails >= Options.SilentMails)
                _restsUntil = Time.GetTimestamp() + (long)(Options.RestTime.TotalSeconds * Time.TimestampFrequency);
        }
    }

    /// <summary>Asks one question, when there is a place; the answer goes to the mail's queue.</summary>
    /// <param name="question">What is asked.</param>
    /// <param name="answers">Where the answer goes; a mail that is through takes none any more.</param>
    /// <param name="ct">Ends the wait for a place. A question that is on its way keeps its place until it is answered.</param>
    internal async Task AskAsync(DnsQuestion question, ChannelWriter<DnsReply> answers, CancellationToken ct)
    {
        try
        {
            await _places.WaitAsync(ct);
        }
        catch (OperationCanceledException)
        {
            return;
        }

        SpamNetworkMetrics.Asked.Add(1);
        DnsReply reply;
        try
        {
            reply = await AskAsync(question);
        }
        finally
        {
            _places.Release();
        }

        answers.TryWrite(reply);
    }

    private async Task<DnsReply> AskAsync(DnsQuestion question)
    {
        using var patience = new CancellationTokenSource(Options.MaxWait, Time);
        try
        {
            var answer = await _resolver.ResolveTextAsync(question.Name, question.Type, patience.Token);
            return new DnsReply(
                question,
                answer.Code,
                answer.Records.Count > Options.MaxRecords
                    ? [.. answer.Records.Take(Options.MaxRecords)]
                    : answer.Records,
                answer.PrimaryServer
            );
        }
        // A resolver answers with values; whatever else it does, no mail is held up by it.
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            return new DnsReply(question, null, [], null);
        }
    }
}
