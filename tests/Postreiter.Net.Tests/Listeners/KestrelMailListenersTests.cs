using System.Buffers;

namespace Postreiter.Net.Tests.Listeners;

/// <summary>Listeners over real sockets: what goes in comes out, whole, in the clear and under TLS.</summary>
public sealed class KestrelMailListenersTests
{
    private const int Bytes = 1_000_000;

    [Theory]
    [InlineData(false, false)]
    [InlineData(true, false)]
    [InlineData(false, true)]
    public async Task A_megabyte_goes_both_ways(bool implicitTls, bool startTls)
    {
        var ct = TestContext.Current.CancellationToken;
        await using var listener = await TestListener.StartAsync(
            TestListener.Plan(new Echo(startTls)) with
            {
                ImplicitTls = implicitTls,
            }
        );
        var stream = await listener.ConnectAsync();
        if (startTls)
        {
            // What comes in the clear behind the command is dropped (RFC 3207 §4.2).
            await stream.WriteAsync("STARTTLS\r\ninjected\r\n"u8.ToArray(), ct);
            await stream.ReadExactlyAsync(new byte[4], ct);
        }

        if (implicitTls || startTls)
            stream = await TestListener.SecureAsync(stream);
        await using var closing = stream;
        var sent = Enumerable.Range(0, Bytes).Select(static i => (byte)(i * 31 >> 3)).ToArray();
        var writing = stream.WriteAsync(sent, ct).AsTask();
        var received = new byte[Bytes];
        await stream.ReadExactlyAsync(received, ct);
        await writing;
        Assert.True(sent.AsSpan().SequenceEqual(received));
    }

    private sealed class Echo(bool startTls) : IConnectionHandler
    {
        public async Task HandleAsync(Connection connection, CancellationToken stopping)
        {
            if (startTls)
            {
                var first = await connection.Input.ReadAtLeastAsync(20, stopping);
                connection.Input.AdvanceTo(first.Buffer.GetPosition(10));
                connection.Output.Write("OK\r\n"u8);
                Assert.True(await connection.StartTlsAsync(stopping));
            }

            while (true)
            {
                var result = await connection.Input.ReadAsync(stopping);
                foreach (var segment in result.Buffer)
                    await connection.Output.WriteAsync(segment, stopping);
                connection.Input.AdvanceTo(result.Buffer.End);
                if (result.IsCompleted)
                    return;
            }
        }
    }
}
