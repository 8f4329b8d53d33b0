using System.Globalization;

namespace Postreiter.Benchmarks.Spam;

/// <summary>Debian's rspamd, unpacked by ./bench, with its own rules: one worker, no network, no Redis.</summary>
internal sealed class RspamdSite : SpamServer
{
    /// <summary>Modules that ask the network or a database.</summary>
    private const string NetworkModules =
        "antivirus arc asn aws_s3 bimi clickhouse dcc dkim dkim_signing dmarc elastic external_services fuzzy_check greylist "
        + "hfilter history_redis mx_check neural p0f phishing ratelimit rbl replies reputation rspamd_update spamtrap spf surbl "
        + "url_redirector whitelist";

    private static readonly string Root = Path.GetFullPath("artifacts/peers/rspamd");

    private static readonly string Libraries = $"{Root}/usr/lib/x86_64-linux-gnu:{Root}/usr/lib/rspamd";

    public override string Name => "rspamd";

    public override int Mails => int.MaxValue;

    protected override (string Program, string[] Arguments) Command
    {
        get
        {
            var share = $"{Root}/usr/share/rspamd";
            string[] variables =
            [
                $"CONFDIR={Root}/etc/rspamd",
                $"LOCAL_CONFDIR={Folder}",
                $"DBDIR={Folder}",
                $"RUNDIR={Folder}",
                $"LOGDIR={Folder}",
                $"RULESDIR={share}/rules",
                $"SHAREDIR={share}",
                $"LUALIBDIR={share}/lualib",
                $"PLUGINSDIR={share}/plugins",
                $"WWWDIR={share}/www",
                $"PREFIX={Root}/usr",
            ];
            return (
                $"{Root}/usr/bin/rspamd",
                [
                    "--no-fork",
                    "--insecure",
                    "--user=root",
                    "--group=root",
                    $"--config={Folder}/rspamd.conf",
                    .. variables.Select(static v => "--var=" + v),
                ]
            );
        }
    }

    protected override IReadOnlyDictionary<string, string> Environment { get; } =
        new Dictionary<string, string> { ["LD_LIBRARY_PATH"] = Libraries };

    /// <summary>Why it cannot run; null if it can.</summary>
    public static string? Missing() =>
        File.Exists($"{Root}/usr/bin/rspamd") ? null : $"{Root} is not there: ./bench spam unpacks it";

    public override async Task PrepareAsync(CancellationToken ct)
    {
        Directory.CreateDirectory(Path.Combine(Folder, "local.d"));
        foreach (var module in NetworkModules.Split(' '))
            await File.WriteAllTextAsync(Path.Combine(Folder, "local.d", module + ".conf"), "enabled = false;\n", ct);
        var settings = string.Create(
            CultureInfo.InvariantCulture,
            $$"""
            .include "$CONFDIR/common.conf"
            options {
              pidfile = "{{Folder}}/rspamd.pid";
              .include "$CONFDIR/options.inc"
              disable_monitoring = true;
              dns { nameserver = ["127.0.0.1:1"]; timeout = 0.1s; retransmits = 1; }
            }
            lang_detection { languages = "{{Root}}/usr/share/rspamd/languages"; }
            logging { type = "file"; filename = "{{Folder}}/rspamd.log"; level = "error"; }
            worker "normal" { bind_socket = "127.0.0.1:{{Port}}"; mime = true; count = 1; task_timeout = 8s; }

            """
        );
        await File.WriteAllTextAsync(Path.Combine(Folder, "rspamd.conf"), settings, ct);
        // The first start compiles its patterns aside and keeps them in files; every later one finds them there.
        Start();
        for (var (quiet, count) = (0, -1); quiet < 8; quiet++)
        {
            await Task.Delay(TimeSpan.FromSeconds(1), TimeProvider.System, ct);
            var files = Directory.GetFiles(Folder, "*.hs*").Length;
            var isBusy = files == 0 || files != count || Directory.GetFiles(Folder, "*.new").Length > 0;
            (quiet, count) = (isBusy ? -1 : quiet, files);
        }

        await StopAsync();
    }

    public override Task<bool?> CheckAsync(ReadOnlyMemory<byte> mail, CancellationToken ct) =>
        SpamSocket.RspamdAsync(Port, mail, ct);
}
