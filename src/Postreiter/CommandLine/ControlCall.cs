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

    /// <summary>Asks for page after page, so that a list of any length is printed as it is read, and gives the exit code.</summary>
    public static async Task<int> RunPagesAsync(
        CommandContext context,
        ParseResult parsed,
        string verb,
        Func<long, JsonObject> arguments,
        Func<JsonObject, string> line,
        CancellationToken ct
    )
    {
        await using var control = await context.OpenControlAsync(parsed, ct);
        var after = 0L;
        while (true)
        {
            var reply = await control.CallAsync(verb, arguments(after), ct);
            foreach (var row in reply.Rows.Where(static r => r["id"] is not null))
                context.Print(parsed, row, line(row));
            if (reply.ExitCode != ExitCodes.Done || reply.Rows is not [.., { } last] || last["next"] is null)
                return context.Finish(reply);
            after = (long)last["next"]!;
        }
    }
}
