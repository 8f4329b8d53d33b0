using System.Diagnostics;
using System.IO.Pipelines;
using System.Text;
using System.Text.RegularExpressions;

namespace Postreiter.Delivery.Scanning;

/// <summary>
/// A program that reads a message from its standard input, run without a shell: exit code 0 is clean, 1 infected, anything else a
/// failure, as of clamscan(1). The name of what was found is taken from its output.
/// </summary>
/// <param name="name">What it is called.</param>
/// <param name="command">The program's path, then its arguments.</param>
/// <param name="limit">Longest time from the end of the message to its end.</param>
/// <param name="time">The clock.</param>
public sealed partial class CommandScanner(
    string name,
    IReadOnlyList<string> command,
    TimeSpan limit,
    TimeProvider time
) : IContentScanner
{
    private const int MaxOutput = 64 * 1024;

    /// <inheritdoc/>
    public string Name => name;

    /// <summary>Splits a line at blanks; quotes hold what has blanks in it.</summary>
    public static IReadOnlyList<string> Words(string line) =>
        [.. Word().Matches(line).Select(static m => m.Groups["quoted"].Success ? m.Groups["quoted"].Value : m.Value)];

    /// <inheritdoc/>
    public async ValueTask<ScanAnswer> ScanAsync(PipeReader content, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(content);
        var start = new ProcessStartInfo(command[0])
        {
            UseShellExecute = false,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            StandardOutputEncoding = Encoding.Latin1,
            StandardErrorEncoding = Encoding.Latin1,
        };
        foreach (var argument in command.Skip(1))
            start.ArgumentList.Add(argument);
        Process process;
        try
        {
            process = Process.Start(start) ?? throw new InvalidOperationException("it did not start");
        }
        catch (Exception e) when (e is System.ComponentModel.Win32Exception or InvalidOperationException)
        {
            return ScanAnswer.Failed($"{command[0]} cannot be run: {e.Message}");
        }

        using (process)
        {
            try
            {
                return await RunAsync(process, content, ct);
            }
            finally
            {
                if (!process.HasExited)
                    process.Kill(entireProcessTree: true);
            }
        }
    }

    private async ValueTask<ScanAnswer> RunAsync(Process process, PipeReader content, CancellationToken ct)
    {
        using var patience = new CancellationTokenSource(Timeout.InfiniteTimeSpan, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(patience.Token, ct);
        try
        {
            var output = ReadAsync(process.StandardOutput, either.Token);
            var error = ReadAsync(process.StandardError, either.Token);
            await FeedAsync(process, content, patience, either.Token);
            patience.CancelAfter(limit);
            await process.WaitForExitAsync(either.Token);
            return Answer(process.ExitCode, await output, await error);
        }
        catch (OperationCanceledException) when (!ct.IsCancellationRequested)
        {
            return ScanAnswer.Failed($"{command[0]} took over {limit.TotalSeconds:0} s and was ended");
        }
    }

    private async ValueTask FeedAsync(
        Process process,
        PipeReader content,
        CancellationTokenSource patience,
        CancellationToken ct
    )
    {
        var input = process.StandardInput.BaseStream;
        try
        {
            while (true)
            {
                var read = await content.ReadAsync(ct);
                // It must take what is there; the sender may take its time.
                patience.CancelAfter(limit);
                foreach (var segment in read.Buffer)
                    await input.WriteAsync(segment, ct);
                await input.FlushAsync(ct);
                content.AdvanceTo(read.Buffer.End);
                patience.CancelAfter(Timeout.InfiniteTimeSpan);
                if (read.IsCompleted)
                    break;
            }

            process.StandardInput.Close();
        }
        catch (IOException)
        {
            // It reads no further: its exit code says why.
        }
    }

    private ScanAnswer Answer(int exitCode, string output, string error) =>
        exitCode switch
        {
            0 => ScanAnswer.Clean,
            1 => ScanAnswer.Infected(
                Found().Match(output) is { Success: true } match ? match.Groups["name"].Value : "unnamed"
            ),
            _ => ScanAnswer.Failed($"{command[0]} ended with exit code {exitCode}: {Last(error) ?? Last(output)}"),
        };

    private static string? Last(string text) =>
        text.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries).LastOrDefault();

    // All of it is read, so that it does not block; only the beginning is kept.
    private static async Task<string> ReadAsync(StreamReader reader, CancellationToken ct)
    {
        var text = new StringBuilder();
        var buffer = new char[4096];
        while (await reader.ReadAsync(buffer, ct) is > 0 and var count)
            text.Append(buffer, 0, Math.Min(count, MaxOutput - text.Length));
        return text.ToString();
    }

    [GeneratedRegex(
        """^[^:\n]*: (?<name>.+?)(?:\(.*\))? FOUND\s*$""",
        RegexOptions.Multiline | RegexOptions.NonBacktracking
    )]
    private static partial Regex Found();

    [GeneratedRegex(
        """
            "(?<quoted>[^"]*)"|[^\s"]+
            """,
        RegexOptions.NonBacktracking | RegexOptions.ExplicitCapture
    )]
    private static partial Regex Word();
}
