using Microsoft.Extensions.Time.Testing;
using Postreiter.CommandLine;

namespace Postreiter.Tests.CommandLine;

public sealed class TransferBarTests : IDisposable
{
    private readonly FakeTimeProvider _time = new();
    private readonly StringWriter _error = new();

    [Fact]
    public void On_a_screen_one_line_is_drawn_over_and_taken_away()
    {
        using (var bar = new TransferBar(Screen(true), _time, "imported"))
        {
            bar.Report((1, 4));
            bar.Report((2, 4));
            _time.Advance(TimeSpan.FromMilliseconds(100));
            bar.Report((3, 4));
            bar.Say("skipped: x");
        }

        var text = _error.ToString();
        Assert.Contains("25 % imported", text, StringComparison.Ordinal);
        Assert.DoesNotContain("50 %", text, StringComparison.Ordinal);
        Assert.Contains("75 %", text, StringComparison.Ordinal);
        Assert.EndsWith("\rskipped: x\n", text, StringComparison.Ordinal);
    }

    [Fact]
    public void In_a_log_there_is_a_line_every_five_seconds()
    {
        using var bar = new TransferBar(Screen(false), _time, "checked");
        for (var i = 0; i <= 120; i++)
        {
            bar.Report((i, 120));
            _time.Advance(TimeSpan.FromMilliseconds(100));
        }

        Assert.Equal("41 % checked\n83 % checked\n", _error.ToString());
    }

    public void Dispose() => _error.Dispose();

    private Terminal Screen(bool isTerminal) =>
        new()
        {
            Input = TextReader.Null,
            Output = TextWriter.Null,
            Error = _error,
            Environment = _ => null,
            ShowsProgress = isTerminal,
        };
}
