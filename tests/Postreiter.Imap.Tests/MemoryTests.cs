using Postreiter.Core;
using Postreiter.Storage.Mail;
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
        await WarmAsync(server, 20, idle);
        var before = Memory();
        await using var open = await OpenAsync(server, Sessions, idle);
        var each = (Memory() - before) / Sessions;
        TestContext.Current.TestOutputHelper?.WriteLine($"{each} bytes each");
        Assert.InRange(each, 1, MostBytes);
        Assert.Equal(Sessions, open.Count);
    }

    [Fact]
    public async Task L30_a_selected_mailbox_costs_24_bytes_a_message()
    {
        const int Messages = 100_000;
        const int Selected = 3;
        const long Most = 6L * 1024 * 1024;
        var ct = TestContext.Current.CancellationToken;
        // With nothing kept of mailboxes, each session reads entries of its own.
        var server = await ImapTestServer.StartAsync(new ImapOptions { AllowPlaintext = true, RecentEntries = 0 });
        await FillAsync(server, Messages, ct);
        await WarmAsync(server, 1, idle: true);
        var before = Memory();
        var open = await OpenAsync(server, Selected, idle: true);
        Report((Memory() - before) / Selected, "just selected");

        // Every message gets other flags, in many steps: equal flags must stay one object in each session.
        await using (var wire = await ImapWire.ConnectAsync(server))
        {
            await wire.RunAsync("SELECT INBOX");
            for (var i = 0; i < 4; i++)
                await wire.RunAsync(
                    $"UID STORE {1 + i * Messages / 4}:{(i + 1) * Messages / 4} +FLAGS.SILENT (\\Seen $Key)"
                );
        }

        await open.NoopAsync();
        var with = Memory();
        await open.DisposeAsync();
        Report((with - Memory()) / Selected, "after changes");

        static void Report(long each, string when)
        {
            TestContext.Current.TestOutputHelper?.WriteLine($"{when}: {each} bytes each");
            // Arrays that the runtime keeps to use again make it a little less than 24.
            Assert.InRange(each, 16 * Messages, Most);
        }
    }

    [Fact]
    public async Task L30_sessions_on_one_mailbox_share_its_entries()
    {
        const int Messages = 100_000;
        var server = await ImapTestServer.StartAsync();
        await FillAsync(server, Messages, TestContext.Current.CancellationToken);
        await WarmAsync(server, 1, idle: true);
        server.Clock.Advance(TimeSpan.FromMinutes(25));
        var before = Memory();
        await using var open = await OpenAsync(server, 3, idle: true);
        var all = Memory() - before;
        TestContext.Current.TestOutputHelper?.WriteLine($"{all} bytes, three sessions and what is kept");
        // Three of their own would be more than twice as much.
        Assert.True(all < 32L * Messages, $"{all} bytes");
    }

    // What is made once, and the pools. A method of its own, so that nothing of it is held on to.
    private static async Task WarmAsync(ImapTestServer server, int count, bool idle)
    {
        await using var warm = await OpenAsync(server, count, idle);
        Assert.Equal(count, warm.Count);
    }

    private static long Memory()
    {
        // What other tests have left goes first.
        for (var i = 0; i < 3; i++)
        {
            GC.Collect();
            GC.WaitForPendingFinalizers();
        }

        return GC.GetTotalMemory(forceFullCollection: true);
    }

    private static async Task FillAsync(ImapTestServer server, int count, CancellationToken ct)
    {
        var account = await server.Store.Directory.FindAccountAsync(EmailAddress.Parse("ann@example.org"), ct);
        var inbox = await server.Store.Mail.FindMailboxAsync(account!.Id, Mailbox.Inbox, ct);
        var random = new Random(1);
        for (var i = 0; i < count; i++)
        {
            await using var blob = server.Store.Blobs.Begin();
            await blob.WriteAsync("a: b\r\n\r\n"u8.ToArray(), ct);
            var copy = new MailboxCopy
            {
                AccountId = account.Id,
                MailboxId = inbox!.Id,
                InternalDate = server.Clock.GetUtcNow(),
            };
            await server.Store.Mail.FileAsync(
                new Filing
                {
                    DeliveryId = TraceId.Create(server.Clock.GetUtcNow(), random),
                    Content = await blob.CompleteAsync(ct),
                    Structure = default,
                    Copies = [copy],
                },
                ct
            );
        }
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

        /// <summary>Ends IDLE, has everything told, and waits again.</summary>
        public async Task NoopAsync()
        {
            foreach (var (connection, _) in _all)
                await Dialogue
                    .On(connection, Pacing.Lines)
                    .RunAsync("C: DONE\nS... 3 OK *\nC: 4 NOOP\nS... 4 OK *\nC: 3 IDLE\nS: + *");
        }

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
