using System.Buffers;
using System.Globalization;
using Microsoft.Extensions.Logging;
using Postreiter.Core;
using Postreiter.Net;
using Postreiter.Spam.Results;
using Postreiter.Spam.Scanning;
using Postreiter.Spam.Spamd.Syntax;

namespace Postreiter.Spam.Spamd;

/// <summary>One connection, which is one request: reads it, has the mail scanned, answers, closes.</summary>
internal sealed class SpamdSession(Connection connection, SpamdServices services) : IDisposable
{
    // An answer that a client does not take, and the rest of a request that was refused, are not waited for any longer.
    private static readonly TimeSpan GoodbyeTimeout = TimeSpan.FromSeconds(10);
    private readonly SpamdRequestReader _head = new();
    private readonly SpamdBody _body = new(connection, services);
    private string _method = "none";

    /// <summary>Runs it to its end.</summary>
    /// <param name="stopping">Cancelled when the server stops; a request that is not whole by then is refused.</param>
    public async Task RunAsync(CancellationToken stopping)
    {
        var failure = await ServeAsync(stopping);
        SpamdMetrics.Request(_method, failure?.Status ?? 0);
        using var goodbye = new CancellationTokenSource(GoodbyeTimeout, services.Time);
        if (failure is not null)
        {
            services.Logger.LogInformation(
                "{Connection}: spamd {Method}: {Status} {Reason}",
                connection.Id,
                _method,
                failure.Status,
                failure.Text
            );
            SpamdAnswer.Failed(failure, connection.Output);
        }

        if ((await connection.Output.FlushAsync(goodbye.Token)).IsCompleted || failure is null)
            return;
        await _body.DrainAsync(goodbye.Token);
    }

    /// <inheritdoc/>
    public void Dispose() => _body.Dispose();

    private async ValueTask<SpamdFailure?> ServeAsync(CancellationToken stopping)
    {
        var options = services.Options;
        using var timer = new CancellationTokenSource(options.RequestTimeout, services.Time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(timer.Token, stopping);
        try
        {
            return await ReadHeadAsync(either.Token) ?? await AnswerAsync(_head.Request!, either.Token);
        }
        catch (OperationCanceledException) when (timer.IsCancellationRequested)
        {
            var seconds = options.RequestTimeout.TotalSeconds.ToString(CultureInfo.InvariantCulture);
            return new(SpamdStatus.Timeout, $"Timeout: ({seconds} second timeout while trying to {_method})");
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
        {
            return new(SpamdStatus.TemporaryFailure, "Service Unavailable: the server is stopping");
        }
        // One catch for what we do wrong: the client keeps its mail as it was.
        catch (Exception fault) when (fault is not IOException and not OperationCanceledException)
        {
            services.Logger.LogError(fault, "{Connection}: spamd {Method} failed", connection.Id, _method);
            return new(SpamdStatus.Software, "Internal software error");
        }
    }

    private async ValueTask<SpamdFailure?> ReadHeadAsync(CancellationToken ct)
    {
        using var timer = new CancellationTokenSource(services.Options.FirstLineTimeout, services.Time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(timer.Token, ct);
        try
        {
            while (true)
            {
                var wait = _head.Request is null ? either.Token : ct;
                var read = await connection.Input.ReadAsync(wait);
                var reader = new SequenceReader<byte>(read.Buffer);
                var status = _head.Read(ref reader);
                var rest = status == ParseStatus.NeedMoreData ? read.Buffer.End : reader.Position;
                connection.Input.AdvanceTo(reader.Position, rest);
                _method = _head.Request is { } request ? Word(request.Method) : _method;
                if (status == ParseStatus.Complete)
                    return null;
                if (status == ParseStatus.NeedMoreData && !read.IsCompleted)
                    continue;
                if (status == ParseStatus.NeedMoreData)
                    _head.End();
                return new(SpamdStatus.Protocol, $"Bad header line: {_head.Error}");
            }
        }
        catch (OperationCanceledException) when (timer.IsCancellationRequested && !ct.IsCancellationRequested)
        {
            var seconds = services.Options.FirstLineTimeout.TotalSeconds.ToString(CultureInfo.InvariantCulture);
            return new(SpamdStatus.Timeout, $"Timeout: ({seconds} second socket timeout reading input from client)");
        }
    }

    private async ValueTask<SpamdFailure?> AnswerAsync(SpamdRequest request, CancellationToken ct)
    {
        switch (request.Method)
        {
            case SpamdMethod.Ping:
                SpamdAnswer.Pong(connection.Output);
                return null;
            case SpamdMethod.Skip:
                return null;
            case SpamdMethod.Tell:
                return await TellAsync(request, ct);
        }

        if (await _body.ReadAsync(request, ct) is { } failure)
            return failure;
        var mail = _body.Mail;
        if (await services.Scanner.ScanAsync(mail, new MailContext { User = request.User }, ct) is not { } scanned)
            return new(SpamdStatus.Unavailable, "Service Unavailable: no rules are loaded");
        var context = new MarkContext
        {
            HostName = services.Options.HostName,
            Now = services.Time.GetLocalNow(),
            RemoteAddress = connection.Remote.Address.ToString(),
            RemoteHostName = System.Net.IPAddress.IsLoopback(connection.Remote.Address)
                ? "localhost"
                : connection.Remote.Address.ToString(),
        };
        var marker = new MailMarker(scanned.Verdict, scanned.Settings, context);
        SpamdAnswer.Scanned(request, scanned, marker, mail, services.Random, connection.Output);
        services.Logger.LogInformation(
            "{Connection}: spamd {Method}: {Verdict} ({Points}/{Required}), {Bytes} bytes, user {User}, tests {Tests}",
            connection.Id,
            _method,
            scanned.Verdict.IsSpam ? "spam" : "clean",
            marker.PrintedPoints,
            marker.PrintedThreshold,
            mail.Length,
            request.User ?? "none",
            marker.RuleNames()
        );
        return null;
    }

    private async ValueTask<SpamdFailure?> TellAsync(SpamdRequest request, CancellationToken ct)
    {
        if (services.Learner is not { } learner)
            return new(SpamdStatus.Unavailable, "Service Unavailable: TELL commands are not enabled");
        if (request is { SetsLocal: true, RemovesLocal: true })
            return Both("local");
        if (request is { SetsRemote: true, RemovesRemote: true })
            return Both("remote");
        if (request is { SetsLocal: true, IsSpam: null })
            return new(SpamdStatus.Protocol, "Bad header line: (Set needs a Message-class header)");
        if (await _body.ReadAsync(request, ct) is { } failure)
            return failure;
        // Reports to others (remote) are not made: the answer does not name them.
        var wasSet = request.SetsLocal && await learner.LearnAsync(_body.Mail, request.IsSpam, request.User, ct);
        var wasRemoved = request.RemovesLocal && await learner.LearnAsync(_body.Mail, null, request.User, ct);
        SpamdAnswer.Told(wasSet, wasRemoved, connection.Output);
        return null;
    }

    private static SpamdFailure Both(string place) =>
        new(SpamdStatus.Protocol, $"Bad header line: Unable to set {place} and remove {place} in the same operation.");

    private static string Word(SpamdMethod method) =>
        method == SpamdMethod.ReportIfSpam ? "REPORT_IFSPAM" : method.ToString().ToUpperInvariant();
}
