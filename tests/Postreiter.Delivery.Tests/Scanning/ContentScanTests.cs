using System.Text;
using Postreiter.Delivery.Scanning;
using Postreiter.Testing;

namespace Postreiter.Delivery.Tests.Scanning;

/// <summary>A message that scanners read while it arrives.</summary>
public sealed class ContentScanTests
{
    private const string Message = "Subject: x\r\n\r\ntext\r\n";
    private readonly TestClock _clock = new();

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task It_is_read_while_it_arrives_and_once()
    {
        var scanner = new ScriptedScanner();
        using var chain = new ScannerChain([scanner], _clock);
        await using var scan = chain.Begin();
        await FeedAsync(scan, Message[..7]);
        await UntilAsync(() => scanner.Arrived == 7);
        await FeedAsync(scan, Message[7..]);
        var step = Assert.Single(await scan.CompleteAsync(static () => throw new InvalidOperationException(), Ct));
        Assert.Equal(("scripted", ScanState.Clean), (step.Scanner, step.Answer.State));
        Assert.Equal((Message, 1), (scanner.Read, scanner.Scans));
    }

    [Fact]
    public async Task What_breaks_off_is_scanned_again_from_the_store()
    {
        var scanner = new ScriptedScanner
        {
            Answer = static n => n == 1 ? ScanAnswer.Failed("it died") : ScanAnswer.Infected("Worm"),
        };
        using var chain = new ScannerChain([scanner], _clock);
        await using var scan = chain.Begin();
        await FeedAsync(scan, Message);
        var step = Assert.Single(await scan.CompleteAsync(Stored, Ct));
        Assert.Equal((ScanState.Infected, "Worm", 2), (step.Answer.State, step.Answer.Detail, scanner.Scans));
        Assert.Equal(Message, scanner.Read);
    }

    [Fact]
    public async Task What_fails_twice_has_failed()
    {
        var scanner = new ScriptedScanner { Answer = static n => ScanAnswer.Failed($"fault {n}") };
        using var chain = new ScannerChain([scanner], _clock);
        await using var scan = chain.Begin();
        await FeedAsync(scan, Message);
        Assert.Equal("fault 2", Assert.Single(await scan.CompleteAsync(Stored, Ct)).Answer.Detail);
    }

    [Fact]
    public async Task Without_a_place_it_is_scanned_from_the_store()
    {
        var scanner = new ScriptedScanner();
        using var chain = new ScannerChain([scanner], _clock, places: 1);
        await using var first = chain.Begin();
        await using var second = chain.Begin();
        Assert.Equal((true, false), (first.IsLive, second.IsLive));
        await FeedAsync(second, Message);
        Assert.Equal(ScanState.Clean, Assert.Single(await second.CompleteAsync(Stored, Ct)).Answer.State);
        Assert.Equal(Message, scanner.Read);
    }

    [Fact]
    public async Task A_sender_that_pauses_loses_its_place()
    {
        var scanner = new ScriptedScanner();
        using var chain = new ScannerChain([scanner], _clock, places: 1);
        await using var slow = chain.Begin();
        await FeedAsync(slow, Message[..7]);
        _clock.Advance(chain.MaxPause - TimeSpan.FromMilliseconds(1));
        Assert.True(slow.IsLive);
        await FeedAsync(slow, Message[7..9]);
        _clock.Advance(chain.MaxPause - TimeSpan.FromMilliseconds(1));
        Assert.True(slow.IsLive);
        _clock.Advance(TimeSpan.FromMilliseconds(1));
        Assert.False(slow.IsLive);
        await using var next = chain.Begin();
        Assert.True(next.IsLive);
        await FeedAsync(slow, Message[9..]);
        Assert.Equal(ScanState.Clean, Assert.Single(await slow.CompleteAsync(Stored, Ct)).Answer.State);
        Assert.Equal(Message, scanner.Read);
    }

    [Fact]
    public async Task Of_several_the_first_that_finds_something_decides_and_the_others_are_not_waited_for()
    {
        var never = new TaskCompletionSource();
        var slow = new ScriptedScanner("slow") { Hold = never.Task };
        var quick = new ScriptedScanner("quick") { Answer = static _ => ScanAnswer.Infected("Worm") };
        using var chain = new ScannerChain([slow, quick], _clock);
        await using (var scan = chain.Begin())
        {
            await FeedAsync(scan, Message);
            var step = Assert.Single(await scan.CompleteAsync(Stored, Ct));
            Assert.Equal("quick", step.Scanner);
        }

        never.SetResult();
    }

    [Fact]
    public async Task When_something_is_found_nobody_reads_the_stored_message_any_more()
    {
        var never = new TaskCompletionSource();
        var slow = new ScriptedScanner("slow") { Hold = never.Task };
        var quick = new ScriptedScanner("quick") { Answer = static _ => ScanAnswer.Infected("Worm") };
        using var chain = new ScannerChain([slow, quick], _clock, places: 2);
        await using var first = chain.Begin();
        await using var second = chain.Begin();
        await using var scan = chain.Begin();
        Assert.False(scan.IsLive);
        var opened = new List<Stream>();
        await scan.CompleteAsync(
            () =>
            {
                opened.Add(Stored());
                return opened[^1];
            },
            Ct
        );
        Assert.Equal(2, opened.Count);
        Assert.All(opened, static s => Assert.False(s.CanRead));
    }

    [Fact]
    public async Task All_that_say_something_are_in_the_trace()
    {
        var broken = new ScriptedScanner("broken") { Answer = static _ => ScanAnswer.Failed("down") };
        using var chain = new ScannerChain([new ScriptedScanner("good"), broken], _clock);
        await using var scan = chain.Begin();
        await FeedAsync(scan, Message);
        var steps = await scan.CompleteAsync(Stored, Ct);
        Assert.Equal(["good", "broken"], steps.Select(static s => s.Scanner));
        Assert.Equal([ScanState.Clean, ScanState.Failed], steps.Select(static s => s.Answer.State));
    }

    [Fact]
    public async Task What_is_found_early_is_known_early()
    {
        var scanner = new ScriptedScanner
        {
            Early = static text =>
                text.Contains("EICAR", StringComparison.Ordinal) ? ScanAnswer.Infected("Eicar") : null,
        };
        using var chain = new ScannerChain([scanner], _clock);
        await using var scan = chain.Begin();
        await FeedAsync(scan, "an EICAR string");
        await UntilAsync(() => scan.Found is not null);
        // Nobody reads any more; the rest is not held either.
        for (var i = 0; i < 100; i++)
            await scan.AppendAsync(new byte[64 * 1024], Ct);
        Assert.Equal("Eicar", scan.Found!.Answer.Detail);
    }

    [Fact]
    public async Task A_scanner_that_never_answers_has_failed_when_the_time_is_over()
    {
        var scanner = new ScriptedScanner { Hold = new TaskCompletionSource().Task };
        using var chain = new ScannerChain([scanner], _clock);
        await using var scan = chain.Begin();
        await FeedAsync(scan, Message);
        using var budget = new CancellationTokenSource(TimeSpan.FromSeconds(20), _clock);
        var completing = scan.CompleteAsync(Stored, budget.Token).AsTask();
        _clock.Advance(TimeSpan.FromSeconds(20));
        Assert.Equal("no answer in time", Assert.Single(await completing).Answer.Detail);
    }

    [Fact]
    public async Task A_scanner_that_throws_has_failed()
    {
        var scanner = new ScriptedScanner { Answer = static n => throw new InvalidOperationException($"bug {n}") };
        using var chain = new ScannerChain([scanner], _clock);
        await using var scan = chain.Begin();
        await FeedAsync(scan, Message);
        Assert.Contains(
            "bug 2",
            Assert.Single(await scan.CompleteAsync(Stored, Ct)).Answer.Detail,
            StringComparison.Ordinal
        );
    }

    [Theory]
    [InlineData("1: stream: OK", ScanState.Clean, "")]
    [InlineData("stream: OK", ScanState.Clean, "")]
    [InlineData("7: stream: Win.Test.EICAR_HDB-1 FOUND", ScanState.Infected, "Win.Test.EICAR_HDB-1")]
    [InlineData("INSTREAM size limit exceeded. ERROR", ScanState.Failed, "INSTREAM size limit exceeded. ERROR")]
    [InlineData("1: stream: ", ScanState.Failed, "an empty answer")]
    [InlineData("1: stream: a\r\nb\u00e9 FOUND", ScanState.Infected, "a??b?")]
    public void Answers_of_clamd_are_read(string line, ScanState state, string detail) =>
        Assert.Equal((state, detail), (ClamdScanner.Parse(line).State, ClamdScanner.Parse(line).Detail));

    [Theory]
    [InlineData("/usr/bin/clamscan --no-summary -", "/usr/bin/clamscan|--no-summary|-")]
    [InlineData("/opt/scan \"two words\" \"\" x", "/opt/scan|two words||x")]
    [InlineData("  /a  ", "/a")]
    public void Command_lines_are_split(string line, string words) =>
        Assert.Equal(words.Split('|'), CommandScanner.Words(line));

    private static Stream Stored() => new MemoryStream(Encoding.Latin1.GetBytes(Message));

    private static ValueTask FeedAsync(ContentScan scan, string text) =>
        scan.AppendAsync(Encoding.Latin1.GetBytes(text), Ct);

    private static async Task UntilAsync(Func<bool> reached)
    {
        while (!reached())
        {
            Ct.ThrowIfCancellationRequested();
            await Task.Yield();
        }
    }
}
