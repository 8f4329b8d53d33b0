using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Text.Json.Nodes;
using Postreiter.Control;

namespace Postreiter.Interop.Tests;

/// <summary>
/// The real program in a process of its own: <c>init</c> on a temporary data folder with a self-signed certificate, then
/// <c>serve</c> with every listener on a free port of loopback. One for each test class; every test has accounts of its own.
/// </summary>
public class PostreiterProcess : IAsyncLifetime
{
    public const string Domain = "our.example";
    public const string Password = "open sesame";
    private const string HostName = "mx.our.example";

    private static readonly string Program = Path.Combine(AppContext.BaseDirectory, "postreiter");
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);
    private static int s_accounts;

    private readonly TemporaryFolder _folder = new();
    private readonly ConcurrentQueue<string> _log = new();
    private readonly SemaphoreSlim _logged = new(0);
    private Process? _process;
    private Task _reading = Task.CompletedTask;
    private RemoteControl? _control;
    private JsonObject _ports = [];

    /// <summary>The data folder.</summary>
    public string Data => Path.Combine(_folder.Root, "data");

    /// <summary>What the server has written to standard error.</summary>
    public string Log => string.Join('\n', _log);

    internal IControl Control => _control ?? throw new InvalidOperationException("not started");

    /// <summary>Settings for this class of tests, as <c>--set</c> takes them.</summary>
    protected virtual IEnumerable<string> Settings => [];

    /// <summary>The port of a listener, by its name in section <c>listen</c>.</summary>
    public int Port(string listener) =>
        IPEndPoint.Parse((string?)_ports[listener]?[0] ?? throw new InvalidOperationException(listener)).Port;

    /// <inheritdoc cref="Port"/>
    public string PortText(string listener) => Port(listener).ToString(CultureInfo.InvariantCulture);

    public virtual async ValueTask InitializeAsync()
    {
        await SetUpAsync();
        Check(await RunAsync("init", "--hostname", HostName, "--domain", Domain));
        await StartAsync();
    }

    /// <summary>Starts <c>serve</c> and waits for its word.</summary>
    public async Task StartAsync()
    {
        string[] listeners = ["smtp", "submission", "submissions", "lmtp", "imap", "imaps", "pop3", "pop3s", "http"];
        var settings = listeners.Select(l => $"listen.{l}=[\"127.0.0.1:0\"]").Append("spam.rules=[]").Concat(Settings);
        _process = Process.Start(StartInfo(["serve", .. settings.SelectMany(s => new[] { "--set", s })]))!;
        _process.StandardInput.Close();
        _reading = ReadLogAsync(_process.StandardError);
        using var limit = new CancellationTokenSource(Patience, TimeProvider.System);
        var line = await _process.StandardOutput.ReadLineAsync(limit.Token);
        if (line != "ready")
        {
            await _process.WaitForExitAsync(limit.Token);
            await _reading;
            Assert.Fail($"the server said '{line}' and ended with {_process.ExitCode}:\n{Log}");
        }

        _ports = JsonNode.Parse(await File.ReadAllTextAsync(Path.Combine(Data, "ports.json"), limit.Token))!.AsObject();
        _control = new RemoteControl(Path.Combine(Data, "control.sock"));
    }

    /// <summary>Runs one command of the program on this data folder.</summary>
    public Task<(int ExitCode, string Output, string Error)> RunAsync(params string[] arguments) =>
        RunWithInputAsync("", arguments);

    /// <summary>As <see cref="RunAsync"/>, with something on standard input.</summary>
    public async Task<(int ExitCode, string Output, string Error)> RunWithInputAsync(
        string input,
        params string[] arguments
    )
    {
        using var limit = new CancellationTokenSource(Patience, TimeProvider.System);
        using var process = Process.Start(StartInfo(arguments))!;
        await process.StandardInput.WriteAsync(input.AsMemory(), limit.Token);
        process.StandardInput.Close();
        var (output, error) = (process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
        await process.WaitForExitAsync(limit.Token);
        return (process.ExitCode, await output, await error);
    }

    /// <summary>A new account of this server, with <see cref="Password"/>.</summary>
    /// <returns>Its address.</returns>
    public async Task<string> AddAccountAsync(string domain = Domain)
    {
        var number = Interlocked.Increment(ref s_accounts);
        var address = $"user{number.ToString(CultureInfo.InvariantCulture)}@{domain}";
        var arguments = new JsonObject { ["address"] = address, ["password"] = Password };
        var reply = await Control.CallAsync(ControlVerbs.AccountAdd, arguments, TestContext.Current.CancellationToken);
        Assert.True(reply.ExitCode == 0, reply.Message);
        return address;
    }

    /// <summary>Sends a signal by its name, such as HUP.</summary>
    public async Task SignalAsync(string name)
    {
        using var kill = Process.Start("/bin/sh", ["-c", $"kill -{name} {_process!.Id}"]);
        await kill.WaitForExitAsync();
        Assert.Equal(0, kill.ExitCode);
    }

    /// <summary>Waits until a line of the log holds <paramref name="text"/>, also one that is there already.</summary>
    public async Task<string> WaitForLogAsync(string text)
    {
        using var limit = new CancellationTokenSource(Patience, TimeProvider.System);
        while (true)
        {
            if (_log.FirstOrDefault(l => l.Contains(text, StringComparison.Ordinal)) is { } line)
                return line;
            Assert.True(!_reading.IsCompleted, $"the log ended without '{text}':\n{Log}");
            await _logged.WaitAsync(limit.Token);
        }
    }

    /// <summary>Waits for the process to end.</summary>
    /// <returns>Its exit code.</returns>
    public async Task<int> WaitForExitAsync()
    {
        using var limit = new CancellationTokenSource(Patience, TimeProvider.System);
        await _process!.WaitForExitAsync(limit.Token);
        await _reading;
        return _process.ExitCode;
    }

    /// <summary>Ends it with SIGTERM.</summary>
    /// <returns>The exit code.</returns>
    public async Task<int> StopAsync()
    {
        await SignalAsync("TERM");
        return await WaitForExitAsync();
    }

    public virtual async ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        try
        {
            if (_process is { HasExited: false })
                Assert.Equal(0, await StopAsync());
        }
        finally
        {
            if (_process is { HasExited: false })
                _process.Kill();
            _process?.Dispose();
            if (_control is not null)
                await _control.DisposeAsync();
            _logged.Dispose();
            await TearDownAsync();
            _folder.Dispose();
        }
    }

    /// <summary>What must be there before the server starts.</summary>
    protected virtual Task SetUpAsync() => Task.CompletedTask;

    /// <summary>Takes away what <see cref="SetUpAsync"/> made.</summary>
    protected virtual Task TearDownAsync() => Task.CompletedTask;

    private ProcessStartInfo StartInfo(IEnumerable<string> arguments)
    {
        var start = new ProcessStartInfo(Program, arguments)
        {
            WorkingDirectory = _folder.Root,
            UseShellExecute = false,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.Environment["POSTREITER_DATA"] = Data;
        return start;
    }

    private async Task ReadLogAsync(StreamReader error)
    {
        while (await error.ReadLineAsync() is { } line)
        {
            _log.Enqueue(line);
            _logged.Release();
        }
    }

    private static void Check((int ExitCode, string Output, string Error) run) =>
        Assert.True(run.ExitCode == 0, run.Error);
}
