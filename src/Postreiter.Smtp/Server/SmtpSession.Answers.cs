using Postreiter.Core;
using Postreiter.Net;
using Postreiter.Smtp.Syntax;

namespace Postreiter.Smtp.Server;

/// <content>How a session answers: replies, what they count for, and the limits that end it.</content>
internal sealed partial class SmtpSession
{
    /// <summary>L9: an unknown recipient; guessing gets slow, then ends. It has its own limit and is no error of L8.</summary>
    public async ValueTask<SmtpReply> CountUnknownAsync(SmtpReply reply)
    {
        _isCounted = true;
        _unknownRecipients++;
        if (_unknownRecipients >= Options.Limits.MaxUnknownRecipients)
            return Limit("L9", Replies.TooManyUnknown);
        if (_unknownRecipients > Options.Limits.SlowUnknownRecipients)
            await PauseAsync();
        return reply;
    }

    /// <summary>L13: a failed log-in.</summary>
    public async ValueTask<SmtpReply> CountFailedLoginAsync(SmtpReply reply)
    {
        if (++_failedLogins < Options.Limits.MaxFailedLogins)
            return reply;
        Write(reply);
        await FlushAsync();
        return Limit("L13", Replies.TooManyLogins);
    }

    /// <summary>Counts a limit that was met, and logs it once a session.</summary>
    /// <param name="number">Its number, or a name for a timeout.</param>
    /// <param name="reply">The answer; given back.</param>
    public SmtpReply Limit(string number, SmtpReply reply)
    {
        Meet(number, reply.ToString());
        return reply;
    }

    private void Meet(string number, string consequence)
    {
        SmtpMetrics.Limit(number);
        if ((_limitsMet ??= []).Add(number))
            LogLimit(_handler.Log, Connection.Id, number, consequence);
    }

    /// <summary>Answers a command or a message; several replies, of its recipients, are one answer.</summary>
    /// <returns>False when the session is over.</returns>
    private async ValueTask<bool> AnswerAsync(IReadOnlyList<SmtpReply> replies)
    {
        if (!_isCounted && replies.Any(static r => r.IsPermanent && !r.ClosesConnection))
            await CountErrorAsync();
        _isCounted = false;
        foreach (var reply in replies)
            Write(reply);
        if (replies.Any(static r => r.ClosesConnection || r.Code == 421))
            return false;
        // L29: replies to pipelined commands wait for one flush, but not without bound.
        if (Connection.Output.UnflushedBytes > MostUnflushed)
            await FlushAsync();
        if (_errors < (Connection.IsUnderStress ? 1 : Options.Limits.MaxErrors))
            return true;
        Write(Limit("L8", Replies.TooManyErrors));
        return false;
    }

    /// <summary>L8: what was wrong, or L10: too much idling; many get slow.</summary>
    private async ValueTask CountErrorAsync()
    {
        if (++_errors > Options.Limits.SlowErrors)
            await PauseAsync();
    }

    // What is known is told before the pause: only the next command has to wait.
    private async ValueTask PauseAsync()
    {
        await FlushAsync();
        await Task.Delay(TimeSpan.FromSeconds(1), Time, _stopping)
            .ContinueWith(
                static _ => { },
                CancellationToken.None,
                TaskContinuationOptions.ExecuteSynchronously,
                TaskScheduler.Default
            );
    }

    private async ValueTask FlushAsync()
    {
        if (!await _input.FlushAsync())
            throw new PeerGoneException("takes no replies");
    }

    private void Write(SmtpReply reply)
    {
        Peer.Dialogue?.Said(reply);
        ReplyWriter.Write(Connection.Output, reply);
    }

    private SmtpReply? FaultOf(InputStatus status) =>
        status switch
        {
            InputStatus.Line => null,
            InputStatus.TooLong => Limit("L1", Replies.LineTooLong),
            InputStatus.Endless => Limit("L1", Replies.Endless),
            InputStatus.BareLineEnd => Limit("line ends", Replies.BareLineEnd),
            InputStatus.Stopping => Replies.Stopping,
            _ => Limit("command timeout", Replies.TimedOut),
        };

    private IReadOnlyList<SmtpReply> Repeated(SmtpReply reply, SmtpEnvelope envelope) =>
        // RFC 2033 §4.2: one reply for each recipient that was accepted.
        _handler.Role == ListenerRole.Lmtp
            ? [.. envelope.Recipients.Select(_ => reply)]
            : [reply];
}
