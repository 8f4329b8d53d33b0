using System.Runtime.CompilerServices;
using System.Text.RegularExpressions;
using Postreiter.Delivery.Gate.Tracing;
using Postreiter.Delivery.Tests.Inbound;

namespace Postreiter.Delivery.Tests.Gate;

/// <summary>
/// Traces as people read them, in <c>Traces/NAME.txt</c> beside this file. With <c>POSTREITER_WRITE_TRACES</c> set a run writes them anew, to be
/// read before they are committed.
/// </summary>
internal static partial class GoldenTrace
{
    /// <summary>Compares the newest traces of an address, the oldest of them first.</summary>
    public static async Task ExpectAsync(InboundSite site, string address, string name, int count = 1)
    {
        var traces = (await site.TracesAsync(address)).Take(count).Reverse().ToList();
        Assert.Equal(count, traces.Count);
        var text = string.Join('\n', traces.Select(t => Plain(VerdictText.Of(t), t)));
        // What is stored reads back as it was.
        Assert.All(traces, t => Assert.Equal(VerdictText.Of(t), VerdictText.Of(Verdict.FromJson(t.ToJson()))));
        var path = Path.Combine(Path.GetDirectoryName(Here())!, "Traces", name + ".txt");
        if (Environment.GetEnvironmentVariable("POSTREITER_WRITE_TRACES") is { Length: > 0 })
        {
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            await File.WriteAllTextAsync(path, text, TestContext.Current.CancellationToken);
            return;
        }

        Assert.Equal(await File.ReadAllTextAsync(path, TestContext.Current.CancellationToken), text);
    }

    private static string Plain(string text, Verdict verdict) =>
        Changing()
            .Replace(
                text.Replace(verdict.Id, "ID", StringComparison.Ordinal)
                    .Replace($"connection {verdict.Connection}", "connection C", StringComparison.Ordinal),
                ""
            );

    [GeneratedRegex(@" \[[0-9]+ ms\]| header\.b=[^ \n]+", RegexOptions.NonBacktracking)]
    private static partial Regex Changing();

    private static string Here([CallerFilePath] string here = "") => here;
}
