using System.Diagnostics;
using Postreiter.Interop.Tests.Dkim;
using Postreiter.Interop.Tests.Spam;

namespace Postreiter.Interop.Tests.Milters;

/// <summary>
/// Postreiter with Debian's milters: opendkim verifies what comes from outside and signs what users hand in, spamass-milter has mail scanned, by
/// Postreiter's own spamd.
/// </summary>
public sealed class RealMilters : PostreiterProcess
{
    private readonly TemporaryFolder _folder = new();
    private readonly List<Process> _milters = [];

    internal DkimPlace Place { get; } = new();

    /// <summary>Why it cannot be; null when it can.</summary>
    public static string? Missing =>
        File.Exists("/usr/sbin/opendkim") && File.Exists("/usr/sbin/spamass-milter")
            ? null
            : "opendkim or spamass-milter is not installed: run tests/setup as root";

    protected override IEnumerable<string> Settings =>
        [
            $"milter.smtp=[\"unix:{Socket("verify")}\", \"unix:{Socket("spam")}\"]",
            $"milter.submission=[\"unix:{Socket("sign")}\"]",
            "milter.keep_connections=true",
            $"spam.rules=[\"{Path.Combine(_folder.Root, "rules")}\"]",
            "listen.spamd=[\"127.0.0.1:0\"]",
        ];

    public override async ValueTask InitializeAsync()
    {
        if (Missing is not null)
            return;
        SpamRules.Write(_folder.Root, reportSafe: 0);
        await base.InitializeAsync();
        var keys = Place.File("keys", string.Concat(Place.Records.Select(static r => $"{r.Key} {r.Value}\n")));
        // Else the clients of loopback would be the site's own, whose mail is not verified.
        var nobody = Place.File("nobody", "192.0.2.200\n");
        OpenDkim("verify", $"Mode v\nTestDNSData file:{keys}\nInternalHosts {nobody}\nOn-BadSignature accept\n");
        OpenDkim(
            "sign",
            $"Mode s\nDomain {Domain}\nSelector rsa\nKeyFile {Place.File("key.pem", Place.RsaPem)}\nInternalHosts {nobody}\nRequireSafeKeys no\n"
        );
        Start(
            "/usr/sbin/spamass-milter",
            "-p",
            Socket("spam"),
            "--",
            "-F",
            "/dev/null",
            "-d",
            "127.0.0.1",
            "-p",
            PortText("spamd")
        );
        foreach (var name in new[] { "verify", "sign", "spam" })
            await Waiting.UntilAsync(() => Task.FromResult(File.Exists(Socket(name))), CancellationToken.None);
    }

    /// <summary>Ends the milter that scans.</summary>
    public void KillScanner() => _milters[^1].Kill();

    public override async ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        try
        {
            await base.DisposeAsync();
        }
        finally
        {
            foreach (var milter in _milters)
            {
                if (!milter.HasExited)
                {
                    milter.Kill();
                    await milter.WaitForExitAsync();
                }

                milter.Dispose();
            }

            Place.Dispose();
            _folder.Dispose();
        }
    }

    private string Socket(string name) => Path.Combine(_folder.Root, name + ".sock");

    private void OpenDkim(string name, string settings)
    {
        var configuration = Place.File(
            name + ".conf",
            $"Syslog no\nAuthservID {name}.example\nSocket local:{Socket(name)}\nUMask 000\nAlwaysAddARHeader yes\n{settings}"
        );
        Start("/usr/sbin/opendkim", "-f", "-x", configuration);
    }

    private void Start(string program, params string[] arguments) =>
        _milters.Add(Process.Start(new ProcessStartInfo(program, arguments) { UseShellExecute = false })!);
}
