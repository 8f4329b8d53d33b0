using System.Buffers;
using System.Text;
using Microsoft.Extensions.Logging;
using Postreiter.Core;
using Postreiter.Milter.Server;
using Postreiter.Net;

namespace Postreiter.Milter.Policy;

/// <summary>Serves Postfix's policy delegation: a question, an action, and again, on one connection.</summary>
/// <param name="options">Who may ask.</param>
/// <param name="sessions">Makes what decides for one connection; its argument names the connection in logs.</param>
/// <param name="time">The clock.</param>
/// <param name="log">Told of callers that may not ask, of what cannot be read, and of our own faults.</param>
public sealed partial class PolicyConnectionHandler(
    MilterServerOptions options,
    Func<string, IPolicySession> sessions,
    TimeProvider time,
    ILogger log
) : IConnectionHandler
{
    private const string OwnFault = "451 4.3.0 Temporary failure, try again later";
    private const int MostText = 1_000;

    /// <inheritdoc/>
    public async Task HandleAsync(Connection connection, CancellationToken stopping)
    {
        ArgumentNullException.ThrowIfNull(connection);
        if (!options.Allows(connection.Remote.Address))
        {
            LogStranger(connection.Id, connection.Remote.Address);
            return;
        }

        await using var session = sessions(connection.Id);
        try
        {
            await ServeAsync(connection, session, stopping);
        }
        catch (Exception end) when (end is IOException or OperationCanceledException)
        {
            LogGone(end, connection.Id);
        }
    }

    private async Task ServeAsync(Connection connection, IPolicySession session, CancellationToken stopping)
    {
        var reader = new PolicyRequestReader();
        while (true)
        {
            using var timer = new CancellationTokenSource(options.IdleTimeout, time);
            using var either = CancellationTokenSource.CreateLinkedTokenSource(timer.Token, stopping);
            var read = await connection.Input.ReadAsync(either.Token);
            var status = Next(read.Buffer, reader, out var request, out var used);
            connection.Input.AdvanceTo(used, status == ParseStatus.Complete ? used : read.Buffer.End);
            if (status == ParseStatus.Invalid)
            {
                LogBroken(connection.Id);
                return;
            }

            if (status == ParseStatus.NeedMoreData)
            {
                if (read.IsCompleted)
                    return;
                continue;
            }

            // What was asked is answered; the server stops between two questions.
            var action = await DecideAsync(connection.Id, session, request!, CancellationToken.None);
            connection.Output.Write(Encoding.UTF8.GetBytes($"action={OneLine(action)}\n\n"));
            using var patience = new CancellationTokenSource(options.ProgressEvery * 6, time);
            if ((await connection.Output.FlushAsync(patience.Token)).IsCompleted)
                return;
        }
    }

    private static ParseStatus Next(
        in ReadOnlySequence<byte> buffer,
        PolicyRequestReader reader,
        out PolicyRequest? request,
        out SequencePosition used
    )
    {
        var input = new SequenceReader<byte>(buffer);
        var status = reader.Read(ref input, out request);
        used = input.Position;
        return status;
    }

    private async ValueTask<string> DecideAsync(
        string connection,
        IPolicySession session,
        PolicyRequest request,
        CancellationToken ct
    )
    {
        try
        {
            return await session.DecideAsync(request, ct);
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            LogFault(e, connection);
            return OwnFault;
        }
    }

    // A line's end would end the answer.
    private static string OneLine(string text)
    {
        var line = new StringBuilder(Math.Min(text.Length, MostText));
        foreach (var c in text)
        {
            if (line.Length == MostText)
                break;
            line.Append(char.IsControl(c) ? ' ' : c);
        }

        return line.ToString();
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Connection}: {Remote} may not ask here (foreign.allow_from)")]
    private partial void LogStranger(string connection, System.Net.IPAddress remote);

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Connection}: what a policy client asks cannot be read")]
    private partial void LogBroken(string connection);

    [LoggerMessage(Level = LogLevel.Debug, Message = "{Connection}: the policy client is gone")]
    private partial void LogGone(Exception e, string connection);

    [LoggerMessage(Level = LogLevel.Error, Message = "{Connection}: a fault of our own in a policy session")]
    private partial void LogFault(Exception e, string connection);
}
