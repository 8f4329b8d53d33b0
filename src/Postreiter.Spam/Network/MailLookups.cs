using System.Threading.Channels;
using Postreiter.Core;

namespace Postreiter.Spam.Network;

/// <summary>
/// What the rules ask for one mail: each question once, all at the same time, within one budget of time. Whoever asked is called back when
/// the mail's own scan takes the answers, so there is never a second thread. Used by one scan.
/// </summary>
internal sealed class MailLookups : IDisposable
{
    private sealed class Pending(long since, double longest, double least)
    {
        public readonly List<Action<DnsReply>> Askers = [];
        public readonly long Since = since;
        public readonly double Longest = longest;
        public readonly double Least = least;
        public DnsReply? Reply;
    }

    private readonly SpamNetwork _network;
    private readonly LookupPolicy _policy;
    private readonly TimeSpan _budget;
    private readonly long _begun;
    private readonly Dictionary<DnsQuestion, Pending> _asked = [];
    private readonly Channel<DnsReply> _answers = Channel.CreateUnbounded<DnsReply>();
    private readonly CancellationTokenSource _through = new();
    private readonly List<string> _unanswered = [];
    private readonly List<Func<bool>> _open = [];
    private TimeSpan _end;
    private int _completed;
    private bool _wasAnswered;

    /// <summary>Begins the budget.</summary>
    /// <param name="network">Asks.</param>
    /// <param name="policy">What may be asked.</param>
    /// <param name="budget">
    /// Longest time from now until <see cref="CollectAsync"/> gives up, whatever `rbl_timeout` says. Where the other rules took more than
    /// four fifths of it, because the machine is busy, a fifth is left for the answers.
    /// </param>
    public MailLookups(SpamNetwork network, LookupPolicy policy, TimeSpan budget)
    {
        (_network, _policy, _budget) = (network, policy, budget);
        _begun = network.Time.GetTimestamp();
    }

    /// <summary>What may be asked.</summary>
    public LookupPolicy Policy => _policy;

    /// <summary>Questions that got no answer in time, or were too many, as `TYPE name`.</summary>
    public IReadOnlyList<string> Unanswered => _unanswered;

    /// <summary>Questions asked so far.</summary>
    public int Count => _asked.Count;

    /// <summary>Whether a rule still waits for an answer.</summary>
    public bool IsWaiting => _completed < _asked.Count;

    /// <summary>Asks.</summary>
    /// <param name="type">The type of record, in capitals.</param>
    /// <param name="name">The name, octets; dots at its end do not matter.</param>
    /// <param name="then">Called with the answer, by the scan; not when there is none in time.</param>
    /// <returns>False when the name cannot be asked for, may not be, or there are too many questions.</returns>
    public bool Ask(string type, string name, Action<DnsReply> then)
    {
        if (!DomainName.TryParseQuery(name.AsSpan().TrimEnd('.'), out var asked))
            return false;
        var question = new DnsQuestion(type, asked);
        if (_asked.TryGetValue(question, out var known))
        {
            if (known.Reply is { } reply)
                then(reply);
            else
                known.Askers.Add(then);
            return true;
        }
        if (_policy.IsDenied(asked, _network.Blocked))
            return false;
        if (_asked.Count >= _network.Options.MaxQuestions)
        {
            if (_unanswered.Count < _network.Options.MaxQuestions)
                _unanswered.Add(question.ToString());
            return false;
        }
        var (longest, least) = _policy.Timeout(asked);
        var pending = new Pending(_network.Time.GetTimestamp(), longest, least);
        pending.Askers.Add(then);
        _asked.Add(question, pending);
        _ = _network.AskAsync(question, _answers.Writer, _through.Token);
        return true;
    }

    /// <summary>Asks when what is asked is known: now, or after any part of the scan.</summary>
    /// <param name="tryAsk">Asks; false while something is missing.</param>
    public void When(Func<bool> tryAsk)
    {
        if (!tryAsk())
            _open.Add(tryAsk);
    }

    /// <summary>Tries again what could not be asked yet.</summary>
    public void Retry() => _open.RemoveAll(static tryAsk => tryAsk());

    /// <summary>Calls back for the answers that have come. What is called may ask more.</summary>
    public void TakeAnswers()
    {
        while (_answers.Reader.TryRead(out var reply))
        {
            var pending = _asked[reply.Question];
            _completed++;
            pending.Reply = reply;
            // The server fell silent or could not be reached: nothing is known.
            _wasAnswered |= reply.Code is not null;
            if (reply.Code is null)
                _unanswered.Add(reply.Question.ToString());
            foreach (var then in pending.Askers)
                then(reply);
            pending.Askers.Clear();
        }
    }

    /// <summary>
    /// Waits for the answers that are still to come: `rbl_timeout` from each question on, shorter the more have been answered, and never
    /// beyond the budget. What is not there then is given up.
    /// </summary>
    /// <exception cref="OperationCanceledException">Stopped by the caller.</exception>
    public async ValueTask CollectAsync(CancellationToken ct)
    {
        TakeAnswers();
        var rules = _network.Time.GetElapsedTime(_begun);
        _end = rules > 0.8 * _budget ? rules + 0.2 * _budget : _budget;
        while (IsWaiting && Left() is var left && left > TimeSpan.Zero)
        {
            using var patience = new CancellationTokenSource(left, _network.Time);
            using var either = CancellationTokenSource.CreateLinkedTokenSource(patience.Token, ct);
            try
            {
                await _answers.Reader.WaitToReadAsync(either.Token);
            }
            catch (OperationCanceledException) when (!ct.IsCancellationRequested) { }
            TakeAnswers();
            Retry();
        }
        GiveUp();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _through.Cancel();
        _through.Dispose();
    }

    // The chart of the manual: with the share r of the questions answered, longest − (longest − least)·r².
    private TimeSpan Left()
    {
        var now = _network.Time.GetTimestamp();
        var answered = (double)_completed / _asked.Count;
        var seconds = double.NegativeInfinity;
        foreach (var pending in _asked.Values)
        {
            if (pending.Reply is not null)
                continue;
            var allowed = pending.Longest - (pending.Longest - pending.Least) * answered * answered;
            seconds = Math.Max(seconds, allowed - _network.Time.GetElapsedTime(pending.Since, now).TotalSeconds);
        }
        seconds = Math.Min(seconds, (_end - _network.Time.GetElapsedTime(_begun, now)).TotalSeconds);
        // Timers know whole milliseconds.
        return TimeSpan.FromMilliseconds(Math.Ceiling(seconds * 1000));
    }

    private void GiveUp()
    {
        foreach (var (question, pending) in _asked)
        {
            if (pending.Reply is null)
                _unanswered.Add(question.ToString());
        }
        if (_asked.Count > 0)
            _network.Note(_wasAnswered);
        if (_unanswered.Count > 0)
            SpamNetworkMetrics.Unanswered.Add(_unanswered.Count);
        _through.Cancel();
    }
}
