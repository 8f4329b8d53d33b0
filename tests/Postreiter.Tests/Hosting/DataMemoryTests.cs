using System.Net;
using System.Text;
using Microsoft.Extensions.Logging.Abstractions;
using Postreiter.Core;
using Postreiter.Hosting;
using Postreiter.Settings;
using Postreiter.Storage.Accounts;
using Postreiter.Testing;

namespace Postreiter.Tests.Hosting;

/// <summary>Runs alone: it looks at the memory of the whole process.</summary>
[CollectionDefinition(nameof(DataMemoryTests), DisableParallelization = true)]
public sealed class DataMemoryCollection;

/// <summary>A message on its way into the real store (P9).</summary>
[Collection(nameof(DataMemoryTests))]
public sealed class DataMemoryTests : IDisposable
{
    private const int Sessions = 40;
    private readonly TemporaryFolder _folder = new();

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData(0, 200, false)]
    [InlineData(0, 4_000, false)]
    [InlineData(250, 4_000, false)]
    [InlineData(0, 4_000, true)]
    [InlineData(250, 4_000, true)]
    public async Task L30_a_session_in_DATA_holds_less_than_512_KiB(int headerKiB, int bodyKiB, bool isChecked)
    {
        var folder = new DataFolder(_folder.Root);
        await File.WriteAllTextAsync(_folder["postreiter.toml"], "hostname = \"mx.our.example\"\n", Ct);
        var settings = TestSettings.Loopback(folder, isChecked ? "senders.local_networks=[]" : "senders.check=false");
        var time = TimeProvider.System;
        await using var store = await new SqliteStoreOpener(time).OpenAsync(folder, settings, NullLogger.Instance, Ct);
        await store.Directory.AddDomainAsync(DomainName.Parse("our.example"), Ct);
        await store.Directory.AddAccountAsync(
            new NewAccount(EmailAddress.Parse("ann@our.example"), new("", new([], 4096, [], []))),
            Ct
        );
        using var rooms = new MailRooms(
            new ServerEnvironment(time, new SafeRandom(1), new KeptStore(), KeptStore.Scanner)
            {
                Dns = _ => new FakeDns(),
            },
            settings,
            store,
            null!,
            NullLoggerFactory.Instance,
            Postreiter.MailAuth.Dmarc.PublicSuffixList.Shipped
        );
        var open = await OpenAsync(rooms, Sessions, headerKiB, bodyKiB);
        var with = Memory();
        await open.DisposeAsync();
        // What they gave back: what else is in the process, and what pools let go meanwhile, is no part of it.
        var each = (with - Memory()) / Sessions;
        TestContext.Current.TestOutputHelper?.WriteLine($"{each} bytes each");
        Assert.InRange(each, 1, 512 * 1024);
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

    private static async Task<OpenSessions> OpenAsync(MailRooms rooms, int count, int headerKiB, int bodyKiB)
    {
        var field = Encoding.ASCII.GetBytes("X: " + new string('h', 1019) + "\r\n");
        var line = Encoding.ASCII.GetBytes(new string('b', 1022) + "\r\n");
        var open = new OpenSessions();
        for (var i = 0; i < count; i++)
        {
            var connection = MemoryConnection.Create(remote: new IPEndPoint(IPAddress.Loopback, 40000));
            open.Add(connection, rooms.Handler(MailProtocol.Mx).HandleAsync(connection, CancellationToken.None));
            await Dialogue
                .On(connection, Pacing.Lines)
                .RunAsync(
                    "S: 220 *\nC: EHLO c\nS... 250 HELP\nC: MAIL FROM:<>\nS: 250 *\nC: RCPT TO:<ann@our.example>\nS: 250 *\nC: DATA\nS: 354 *\nC: Subject: x\nC: DKIM-Signature: v=1; a=rsa-sha256; d=a.test; s=s; h=from; bh=AAAA; b=AAAA"
                );
            for (var k = 0; k < headerKiB; k++)
                await connection.Client.Output.WriteAsync(field, Ct);
            await connection.Client.Output.WriteAsync("\r\n"u8.ToArray(), Ct);
            for (var k = 0; k < bodyKiB; k++)
                await connection.Client.Output.WriteAsync(line, Ct);
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
