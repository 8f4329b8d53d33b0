using System.Globalization;
using Postreiter.Benchmarks.Sites;

namespace Postreiter.Benchmarks.Load;

/// <summary>Postfix's own load generator: a session waits for each reply, as most clients do.</summary>
internal static class SmtpSource
{
    private const string Program = "/usr/sbin/smtp-source";

    /// <summary>Sends so many messages by so many sessions at once, spread over the accounts.</summary>
    /// <param name="port">Where to.</param>
    /// <param name="sessions">At once.</param>
    /// <param name="messages">In all.</param>
    /// <param name="bytes">Of each message.</param>
    /// <param name="keepsConnections">Many messages a connection, or one.</param>
    /// <param name="ct">Ends it.</param>
    /// <exception cref="InvalidOperationException">A reply was not the expected one.</exception>
    public static Task SendAsync(
        int port,
        int sessions,
        int messages,
        int bytes,
        bool keepsConnections,
        CancellationToken ct
    )
    {
        // A process of it sends to one recipient.
        var processes = Math.Min(sessions, 10);
        return Task.WhenAll(
            Enumerable
                .Range(0, processes)
                .Select(i =>
                {
                    string[] arguments =
                    [
                        .. keepsConnections ? (string[])["-d"] : [],
                        "-s",
                        Text(sessions / processes),
                        "-m",
                        Text(messages / processes),
                        "-l",
                        Text(bytes),
                        "-f",
                        "ann@sender.example",
                        "-t",
                        $"user{Text(i)}@our.example",
                        $"127.0.0.1:{Text(port)}",
                    ];
                    return Tool.RunAsync(Program, "", ct, arguments);
                })
        );
    }

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);
}
