using System.Diagnostics;

namespace Postreiter.Interop.Tests.Spam;

/// <summary>
/// Debian's spamd on a unix socket, and Postreiter on another and under TLS, with the same rules; <c>report_safe</c> 1, as SpamAssassin
/// has it.
/// </summary>
public class SpamdPair : PostreiterProcess
{
    private readonly TemporaryFolder _rules = new();
    private Process? _spamd;

    /// <summary>Why spamd cannot be here; null when it can.</summary>
    public static string? Missing =>
        !Environment.IsPrivilegedProcess ? "spamd starts only as root"
        : !File.Exists("/usr/sbin/spamd") || !File.Exists("/usr/bin/spamc")
            ? "spamd or spamc is not installed: run tests/setup as root"
        : null;

    /// <summary>spamd's socket.</summary>
    public string Theirs => Path.Combine(_rules.Root, "spamd.sock");

    /// <summary>Postreiter's.</summary>
    public string Ours => Path.Combine(_rules.Root, "ours.sock");

    protected override IEnumerable<string> Settings =>
        [
            $"spam.rules=[\"{Path.Combine(_rules.Root, "rules")}\"]",
            $"listen.spamd=[\"127.0.0.1:0\", \"unix:{Ours}\"]",
            "listen.spamds=[\"127.0.0.1:0\"]",
        ];

    /// <summary>The <c>report_safe</c> of both.</summary>
    protected virtual int ReportSafe => 1;

    public override async ValueTask InitializeAsync()
    {
        if (Missing is not null)
            return;
        SpamRules.Write(_rules.Root, ReportSafe);
        await base.InitializeAsync();
        var start = new ProcessStartInfo(
            "/usr/sbin/spamd",
            [
                "--nouser-config",
                "--local",
                "--max-children=1",
                $"--socketpath={Theirs}",
                $"--configpath={Path.Combine(_rules.Root, "rules")}",
                $"--siteconfigpath={Path.Combine(_rules.Root, "site")}",
                $"--helper-home-dir={_rules.Root}",
                "--syslog=stderr",
            ]
        )
        {
            RedirectStandardError = true,
            UseShellExecute = false,
            WorkingDirectory = _rules.Root,
        };
        (start.Environment["HOME"], start.Environment["TZ"], start.Environment["LC_ALL"]) = (_rules.Root, "UTC", "C");
        _spamd = Process.Start(start)!;
        // It says when it listens; what it says later has to be read, or it would stand still.
        var said = new List<string>();
        var listens = false;
        while (await _spamd.StandardError.ReadLineAsync() is { } line)
        {
            said.Add(line);
            listens = line.Contains("child states: I", StringComparison.Ordinal);
            if (listens)
                break;
        }

        Assert.True(listens, string.Join('\n', said));
        _ = _spamd.StandardError.ReadToEndAsync();
    }

    public override async ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        try
        {
            await base.DisposeAsync();
        }
        finally
        {
            if (_spamd is { HasExited: false })
            {
                _spamd.Kill(entireProcessTree: true);
                await _spamd.WaitForExitAsync();
            }

            _spamd?.Dispose();
            _rules.Dispose();
        }
    }
}

/// <summary>As <see cref="SpamdPair"/> with <c>report_safe 0</c>: marks stand in the header.</summary>
public sealed class MarkingSpamdPair : SpamdPair
{
    protected override int ReportSafe => 0;
}
