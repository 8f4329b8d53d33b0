using System.Net;
using System.Net.Http.Json;
using System.Net.Sockets;
using System.Text.Json.Nodes;
using Postreiter.CommandLine;

namespace Postreiter.Control;

/// <summary>Asks the running server over its control socket: HTTP, one JSON object in, one out.</summary>
/// <param name="socketPath">The socket.</param>
internal sealed class RemoteControl(string socketPath) : IControl
{
    private readonly HttpClient _client = new(
        new SocketsHttpHandler
        {
            UseProxy = false,
            ConnectCallback = async (_, ct) =>
            {
                var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
                try
                {
                    await socket.ConnectAsync(new UnixDomainSocketEndPoint(socketPath), ct);
                    return new NetworkStream(socket, ownsSocket: true);
                }
                catch (SocketException)
                {
                    socket.Dispose();
                    throw;
                }
            },
        }
    )
    {
        BaseAddress = new Uri("http://postreiter/"),
        Timeout = Timeout.InfiniteTimeSpan,
    };

    /// <inheritdoc/>
    public async Task<ControlReply> CallAsync(string verb, JsonObject arguments, CancellationToken ct)
    {
        using var content = JsonContent.Create<JsonNode>(arguments);
        return await PostAsync($"call/{verb}", content, ct);
    }

    /// <inheritdoc/>
    public async Task<ControlReply> AppendAsync(AppendTarget target, ReadOnlyMemory<byte> message, CancellationToken ct)
    {
        var query = ControlEndpoints.AppendQuery(target);
        using var content = new ReadOnlyMemoryContent(message);
        return await PostAsync($"append?{query}", content, ct);
    }

    /// <inheritdoc/>
    public async Task<bool> CopyMessageAsync(string account, string mailbox, uint uid, Stream to, CancellationToken ct)
    {
        var path = $"message?account={Uri.EscapeDataString(account)}&mailbox={Uri.EscapeDataString(mailbox)}&uid={uid}";
        try
        {
            using var response = await _client.GetAsync(path, HttpCompletionOption.ResponseHeadersRead, ct);
            if (response.StatusCode == HttpStatusCode.NotFound)
                return false;
            response.EnsureSuccessStatusCode();
            await response.Content.CopyToAsync(to, ct);
            return true;
        }
        catch (HttpRequestException e)
        {
            throw Gone(e);
        }
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync()
    {
        _client.Dispose();
        return ValueTask.CompletedTask;
    }

    private async Task<ControlReply> PostAsync(string path, HttpContent content, CancellationToken ct)
    {
        try
        {
            using var response = await _client.PostAsync(path, content, ct);
            response.EnsureSuccessStatusCode();
            var body = await response.Content.ReadFromJsonAsync<JsonNode>(ct) as JsonObject ?? [];
            var rows = (body["rows"] as JsonArray ?? []).OfType<JsonObject>().ToList();
            return new ControlReply((int?)body["exit"] ?? ExitCodes.Failed, (string?)body["message"], rows);
        }
        catch (HttpRequestException e)
        {
            throw Gone(e);
        }
    }

    private static CommandFailure Gone(HttpRequestException e) =>
        new(ExitCodes.Failed, $"the running server did not answer: {e.Message}");
}
