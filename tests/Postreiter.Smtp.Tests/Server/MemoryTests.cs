using Postreiter.Testing;

namespace Postreiter.Smtp.Tests.Server;

/// <summary>Runs alone: it looks at the memory of the whole process.</summary>
[CollectionDefinition(nameof(MemoryTests), DisableParallelization = true)]
public sealed class MemoryCollection;

[Collection(nameof(MemoryTests))]
public sealed class MemoryTests
{
    private const int Sessions = 300;

    [Theory]
    [InlineData(Scripts.Greeted, "", 16)]
    [InlineData(Scripts.Open, "", 16)]
    [InlineData(Scripts.Greeted, "N", 64 + 16)]
    [InlineData(Scripts.Data, "x", 64 + 16)]
    public async Task L30_what_a_session_holds_is_bounded(string script, string fill, int mostKiB)
    {
        var server = new SmtpTestServer { EarlyRefusal = new Core.SmtpReply(552, "5.3.4", "too big") };
        await using (await OpenAsync(server, 20, script, fill))
            GC.Collect();
        var before = GC.GetTotalMemory(forceFullCollection: true);
        await using var open = await OpenAsync(server, Sessions, script, fill);
        var each = (GC.GetTotalMemory(forceFullCollection: true) - before) / Sessions;
        TestContext.Current.TestOutputHelper?.WriteLine($"{each} bytes each");
        Assert.InRange(each, 1, mostKiB * 1024);
    }

    private static async Task<OpenSessions> OpenAsync(SmtpTestServer server, int count, string script, string fill)
    {
        var open = new OpenSessions();
        var piece = System.Text.Encoding.ASCII.GetBytes(string.Concat(Enumerable.Repeat(fill, 60_000)));
        for (var i = 0; i < count; i++)
        {
            var connection = MemoryConnection.Create();
            open.Add(connection, server.Handler().HandleAsync(connection, CancellationToken.None));
            await Dialogue.On(connection, Pacing.Lines).RunAsync(script);
            // The flush ends when the server has taken it, or with less than 64 KiB in between (L28).
            await connection.Client.Output.WriteAsync(piece, TestContext.Current.CancellationToken);
        }

        return open;
    }

    private sealed class OpenSessions : IAsyncDisposable
    {
        private readonly List<(MemoryConnection Connection, Task Session)> _all = [];

        public void Add(MemoryConnection connection, Task session) => _all.Add((connection, session));

        public async ValueTask DisposeAsync()
        {
            foreach (var (connection, session) in _all)
            {
                connection.Client.Close();
                await session;
                await connection.DisposeAsync();
            }
        }
    }
}
