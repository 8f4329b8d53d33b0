using System.Text;
using Microsoft.Extensions.Logging;
using Postreiter.Testing;

namespace Postreiter.Imap.Tests;

/// <summary>Whole sessions with bytes changed, doubled and left out: no input of a client is a fault of ours.</summary>
public sealed class HostileSessionTests
{
    private const string Session = """
        1 LOGIN {3+}
        ann "secret"
        2 ENABLE IMAP4rev2 UTF8=ACCEPT
        3 CREATE "a/b&APw-c" (USE (\Archive))
        4 APPEND INBOX (\Seen $New) " 1-Jan-2026 12:00:00 +0100" {4+}
        abcd
        5 APPEND INBOX ~{10+}
        a: b

        xy
        6 LIST (SUBSCRIBED RECURSIVEMATCH) "" ("*" % T%sh) RETURN (CHILDREN STATUS (MESSAGES SIZE))
        7 SELECT INBOX
        8 STORE 1:* +FLAGS.SILENT (\Deleted $Key)
        9 FETCH 1,2:* (UID FLAGS BODYSTRUCTURE ENVELOPE BODY.PEEK[HEADER.FIELDS (A B)]<0.10> BINARY[1] RFC822.SIZE)
        10 SEARCH RETURN (MIN MAX COUNT SAVE) OR UNSEEN (NOT FROM "x" SINCE 1-Jan-2020) 1:*
        11 COPY 1 Sent
        12 UID MOVE 2:* Trash
        13 IDLE
        DONE
        14 STATUS Trash (MESSAGES UIDNEXT UIDVALIDITY UNSEEN DELETED SIZE)
        15 RENAME INBOX "old/mail"
        16 LSUB "" "*"
        17 SUBSCRIBE a
        18 EXPUNGE
        19 UID EXPUNGE 1:*
        20 DELETE Junk
        21 EXAMINE "Sent"
        22 CLOSE
        23 AUTHENTICATE PLAIN AGFubgBzZWNyZXQ=
        24 ID ("name" NIL)
        25 NAMESPACE
        26 CAPABILITY
        27 LOGOUT

        """;

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    public async Task No_input_is_a_fault_of_ours(int seed)
    {
        var faults = new FaultLog();
        var random = new Random(seed);
        var plain = Encoding.ASCII.GetBytes(Session.ReplaceLineEndings("\r\n"));
        for (var round = 0; round < 150; round++)
        {
            var input = round == 0 ? plain : Change(plain, random);
            var server = await ImapTestServer.StartAsync(
                new ImapOptions { AllowPlaintext = true, MaxBadCommands = 100 },
                faults
            );
            var output = await PlayAsync(server, input);
            Assert.True(faults.All.Count == 0, $"{Encoding.Latin1.GetString(input)}\n{string.Join('\n', faults.All)}");
            Assert.StartsWith("* OK ", output, StringComparison.Ordinal);
            Assert.EndsWith("\r\n", output, StringComparison.Ordinal);
            if (round == 0)
                Assert.Contains("27 OK ", output, StringComparison.Ordinal);
        }
    }

    private static byte[] Change(byte[] plain, Random random)
    {
        var bytes = plain.ToList();
        for (var i = random.Next(1, 12); i > 0; i--)
        {
            // Not in LOGIN too often, so that something follows.
            var at = random.Next(random.Next(4) == 0 ? 0 : 30, bytes.Count);
            var special = "\0\r\n \"\\()[]{}<>*%+~&,:$."u8;
            switch (random.Next(4))
            {
                case 0:
                    bytes[at] = (byte)random.Next(256);
                    break;
                case 1:
                    bytes.Insert(at, special[random.Next(special.Length)]);
                    break;
                case 2:
                    bytes.RemoveRange(at, Math.Min(random.Next(1, 40), bytes.Count - at));
                    break;
                default:
                    bytes.InsertRange(at, bytes.GetRange(at, Math.Min(random.Next(1, 40), bytes.Count - at)));
                    break;
            }
        }

        return [.. bytes];
    }

    private static async Task<string> PlayAsync(ImapTestServer server, byte[] input)
    {
        var connection = MemoryConnection.Create();
        var session = server.Handler.HandleAsync(connection, CancellationToken.None);
        var reading = ReadAsync(connection);
        foreach (var piece in input.Chunk(1000))
            await connection.Client.Output.WriteAsync(piece);
        connection.Client.Close();
        await session;
        await connection.DisposeAsync();
        return await reading;
    }

    private static async Task<string> ReadAsync(MemoryConnection connection)
    {
        using var output = new MemoryStream();
        await connection.Client.Input.CopyToAsync(output);
        return Encoding.Latin1.GetString(output.ToArray());
    }

    private sealed class FaultLog : ILogger<ImapConnectionHandler>
    {
        public List<string> All { get; } = [];

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => logLevel >= LogLevel.Error;

        public void Log<TState>(
            LogLevel logLevel,
            EventId eventId,
            TState state,
            Exception? exception,
            Func<TState, Exception?, string> formatter
        )
        {
            if (IsEnabled(logLevel))
                All.Add($"{formatter(state, exception)} {exception}");
        }
    }
}
