using System.Diagnostics;
using System.Globalization;
using System.Text.Json.Nodes;

namespace Postreiter.Interop.Tests.Crash;

/// <summary>The real program on one data folder, started and killed again and again, always on the same ports.</summary>
internal sealed class KilledServer : IDisposable
{
    public const string Password = "open sesame";
    private static readonly string Program = Path.Combine(AppContext.BaseDirectory, "postreiter");
    private readonly TemporaryFolder _folder = new();
    private readonly List<string> _log = [];
    private readonly List<TimeSpan> _starts = [];
    private string[] _ports = ["127.0.0.1:0", "127.0.0.1:0", "127.0.0.1:0"];
    private Process? _process;

    /// <summary>A place for what the test writes.</summary>
    public string Folder => _folder.Root;

    public int Smtp => Port(0);

    public int Submission => Port(1);

    public int Imap => Port(2);

    /// <summary>How long each start took, from the making of the process to its "ready".</summary>
    public IReadOnlyList<TimeSpan> Starts => _starts;

    /// <summary>The last lines of the log.</summary>
    public string Log
    {
        get
        {
            lock (_log)
                return string.Join('\n', _log.TakeLast(50));
        }
    }

    private string Data => Path.Combine(Folder, "data");

    /// <summary>Makes the data folder with its accounts.</summary>
    public async Task InitializeAsync(IEnumerable<string> accounts)
    {
        await RunAsync("", "init", "--hostname", "mx.our.example", "--domain", "our.example");
        foreach (var account in accounts)
            await RunAsync(Password + "\n", "account", "add", account, "--password-stdin");
    }

    /// <summary>Starts it; returns when it is ready.</summary>
    public async Task StartAsync()
    {
        var begun = TimeProvider.System.GetTimestamp();
        _process = Process.Start(StartInfo(Serve()))!;
        _process.StandardInput.Close();
        _process.ErrorDataReceived += (_, e) =>
        {
            if (e.Data is null)
                return;
            lock (_log)
                _log.Add(e.Data);
        };
        _process.BeginErrorReadLine();
        var line = await _process.StandardOutput.ReadLineAsync();
        Assert.True(line == "ready", $"the server said '{line}':\n{Log}");
        _starts.Add(TimeProvider.System.GetElapsedTime(begun));
        var ports = JsonNode.Parse(await File.ReadAllTextAsync(Path.Combine(Data, "ports.json")))!;
        _ports = [(string)ports["smtp"]![0]!, (string)ports["submission"]![0]!, (string)ports["imap"]![0]!];
    }

    /// <summary>Starts it and kills it while it starts.</summary>
    public async Task StartAndKillAsync(TimeSpan after)
    {
        using var process = Process.Start(StartInfo(Serve()))!;
        await Task.Delay(after, TimeProvider.System);
        process.Kill();
        await process.WaitForExitAsync();
    }

    /// <summary>SIGKILL.</summary>
    public async Task KillAsync()
    {
        _process!.Kill();
        await _process.WaitForExitAsync();
        _process.Dispose();
        _process = null;
    }

    /// <summary>Runs one command to its end, which must be good.</summary>
    /// <returns>Its standard output.</returns>
    public async Task<string> RunAsync(string input, params string[] arguments)
    {
        using var process = Process.Start(StartInfo(arguments))!;
        await process.StandardInput.WriteAsync(input);
        process.StandardInput.Close();
        var (output, error) = (process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
        await process.WaitForExitAsync();
        Assert.True(process.ExitCode == 0, $"{string.Join(' ', arguments)}:\n{await output}{await error}\n{Log}");
        return await output;
    }

    public void Dispose()
    {
        if (_process is { HasExited: false })
            _process.Kill();
        _process?.Dispose();
        _folder.Dispose();
    }

    private int Port(int index) =>
        int.Parse(_ports[index].AsSpan(_ports[index].LastIndexOf(':') + 1), CultureInfo.InvariantCulture);

    private string[] Serve()
    {
        string[] settings =
        [
            $"listen.smtp=[\"{_ports[0]}\"]",
            $"listen.submission=[\"{_ports[1]}\"]",
            $"listen.imap=[\"{_ports[2]}\"]",
            .. new[] { "submissions", "imaps", "pop3", "pop3s", "http" }.Select(static l => $"listen.{l}=[]"),
            "tls.allow_plaintext_auth=true",
            // Nobody listens there: what is for remote.example stays in the queue.
            "outbound.routes=[{ domain=\"remote.example\", via=\"127.0.0.1:1\" }]",
        ];
        return ["serve", .. settings.SelectMany(static s => new[] { "--set", s })];
    }

    private ProcessStartInfo StartInfo(IEnumerable<string> arguments)
    {
        var start = new ProcessStartInfo(Program, arguments)
        {
            WorkingDirectory = Folder,
            UseShellExecute = false,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.Environment["POSTREITER_DATA"] = Data;
        return start;
    }
}
