using Postreiter.Testing;

namespace Postreiter.Imap.Tests;

/// <summary>Runs alone: it looks at the memory of the whole process.</summary>
[CollectionDefinition(nameof(MemoryTests), DisableParallelization = true)]
public sealed class MemoryCollection;

[Collection(nameof(MemoryTests))]
public sealed class MemoryTests
{
    private const int Sessions = 1000;
    private const int MostBytes = 16 * 1024;

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task L30_a_session_that_waits_holds_less_than_16_KiB(bool idle)
    {
        var server = await ImapTestServer.StartAsync();
        // What is made once, and the pools.
        await using (var warm = await OpenAsync(server, 20, idle))
            Assert.Equal(20, warm.Count);
        var before = GC.GetTotalMemory(forceFullCollection: true);
        await using var open = await OpenAsync(server, Sessions, idle);
        var each = (GC.GetTotalMemory(forceFullCollection: true) - before) / Sessions;
        TestContext.Current.TestOutputHelper?.WriteLine($"{each} bytes each");
        Assert.InRange(each, 1, MostBytes);
        Assert.Equal(Sessions, open.Count);
    }

    private static async Task<OpenSessions> OpenAsync(ImapTestServer server, int count, bool idle)
    {
        var open = new OpenSessions();
        for (var i = 0; i < count; i++)
        {
            var connection = MemoryConnection.Create();
            open.Add(connection, server.Handler.HandleAsync(connection, CancellationToken.None));
            await Dialogue
                .On(connection, Pacing.Lines)
                .RunAsync(
                    "S: * OK *\nC: 1 LOGIN ann secret\nS: 1 OK *\nC: 2 SELECT INBOX\nS... 2 OK *\n"
                        + (idle ? "C: 3 IDLE\nS: + *" : "")
                );
        }

        return open;
    }

    private sealed class OpenSessions : IAsyncDisposable
    {
        private readonly List<(MemoryConnection Connection, Task Session)> _all = [];

        public int Count => _all.Count;

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
