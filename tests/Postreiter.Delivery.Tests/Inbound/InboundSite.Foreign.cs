using System.Net;
using Microsoft.Extensions.Logging.Abstractions;
using Postreiter.Core;
using Postreiter.Delivery.Foreign;
using Postreiter.Messages;
using Postreiter.Milter.Policy;
using Postreiter.Milter.Server;
using Postreiter.Net;
using Postreiter.Testing;

namespace Postreiter.Delivery.Tests.Inbound;

/// <content>The gate for other servers; the site checks senders, and the gate is there.</content>
internal sealed partial class InboundSite
{
    private ForeignGate? _foreign;

    public ForeignGate Foreign =>
        _foreign ??= new ForeignGate(
            Gate!,
            _senders!,
            _dns,
            MessageScanner.Create,
            _store.Blobs,
            Host,
            Clock,
            new SafeRandom(6),
            NullLogger.Instance
        )
        {
            Spam = _intake.Spam,
            Virus = _intake.Virus,
        };

    /// <summary>Says all of it to the milter server and hangs up.</summary>
    /// <returns>What it said.</returns>
    public Task<byte[]> MilterAsync(byte[] said, string from = "127.0.0.1") =>
        TalkAsync(
            new MilterConnectionHandler(new MilterServerOptions(), Foreign.Milter, Clock, NullLogger.Instance),
            said,
            from
        );

    /// <summary>As <see cref="MilterAsync"/>, with the policy server.</summary>
    public Task<byte[]> PolicyAsync(byte[] said, string from = "127.0.0.1") =>
        TalkAsync(
            new PolicyConnectionHandler(new MilterServerOptions(), Foreign.Policy, Clock, NullLogger.Instance),
            said,
            from
        );

    private static async Task<byte[]> TalkAsync(IConnectionHandler handler, byte[] said, string from)
    {
        await using var connection = MemoryConnection.Create(remote: new IPEndPoint(IPAddress.Parse(from), 40000));
        var serving = Task.Run(
            async () =>
            {
                await handler.HandleAsync(connection, Ct);
                await connection.Output.CompleteAsync();
            },
            Ct
        );
        var heard = new MemoryStream();
        var reading = connection.Client.Input.CopyToAsync(heard, Ct);
        await connection.Client.Output.WriteAsync(said, Ct);
        connection.Client.Close();
        await serving;
        await reading;
        return heard.ToArray();
    }
}
