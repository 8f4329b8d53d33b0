using System.Globalization;

namespace Postreiter.Interop.Tests.Gate;

/// <summary>Debian's Exim as a sender: it hands one message to a server on loopback, and asks for a reply for each recipient (PRDR).</summary>
/// <remarks>It runs only as root, so tests are skipped without.</remarks>
internal sealed class EximSender : IDisposable
{
    private const string Program = "/usr/local/lib/postreiter-tests/exim/usr/sbin/exim4";
    private readonly TemporaryFolder _folder = new();

    /// <summary>Why it cannot be here; null when it can.</summary>
    public static string? Missing =>
        !Environment.IsPrivilegedProcess ? "Exim runs only as root"
        : File.Exists(Program) ? null
        : "Exim is not there: run tests/setup as root";

    /// <summary>Sends a message from 127.0.0.5, and tries once.</summary>
    /// <returns>Its log.</returns>
    public async Task<string> SendAsync(int port, string from, string text, params string[] to)
    {
        var settings = Path.Combine(_folder.Root, "exim.conf");
        // Exim is no more root when it sends; its settings must be root's.
        await ForeignProgram.RunAsync("chown", _folder.Root, "", "-R", "Debian-exim", _folder.Root);
        await File.WriteAllTextAsync(settings, Settings(port));
        var (code, output) = await ForeignProgram.RunAsync(
            "env",
            _folder.Root,
            text,
            [Program, "-C", settings, "-odf", "-oi", "-f", from, .. to]
        );
        Assert.True(code == 0, output);
        return await File.ReadAllTextAsync(Path.Combine(_folder.Root, "mainlog"));
    }

    public void Dispose() => _folder.Dispose();

    private string Settings(int port) =>
        $$"""
            primary_hostname = mail.zone.example
            spool_directory = {{_folder.Root}}/spool
            log_file_path = {{_folder.Root}}/%slog
            log_selector = +smtp_confirmation
            exim_user = Debian-exim
            exim_group = nogroup
            deliver_drop_privilege = true
            exim_path = {{Program}}
            tls_advertise_hosts =
            keep_environment =

            begin routers
            all:
              driver = manualroute
              transport = to
              route_list = * 127.0.0.1
              self = send

            begin transports
            to:
              driver = smtp
              port = {{port.ToString(CultureInfo.InvariantCulture)}}
              interface = 127.0.0.5
              hosts_try_prdr = *
              hosts_avoid_tls = *

            begin retry
            * * F,1h,1m
            """;
}
