using System.Text;
using Postreiter.Spam.Scanning;
using Postreiter.Testing;

namespace Postreiter.Spam.Tests.Spamd;

/// <summary>Limits, waits, faults and who may ask.</summary>
public sealed class SpamdLimitTests
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    private static readonly string[] Heads =
    [
        "CHECK SPAMC/1.5\r\n\r\n",
        "CHECK SPAMC/1.5\r\nContent-length: 2001\r\n\r\n",
    ];

    public static TheoryData<string> OverHeads => [.. Heads];

    [Theory, MemberData(nameof(OverHeads))]
    public async Task A_mail_above_the_limit_is_refused_with_65_and_all_of_it_taken(string head)
    {
        using var server = new SpamdTestServer(options: o => o with { MaxMailBytes = 2000 });
        foreach (var pacing in Enum.GetValues<Pacing>())
        {
            var answer = await server.AskAsync(pacing, head + new string('x', 2001));
            Assert.Equal("SPAMD/1.0 65 Message too large: more than 2000 bytes\r\n", answer);
        }

        Assert.StartsWith("SPAMD/1.1 0", await server.AskAsync(Pacing.Lines, Heads[0] + new string('x', 2000)));
    }

    [Fact]
    public async Task Packed_data_that_ends_early_is_refused()
    {
        using var server = new SpamdTestServer();
        var whole = SpamdTestServer.Packed("CHECK", Encoding.ASCII.GetBytes(SpamdTestServer.Spam));
        var data = whole[(whole.AsSpan().IndexOf("\r\n\r\n"u8) + 4)..];
        for (var length = 0; length < data.Length; length++)
        {
            var answer = await server.AskAsync(
                Pacing.Lines,
                SpamdTestServer.Packed("CHECK", data[..length], length),
                stopping: Ct
            );
            Assert.True(answer.StartsWith("SPAMD/1.0 69 ", StringComparison.Ordinal), $"{length} octets: {answer}");
        }
    }

    [Fact]
    public async Task Head_lines_are_bounded_in_number_and_length()
    {
        using var server = new SpamdTestServer();
        var many = "CHECK SPAMC/1.5\r\n" + string.Concat(Enumerable.Repeat("X: y\r\n", 256)) + "\r\n";
        Assert.Equal("SPAMD/1.0 76 Bad header line: (too many headers)\r\n", await server.AskAsync(Pacing.Lines, many));
        var full = "PING SPAMC/1.5\r\n" + string.Concat(Enumerable.Repeat("X: y\r\n", 255)) + "\r\n";
        Assert.Equal("SPAMD/1.5 0 PONG\r\n", await server.AskAsync(Pacing.Lines, full));
        foreach (var end in new[] { "", "\r\n" })
        {
            var answer = await server.AskAsync(Pacing.Lines, "CHECK SPAMC/1.5\r\nX: " + new string('y', 9000) + end);
            Assert.Equal("SPAMD/1.0 76 Bad header line: (line too long)\r\n", answer);
        }
    }

    [Fact]
    public async Task A_client_that_says_nothing_is_let_go_after_30_s()
    {
        using var server = new SpamdTestServer();
        await server.PlayAsync(
            """
            R: CHECK SPA
            T: 30s
            S: SPAMD/1.0 79 Timeout: (30 second socket timeout reading input from client)
            """
        );
    }

    [Fact]
    public async Task A_mail_that_does_not_end_is_given_up_after_5_minutes()
    {
        using var server = new SpamdTestServer();
        var answer = await server.AskAsync(
            Pacing.Bytes,
            "PROCESS SPAMC/1.5\r\nContent-length: 1000\r\n\r\nSubject: slow\r\n"u8.ToArray(),
            closes: false,
            during: async () =>
            {
                await server.Clock.AdvanceWhenAwaitedAsync(TimeSpan.FromMinutes(5), Ct);
                await server.Clock.AdvanceWhenAwaitedAsync(TimeSpan.FromSeconds(10), Ct);
            },
            stopping: Ct
        );
        Assert.Equal("SPAMD/1.0 79 Timeout: (300 second timeout while trying to PROCESS)\r\n", answer);
    }

    [Fact]
    public async Task A_scan_that_takes_too_long_is_stopped()
    {
        var begun = new TaskCompletionSource();
        var stopped = false;
        var scanner = new SpamdTestServer.OneRule
        {
            Before = async ct =>
            {
                await using var note = ct.Register(() => stopped = true);
                begun.SetResult();
                await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, ct);
            },
        };
        using var server = new SpamdTestServer(scanner);
        var answer = await server.AskAsync(
            Pacing.Lines,
            "CHECK SPAMC/1.5\r\n\r\nx"u8.ToArray(),
            during: async () =>
            {
                await begun.Task;
                server.Clock.Advance(TimeSpan.FromMinutes(5));
            },
            stopping: Ct
        );
        Assert.Equal("SPAMD/1.0 79 Timeout: (300 second timeout while trying to CHECK)\r\n", answer);
        Assert.True(stopped);
    }

    [Fact]
    public async Task A_fault_of_ours_is_70_and_no_detail()
    {
        var scanner = new SpamdTestServer.OneRule { Before = _ => throw new InvalidOperationException("/secret/path") };
        using var server = new SpamdTestServer(scanner);
        var answer = await server.AskAsync(Pacing.Lines, "PROCESS SPAMC/1.5\r\n\r\n" + SpamdTestServer.Spam);
        Assert.Equal("SPAMD/1.0 70 Internal software error\r\n", answer);
    }

    [Fact]
    public async Task Without_rules_nothing_is_scanned()
    {
        using var server = new SpamdTestServer(new SpamdTestServer.OneRule { HasRules = false });
        var answer = await server.AskAsync(Pacing.Lines, "PROCESS SPAMC/1.5\r\n\r\n" + SpamdTestServer.Spam);
        Assert.Equal("SPAMD/1.0 69 Service Unavailable: no rules are loaded\r\n", answer);
    }

    [Fact]
    public async Task Strangers_get_no_word()
    {
        using var server = new SpamdTestServer(options: o =>
            o with
            {
                AllowFrom = [System.Net.IPNetwork.Parse("127.0.0.0/8")],
            }
        );
        var ping = "PING SPAMC/1.2\r\n"u8.ToArray();
        Assert.Equal("", await server.AskAsync(Pacing.Lines, ping, remote: "192.0.2.1", stopping: Ct));
        Assert.Equal(
            "SPAMD/1.5 0 PONG\r\n",
            await server.AskAsync(Pacing.Lines, ping, remote: "127.0.0.1", stopping: Ct)
        );
    }

    [Fact]
    public async Task A_server_that_stops_refuses_what_is_not_whole()
    {
        using var stop = new CancellationTokenSource();
        using var server = new SpamdTestServer();
        var answer = await server.AskAsync(
            Pacing.Lines,
            "CHECK SPAMC/1.5\r\nContent-length: 9\r\n\r\nhalf"u8.ToArray(),
            closes: false,
            during: async () =>
            {
                await Task.Yield();
                await stop.CancelAsync();
                // The rest of the request is waited for, not for long.
                await server.Clock.AdvanceWhenAwaitedAsync(TimeSpan.FromSeconds(10), CancellationToken.None);
            },
            stopping: stop.Token
        );
        Assert.Equal("SPAMD/1.0 75 Service Unavailable: the server is stopping\r\n", answer);
    }

    [Fact]
    public async Task Large_mails_wait_for_each_other()
    {
        var (open, most) = (0, 0);
        var scanner = new SpamdTestServer.OneRule
        {
            Before = async _ =>
            {
                most = Math.Max(most, Interlocked.Increment(ref open));
                for (var i = 0; i < 100; i++)
                    await Task.Yield();
                Interlocked.Decrement(ref open);
            },
        };
        using var server = new SpamdTestServer(scanner, largeMails: 1);
        var mail = "CHECK SPAMC/1.5\r\n\r\n" + new string('x', 300 * 1024);
        var answers = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => server.AskAsync(Pacing.Lines, mail)));
        Assert.All(answers, a => Assert.StartsWith("SPAMD/1.1 0", a, StringComparison.Ordinal));
        Assert.Equal(1, most);
    }

    [Fact]
    public async Task What_people_judged_is_learned_where_a_learner_is()
    {
        var learner = new Learner();
        using var server = new SpamdTestServer(learner: learner);
        const string ok = "SPAMD/1.1 0 EX_OK\r\n";
        Assert.Equal(
            ok + "DidSet: local\r\n\r\n\r\n",
            await TellAsync("Message-class: spam\r\nSet: local\r\nUser: ann\r\n")
        );
        Assert.Equal(ok + "\r\n\r\n", await TellAsync("Message-class: spam\r\nSet: local\r\nUser: ann\r\n"));
        Assert.Equal(ok + "DidSet: local\r\n\r\n\r\n", await TellAsync("Message-class: ham\r\nSet: local, remote\r\n"));
        Assert.Equal(ok + "DidRemove: local\r\n\r\n\r\n", await TellAsync("Remove: local\r\n"));
        Assert.Equal(["ann True", "ann True", " False", " "], learner.Calls);
        Assert.Contains(
            "76 Bad header line: Unable to set local and remove local",
            await TellAsync("Set: local\r\nRemove: local\r\n")
        );
        Assert.Contains(
            "76 Bad header line: Unable to set remote",
            await TellAsync("Set: remote\r\nRemove: remote\r\n")
        );
        Assert.Contains("76 Bad header line: (Set needs", await TellAsync("Set: local\r\n"));
        Assert.Contains("76 Bad header line: (Message-class", await TellAsync("Message-class: eggs\r\n"));
        Assert.Equal(4, learner.Calls.Count);

        Task<string> TellAsync(string headers) =>
            server.AskAsync(Pacing.Lines, $"TELL SPAMC/1.5\r\n{headers}\r\n{SpamdTestServer.Spam}");
    }

    private sealed class Learner : IMailLearner
    {
        private string _last = "";

        public List<string> Calls { get; } = [];

        public ValueTask<bool> LearnAsync(ReadOnlyMemory<byte> mail, bool? isSpam, string? user, CancellationToken ct)
        {
            Assert.Equal(SpamdTestServer.Spam, Encoding.Latin1.GetString(mail.Span));
            var call = $"{user} {isSpam}";
            var isNew = call != _last;
            Calls.Add(_last = call);
            return new(isNew);
        }
    }
}
