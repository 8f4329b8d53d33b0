using System.Globalization;

namespace Postreiter.CommandLine;

/// <summary>
/// Shows on standard error how far an import or export is: a bar that is redrawn ten times a second where a terminal is, else a
/// line every five seconds, so that a log of a script stays short.
/// </summary>
/// <param name="terminal">Where to.</param>
/// <param name="time">The clock.</param>
/// <param name="what">What is being done, e.g. "imported".</param>
internal sealed class TransferBar(Terminal terminal, TimeProvider time, string what)
    : IProgress<(long Done, long Total)>,
        IDisposable
{
    private const int Width = 40;

    /// <summary>What is shown behind, such as a rate; at most 40 columns. Default nothing.</summary>
    public string Detail { get; set; } = "";

    private readonly Lock _lock = new();
    private readonly TimeSpan _pause = TimeSpan.FromMilliseconds(terminal.ShowsProgress ? 100 : 5000);

    // A script's log has its first line when the command takes long; a terminal at once.
    private long _next = terminal.ShowsProgress ? long.MinValue : time.GetTimestamp() + (5 * time.TimestampFrequency);

    private bool _isDrawn;

    /// <summary>So much of so much is done; may be called from any thread, and as often as one likes.</summary>
    public void Report((long Done, long Total) value)
    {
        lock (_lock)
        {
            var now = time.GetTimestamp();
            if (now < _next)
                return;
            _next = now + (long)(_pause.TotalSeconds * time.TimestampFrequency);
            var share = value.Total <= 0 ? 1 : Math.Clamp((double)value.Done / value.Total, 0, 1);
            var percent = ((int)(share * 100)).ToString(CultureInfo.InvariantCulture);
            if (!terminal.ShowsProgress)
            {
                terminal.Error.WriteLine($"{percent} % {what}{Detail}");
                return;
            }

            var full = (int)(share * Width);
            terminal.Error.Write(
                $"\r[{new string('#', full)}{new string('.', Width - full)}] {percent, 3} % {what}{Detail}"
            );
            _isDrawn = true;
        }
    }

    /// <summary>A message for people in between; the bar is drawn again below it.</summary>
    public void Say(string message)
    {
        lock (_lock)
        {
            Clear();
            terminal.Error.WriteLine(message);
        }
    }

    /// <summary>Takes the bar away until it is reported to again.</summary>
    public void Hide()
    {
        lock (_lock)
            Clear();
    }

    /// <summary>Takes the bar away.</summary>
    public void Dispose() => Hide();

    private void Clear()
    {
        if (_isDrawn)
            terminal.Error.Write($"\r{new string(' ', Width + 80)}\r");
        (_isDrawn, _next) = (false, terminal.ShowsProgress ? long.MinValue : _next);
    }
}
