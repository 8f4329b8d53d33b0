using Postreiter.Control;

namespace Postreiter.CommandLine;

/// <summary>One line on standard error that says how far long work is, where somebody watches.</summary>
/// <param name="terminal">The terminal.</param>
/// <param name="time">The clock.</param>
internal sealed class ProgressBar(Terminal terminal, TimeProvider time)
{
    private const int Width = 30;
    private static readonly TimeSpan Every = TimeSpan.FromMilliseconds(250);
    private int _drawn;

    /// <summary>Shows what <paramref name="progress"/> says until the work is done.</summary>
    public async Task<T> ShowAsync<T>(
        Task<T> work,
        Func<CancellationToken, Task<(long Done, long Total)>> progress,
        CancellationToken ct
    )
    {
        if (!terminal.ShowsProgress)
            return await work;
        try
        {
            while (await Task.WhenAny(work, Task.Delay(Every, time, ct)) != work && !ct.IsCancellationRequested)
            {
                var (done, total) = await progress(ct);
                Draw(done, total);
            }

            return await work;
        }
        finally
        {
            if (_drawn > 0)
                await terminal.Error.WriteAsync("\r" + new string(' ', _drawn) + "\r");
        }
    }

    /// <summary>As above, of work that a control does.</summary>
    public Task<ControlReply> ShowAsync(Task<ControlReply> work, IControl control, CancellationToken ct) =>
        ShowAsync(
            work,
            async token =>
            {
                var reply = await control.CallAsync(ControlVerbs.StoreProgress, [], token);
                return reply.Rows is [var row] ? ((long?)row["done"] ?? 0, (long?)row["total"] ?? 0) : (0, 0);
            },
            ct
        );

    private void Draw(long done, long total)
    {
        var share = total > 0 ? Math.Clamp((double)done / total, 0, 1) : 0;
        var full = (int)(share * Width);
        var line = $"[{new string('#', full)}{new string('.', Width - full)}] {share, 4:P0}";
        terminal.Error.Write("\r" + line);
        _drawn = line.Length;
    }
}
