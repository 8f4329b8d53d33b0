using System.Text;

namespace Postreiter.CommandLine;

/// <summary>What a command reads and writes: data to <see cref="Output"/>, messages for people to <see cref="Error"/>.</summary>
internal sealed class Terminal
{
    /// <summary>Standard input.</summary>
    public required TextReader Input { get; init; }

    /// <summary>Standard input as bytes.</summary>
    public Func<Stream> OpenInput { get; init; } = Console.OpenStandardInput;

    /// <summary>Standard output.</summary>
    public required TextWriter Output { get; init; }

    /// <summary>Standard error.</summary>
    public required TextWriter Error { get; init; }

    /// <summary>Gives environment variables.</summary>
    public required Func<string, string?> Environment { get; init; }

    /// <summary>Reads one line without showing it; null where nobody sits at the keyboard.</summary>
    public Func<string, string>? Ask { get; init; }

    /// <summary>Whether somebody watches standard error, so that long work shows how far it is.</summary>
    public bool ShowsProgress { get; init; }

    /// <summary>The process's own.</summary>
    public static Terminal Process() =>
        new()
        {
            Input = Console.In,
            Output = Console.Out,
            Error = Console.Error,
            Environment = System.Environment.GetEnvironmentVariable,
            ShowsProgress = !Console.IsErrorRedirected,
            Ask = Console.IsInputRedirected ? null : AskConsole,
        };

    /// <summary>One line of strangers' text: nothing in it moves a terminal or turns the line around.</summary>
    public static string Plain(string line) =>
        string.Concat(
            line.Select(static c =>
                char.IsControl(c)
                || c is (>= '\u200b' and <= '\u200f') or (>= '\u2028' and <= '\u202e') or (>= '\u2060' and <= '\u2069')
                    ? '?'
                    : c
            )
        );

    private static string AskConsole(string question)
    {
        Console.Error.Write(question);
        var answer = new StringBuilder();
        while (Console.ReadKey(intercept: true) is var key && key.Key != ConsoleKey.Enter)
        {
            if (key.Key == ConsoleKey.Backspace)
                answer.Length = Math.Max(0, answer.Length - 1);
            else if (!char.IsControl(key.KeyChar))
                answer.Append(key.KeyChar);
        }

        Console.Error.WriteLine();
        return answer.ToString();
    }
}
