using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Postreiter.Tests.Hosting;

/// <summary>One connection to a server, line by line.</summary>
internal sealed class LineClient : IAsyncDisposable
{
    private readonly TcpClient _client = new();
    private StreamReader _reader = null!;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public static async Task<LineClient> ConnectAsync(EndPoint address)
    {
        var client = new LineClient();
        await client._client.ConnectAsync((IPEndPoint)address, Ct);
        client._reader = new StreamReader(client._client.GetStream(), Encoding.Latin1);
        return client;
    }

    /// <summary>Sends text, its line end added.</summary>
    public async Task SendAsync(string line) =>
        await _client.GetStream().WriteAsync(Encoding.Latin1.GetBytes(line + "\r\n"), Ct);

    /// <summary>Reads up to the first line that begins so.</summary>
    /// <returns>Everything up to there.</returns>
    public async Task<string> UntilAsync(string start)
    {
        var text = new StringBuilder();
        while (await _reader.ReadLineAsync(Ct) is { } line)
        {
            text.Append(line).Append('\n');
            if (line.StartsWith(start, StringComparison.Ordinal))
                return text.ToString();
        }

        throw new EndOfStreamException($"no line begins with '{start}' in:\n{text}");
    }

    /// <summary>Sends a command and expects the very next line to begin so.</summary>
    public async Task AskAsync(string line, string start)
    {
        await SendAsync(line);
        var answer = await _reader.ReadLineAsync(Ct);
        Assert.StartsWith(start, answer ?? "(closed)", StringComparison.Ordinal);
    }

    /// <summary>An IMAP command with its tagged answer.</summary>
    public async Task<string> CommandAsync(string tag, string command)
    {
        await SendAsync($"{tag} {command}");
        return await UntilAsync($"{tag} ");
    }

    public ValueTask DisposeAsync()
    {
        _client.Dispose();
        return ValueTask.CompletedTask;
    }
}
