using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using Postreiter.Testing;

namespace Postreiter.Imap.Tests;

/// <summary>
/// A client that reads whole responses, literals and all, as Latin-1 text: for tests that look into answers where a
/// <see cref="Dialogue"/> compares lines.
/// </summary>
internal sealed partial class ImapWire : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);
    private readonly MemoryConnection _connection;
    private readonly Task _session;
    private int _tag;

    private ImapWire(ImapTestServer server)
    {
        _connection = MemoryConnection.Create();
        _session = Task.Run(() => server.Handler.HandleAsync(_connection, CancellationToken.None));
    }

    /// <summary>The tag of the last command.</summary>
    public string Tag => "t" + _tag.ToString(CultureInfo.InvariantCulture);

    /// <summary>Connects and logs in.</summary>
    public static async Task<ImapWire> ConnectAsync(ImapTestServer server)
    {
        var wire = new ImapWire(server);
        await wire.ReadAsync();
        Assert.StartsWith("OK ", (await wire.RunAsync("LOGIN ann secret"))[^1], StringComparison.Ordinal);
        return wire;
    }

    /// <summary>Runs a command; the last response is the tagged one without its tag.</summary>
    public async Task<List<string>> RunAsync(string command)
    {
        _tag++;
        await SendAsync($"{Tag} {command}\r\n");
        var responses = new List<string>();
        while (true)
        {
            var response = await ReadAsync();
            var isTagged = response.StartsWith(Tag + " ", StringComparison.Ordinal);
            responses.Add(isTagged ? response[(Tag.Length + 1)..] : response);
            if (isTagged)
                return responses;
        }
    }

    /// <summary>Appends a message (a character is a byte) and gives its UID.</summary>
    public async Task<uint> AppendAsync(
        string mailbox,
        string message,
        string flags = "()",
        List<string>? untagged = null
    )
    {
        _tag++;
        await SendAsync($"{Tag} APPEND {mailbox} {flags} ~{{{message.Length}}}\r\n");
        Assert.StartsWith("+ ", await ReadAsync(), StringComparison.Ordinal);
        await SendAsync(message + "\r\n");
        while (true)
        {
            var response = await ReadAsync();
            if (!response.StartsWith(Tag + " ", StringComparison.Ordinal))
            {
                untagged?.Add(response);
                continue;
            }

            var uid = AppendUid().Match(response);
            Assert.True(uid.Success, response);
            return uint.Parse(uid.Groups["uid"].ValueSpan, CultureInfo.InvariantCulture);
        }
    }

    /// <summary>Sends text as it is, a byte a character.</summary>
    public async Task SendAsync(string text) =>
        await _connection.Client.Output.WriteAsync(Encoding.Latin1.GetBytes(text));

    /// <summary>The next response without its CRLF.</summary>
    public async Task<string> ReadAsync()
    {
        using var patience = new CancellationTokenSource(Patience, TimeProvider.System);
        var response = new StringBuilder();
        while (true)
        {
            response.Append(await ReadLineAsync(patience.Token));
            if (
                Literal().Match(response.ToString(Math.Max(0, response.Length - 30), Math.Min(30, response.Length)))
                is not { Success: true } literal
            )
                return response.ToString();
            response.Append("\r\n");
            response.Append(
                await ReadBytesAsync(
                    int.Parse(literal.Groups["length"].ValueSpan, CultureInfo.InvariantCulture),
                    patience.Token
                )
            );
        }
    }

    public async ValueTask DisposeAsync()
    {
        _connection.Client.Close();
        await _session;
        await _connection.DisposeAsync();
    }

    private async Task<string> ReadLineAsync(CancellationToken ct)
    {
        while (true)
        {
            var result = await _connection.Client.Input.ReadAsync(ct);
            var reader = new SequenceReader<byte>(result.Buffer);
            if (reader.TryReadTo(out ReadOnlySequence<byte> line, "\r\n"u8))
            {
                var text = Encoding.Latin1.GetString(line);
                _connection.Client.Input.AdvanceTo(reader.Position);
                return text;
            }

            _connection.Client.Input.AdvanceTo(result.Buffer.Start, result.Buffer.End);
            Assert.False(result.IsCompleted, "the server has closed the connection");
        }
    }

    private async Task<string> ReadBytesAsync(int length, CancellationToken ct)
    {
        if (length == 0)
            return "";
        var result = await _connection.Client.Input.ReadAtLeastAsync(length, ct);
        var text = Encoding.Latin1.GetString(result.Buffer.Slice(0, length));
        _connection.Client.Input.AdvanceTo(result.Buffer.GetPosition(length));
        return text;
    }

    [GeneratedRegex(@"\{(?<length>[0-9]+)\}$", RegexOptions.NonBacktracking)]
    private static partial Regex Literal();

    [GeneratedRegex(@"OK \[APPENDUID [0-9]+ (?<uid>[0-9]+)\]", RegexOptions.NonBacktracking)]
    private static partial Regex AppendUid();
}
