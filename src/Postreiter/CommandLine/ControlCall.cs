using System.CommandLine;
using System.Text.Json.Nodes;

namespace Postreiter.CommandLine;

/// <summary>The common shape of commands that ask one thing and print rows.</summary>
internal static class ControlCall
{
    /// <summary>Asks, prints each row by <paramref name="line"/> or as JSON, and gives the exit code.</summary>
    public static async Task<int> RunAsync(
        CommandContext context,
        ParseResult parsed,
        string verb,
        JsonObject arguments,
        Func<JsonObject, string> line,
        CancellationToken ct
    )
    {
        await using var control = await context.OpenControlAsync(parsed, ct);
        var reply = await control.CallAsync(verb, arguments, ct);
        foreach (var row in reply.Rows)
            context.Print(parsed, row, line(row));
        return context.Finish(reply);
    }
}
