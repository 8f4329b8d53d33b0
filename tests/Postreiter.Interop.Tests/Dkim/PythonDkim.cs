using System.Text;
using System.Text.Json.Nodes;

namespace Postreiter.Interop.Tests.Dkim;

/// <summary>Debian's python3-dkim: gives it tasks, all in one run.</summary>
internal sealed class PythonDkim(IReadOnlyDictionary<string, string> keys)
{
    /// <summary>The script.</summary>
    public static string Script => Path.Combine(AppContext.BaseDirectory, "Dkim", "oracle.py");

    /// <summary>Runs tasks and gives an answer for each.</summary>
    public async Task<IReadOnlyList<JsonObject>> RunAsync(IReadOnlyList<JsonObject> tasks)
    {
        using var folder = new TemporaryFolder();
        var first = new JsonObject
        {
            ["keys"] = new JsonObject(keys.Select(static k => KeyValuePair.Create(k.Key, (JsonNode?)k.Value))),
        };
        var input = string.Join('\n', tasks.Prepend(first).Select(static task => task.ToJsonString())) + "\n";
        var (exit, output) = await ForeignProgram.RunAsync("python3", folder.Root, input, Script);
        Assert.SkipWhen(output.Trim() == "missing", "python3-dkim is not installed: run tests/setup as root");
        Assert.True(exit == 0, output);
        var answers = output
            .Split('\n', StringSplitOptions.RemoveEmptyEntries)
            .Where(static line => line[0] == '{')
            .ToList();
        Assert.True(answers.Count == tasks.Count, output);
        return [.. answers.Select(static line => JsonNode.Parse(line)!.AsObject())];
    }

    /// <summary>A text of octets for a task.</summary>
    public static string Octets(string text) => Convert.ToBase64String(Encoding.Latin1.GetBytes(text));

    /// <summary>A text of octets out of an answer.</summary>
    public static string Text(JsonNode? octets) => Encoding.Latin1.GetString(Convert.FromBase64String((string)octets!));
}
