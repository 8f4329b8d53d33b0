using System.Globalization;

namespace Postreiter.Benchmarks.Spam;

/// <summary>Debian's spamd with the same rules, one child, no network, no Bayes.</summary>
internal sealed class SpamdSite(string rules) : SpamServer
{
    /// <summary>The site's own line, for both.</summary>
    public const string Local = "trusted_networks 127.0.0.0/8\nuse_bayes 0\n";

    private const string Program = "/usr/sbin/spamd";

    public override string Name => "spamd";

    public override int Mails => 75;

    protected override (string Program, string[] Arguments) Command =>
        (
            Program,
            [
                "--local",
                "--nouser-config",
                "--listen=127.0.0.1",
                string.Create(CultureInfo.InvariantCulture, $"--port={Port}"),
                "--min-children=1",
                "--max-children=1",
                "--max-conn-per-child=100000",
                "--syslog=null",
                $"--configpath={rules}",
                $"--siteconfigpath={Site}",
                "--username=nobody",
            ]
        );

    private string Site => Path.Combine(Folder, "site");

    /// <summary>Why it cannot run; null if it can.</summary>
    public static string? Missing() => File.Exists(Program) ? null : $"{Program} is not installed";

    public override async Task PrepareAsync(CancellationToken ct)
    {
        // Its child is another user.
        File.SetUnixFileMode(Folder, (UnixFileMode)0b111_101_101);
        Directory.CreateDirectory(Site);
        foreach (var plugins in Directory.GetFiles("/etc/spamassassin", "*.pre"))
            File.Copy(plugins, Path.Combine(Site, Path.GetFileName(plugins)));
        await File.WriteAllTextAsync(Path.Combine(Site, "local.cf"), Local, ct);
    }

    public override Task<bool?> CheckAsync(ReadOnlyMemory<byte> mail, CancellationToken ct) =>
        SpamSocket.SpamcAsync(Port, mail, ct);
}
