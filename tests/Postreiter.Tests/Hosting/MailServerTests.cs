using System.Net;
using System.Net.Sockets;
using System.Text.Json.Nodes;
using Postreiter.CommandLine;
using Postreiter.Hosting;
using Postreiter.Settings;

namespace Postreiter.Tests.Hosting;

public sealed class MailServerTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly KeptStore _store = new();

    [Fact]
    public async Task The_ports_taken_stand_in_ports_json_and_serve_health_and_metrics()
    {
        await using var server = await StartAsync();
        var ports = JsonNode.Parse(await File.ReadAllTextAsync(_folder["ports.json"], Ct))!;
        var http = (string?)ports["http"]![0];
        Assert.DoesNotContain(":0", http, StringComparison.Ordinal);
        using var client = new HttpClient();
        var health = await client.GetAsync(new Uri($"http://{http}/healthz"), Ct);
        Assert.Equal(HttpStatusCode.OK, health.StatusCode);
        var metrics = await client.GetStringAsync(new Uri($"http://{http}/metrics"), Ct);
        Assert.Contains("dotnet_", metrics, StringComparison.Ordinal);
        Assert.Matches("""(?m)^postreiter_queue_items\{.*state="waiting".*\} 0$""", metrics);
        _store.IsDown = true;
        health = await client.GetAsync(new Uri($"http://{http}/healthz"), Ct);
        Assert.Equal(HttpStatusCode.ServiceUnavailable, health.StatusCode);
    }

    [Fact]
    public async Task The_control_routes_are_on_the_control_socket_alone()
    {
        await using var server = await StartAsync();
        using var client = new HttpClient();
        using var body = new StringContent("{}");
        var answer = await client.PostAsync(new Uri($"http://{server.Bound[0].Address}/call/domain.list"), body, Ct);
        Assert.Equal(HttpStatusCode.NotFound, answer.StatusCode);
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(_folder["control.sock"]));
    }

    [Fact]
    public async Task What_is_wrong_with_a_call_is_said_in_its_reply()
    {
        await using var server = await StartAsync();
        using var client = new HttpClient(
            new SocketsHttpHandler
            {
                ConnectCallback = async (_, ct) =>
                {
                    var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
                    await socket.ConnectAsync(new UnixDomainSocketEndPoint(_folder["control.sock"]), ct);
                    return new NetworkStream(socket, ownsSocket: true);
                },
            }
        );
        async Task<string> AskAsync(string path, string body)
        {
            using var content = new StringContent(body);
            using var answer = await client.PostAsync(new Uri($"http://postreiter/{path}"), content, Ct);
            return $"{answer.StatusCode} {await answer.Content.ReadAsStringAsync(Ct)}";
        }

        Assert.StartsWith(
            """OK {"exit":2,"message":"the call cannot be read: """,
            await AskAsync("call/domain.list", "{"),
            StringComparison.Ordinal
        );
        // A fault of the program, as it happens to be: one that nobody named.
        Assert.Matches(
            """^OK \{"exit":3,"message":"the server met a fault: .*; its log has more"\,""",
            await AskAsync("call/store.check", """{"repair":"perhaps"}""")
        );
    }

    [Fact]
    public async Task A_second_server_on_the_folder_is_refused()
    {
        await using var server = await StartAsync();
        var failure = await Assert.ThrowsAsync<CommandFailure>(StartAsync);
        Assert.Equal(ExitCodes.Failed, failure.ExitCode);
        Assert.Equal(1, _store.Open);
    }

    [Fact]
    public async Task A_port_that_is_taken_is_named_and_nothing_stays_open()
    {
        await using var server = await StartAsync();
        using var other = new TemporaryFolder();
        var settings = Settings() with { Listen = Settings().Listen with { Http = [server.Bound[0].Address] } };
        var failure = await Assert.ThrowsAsync<CommandFailure>(() => StartAsync(new DataFolder(other.Root), settings));
        Assert.Contains(server.Bound[0].Address.ToString()!, failure.Message, StringComparison.Ordinal);
        Assert.Equal(1, _store.Open);
        var again = DataFolderLock.TryTake(new DataFolder(other.Root));
        Assert.NotNull(again);
        await again.DisposeAsync();
    }

    [Fact]
    public async Task A_stop_closes_all_and_the_folder_starts_again()
    {
        var server = await StartAsync();
        await server.StopAsync();
        Assert.Equal(0, _store.Open);
        Assert.False(File.Exists(_folder["ports.json"]));
        Assert.False(File.Exists(_folder["control.sock"]));
        await using var again = await StartAsync();
        Assert.Equal(1, _store.Open);
    }

    [Fact]
    public async Task A_socket_left_behind_by_a_killed_server_is_no_hindrance()
    {
        await File.WriteAllTextAsync(_folder["control.sock"], "", Ct);
        await using var server = await StartAsync();
        Assert.Equal(1, _store.Open);
    }

    public void Dispose() => _folder.Dispose();

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    private Task<MailServer> StartAsync() => StartAsync(new DataFolder(_folder.Root), Settings());

    private Task<MailServer> StartAsync(DataFolder folder, ServerSettings settings) =>
        MailServer.StartAsync(
            new ServerEnvironment(TimeProvider.System, new Random(1), _store, KeptStore.Scanner),
            folder,
            settings,
            Ct
        );

    private static ServerSettings Settings() =>
        new()
        {
            Listen = new ListenSettings
            {
                Smtp = [],
                Submission = [],
                Submissions = [],
                Imap = [],
                Imaps = [],
                Pop3 = [],
                Pop3s = [],
                Http = [new IPEndPoint(IPAddress.Loopback, 0)],
            },
            Log = new LogSettings { Level = Microsoft.Extensions.Logging.LogLevel.None },
        };
}
