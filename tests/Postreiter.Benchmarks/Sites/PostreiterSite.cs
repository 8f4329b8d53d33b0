using System.Diagnostics;
using System.Globalization;
using System.Text.Json.Nodes;
using Postreiter.Benchmarks.Load;

namespace Postreiter.Benchmarks.Sites;

/// <summary>Postreiter as <c>./build</c> makes it, with its own settings but for ports and the number of connections.</summary>
internal sealed class PostreiterSite(string program) : IMailSite
{
    private readonly string _folder = Directory.CreateTempSubdirectory("postreiter-bench-").FullName;
    private Process? _process;

    /// <summary>A client of one's own network, and nothing of the gate, nor rules behind it.</summary>
    public static readonly IReadOnlyList<string> WithoutGate =
    [
        "greylist.mode=\"off\"",
        "trace.keep=\"0s\"",
        "spam.rules=[]",
    ];

    public string Name => "Postreiter";

    /// <summary>Further settings.</summary>
    public IReadOnlyList<string> Settings { get; init; } = [];

    public int SmtpPort { get; private set; }

    public int ImapPort { get; private set; }

    public ProcessTree Processes => new(_process!.Id);

    private string Data => Path.Combine(_folder, "data");

    public async Task StartAsync(CancellationToken ct)
    {
        string[] init = ["init", "--data", Data, "--hostname", "mx.our.example", "--domain", "our.example"];
        await Tool.RunAsync(program, "", ct, init);
        for (var i = 0; i < IMailSite.Accounts; i++)
        {
            var user = string.Create(CultureInfo.InvariantCulture, $"user{i}@our.example");
            string[] add = ["account", "add", user, "--password-stdin", "--data", Data];
            await Tool.RunAsync(program, IMailSite.Password + "\n", ct, add);
        }

        await ServeAsync(ct);
    }

    private async Task ServeAsync(CancellationToken ct)
    {
        string[] settings =
        [
            "listen.smtp=[\"127.0.0.1:0\"]",
            "listen.imap=[\"127.0.0.1:0\"]",
            .. new[] { "submission", "submissions", "imaps", "pop3", "pop3s", "http" }.Select(static l =>
                $"listen.{l}=[]"
            ),
            "tls.allow_plaintext_auth=true",
            "imap.max_connections=10000",
            "imap.max_connections_per_address=10000",
            .. Settings,
        ];
        string[] serve = ["serve", "--data", Data, .. settings.SelectMany(static s => new[] { "--set", s })];
        var start = new ProcessStartInfo(program, serve)
        {
            UseShellExecute = false,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        _process = Process.Start(start)!;
        var log = new StreamWriter(Path.Combine(_folder, "log"));
        _process.ErrorDataReceived += (_, e) =>
        {
            if (e.Data is null)
                log.Dispose();
            else
                log.WriteLine(e.Data);
        };
        _process.BeginErrorReadLine();
        if (await _process.StandardOutput.ReadLineAsync(ct) != "ready")
            throw new InvalidOperationException($"the server did not start, see {_folder}/log");
        var ports = JsonNode.Parse(await File.ReadAllTextAsync(Path.Combine(Data, "ports.json"), ct))!;
        (SmtpPort, ImapPort) = (Port(ports["smtp"]!), Port(ports["imap"]!));
    }

    public bool HasUndelivered() => false;

    public async Task RestartAsync(CancellationToken ct)
    {
        await StopAsync();
        await ServeAsync(ct);
    }

    public async Task FillAsync(int messages, int bytes, CancellationToken ct) =>
        await SmtpLoad.SendAsync(SmtpPort, 8, bytes, accounts: 1, LoadLength.Of(messages), ct);

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        Directory.Delete(_folder, recursive: true);
    }

    private async Task StopAsync()
    {
        if (_process is { HasExited: false })
        {
            _process.Kill();
            await _process.WaitForExitAsync();
        }

        _process?.Dispose();
    }

    private static int Port(JsonNode list)
    {
        var text = (string)list[0]!;
        return int.Parse(text.AsSpan(text.LastIndexOf(':') + 1), CultureInfo.InvariantCulture);
    }
}
