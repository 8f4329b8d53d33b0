using System.Globalization;
using System.Text;
using Postreiter.Benchmarks.Load;

namespace Postreiter.Benchmarks.Sites;

/// <summary>
/// Debian's Postfix, delivering by LMTP to Debian's Dovecot, both with their own settings but for folders,
/// ports, the number of connections, and what a virtual domain needs.
/// </summary>
/// <param name="format">Dovecot's store: <see cref="Maildir"/> or <see cref="Mdbox"/>.</param>
internal sealed class PostfixDovecotSite(string format) : IMailSite
{
    /// <summary>A file for each message.</summary>
    public const string Maildir = "maildir:~/Maildir";

    /// <summary>Many messages in a file.</summary>
    public const string Mdbox = "mdbox:~/mdbox";

    private static readonly string[] Queues = ["maildrop", "incoming", "active", "deferred"];

    private readonly string _folder = Directory.CreateTempSubdirectory("postreiter-bench-peer-").FullName;
    private bool _postfix;
    private bool _dovecot;

    public string Name => $"Postfix + Dovecot ({format[..format.IndexOf(':', StringComparison.Ordinal)]})";

    /// <summary>Further lines of main.cf.</summary>
    public string Settings { get; init; } = "";

    public int SmtpPort { get; private set; }

    public int ImapPort { get; private set; }

    public ProcessTree Processes => new(Pid("queue/pid/master.pid"), Pid("run/master.pid"));

    /// <summary>What has to be installed for it, or null when all is there and may be started.</summary>
    public static string? Missing()
    {
        string[] programs =
        [
            "/usr/sbin/postfix",
            "/usr/sbin/dovecot",
            "/usr/lib/dovecot/lmtp",
            "/usr/lib/dovecot/imap",
        ];
        if (!Environment.IsPrivilegedProcess)
            return "Postfix and Dovecot start only as root";
        return programs.FirstOrDefault(static p => !File.Exists(p)) is { } missing ? $"{missing} is not there" : null;
    }

    public async Task StartAsync(CancellationToken ct)
    {
        File.SetUnixFileMode(_folder, (UnixFileMode)0b111_101_101);
        var ports = Tool.FreePorts(3);
        (SmtpPort, ImapPort) = (ports[0], ports[1]);
        foreach (var name in (string[])["postfix", "queue", "data", "run", "state", "mail"])
            Directory.CreateDirectory(Path.Combine(_folder, name));
        await Tool.RunAsync("/usr/bin/chown", "", ct, "postfix", Path.Combine(_folder, "data"));
        await Tool.RunAsync("/usr/bin/chown", "", ct, "mail:mail", Path.Combine(_folder, "mail"));

        await File.WriteAllTextAsync(Path.Combine(_folder, "dovecot.conf"), DovecotSettings(ports[2]), ct);
        await Tool.RunAsync("/usr/sbin/dovecot", "", ct, "-c", Path.Combine(_folder, "dovecot.conf"));
        _dovecot = true;
        await File.WriteAllTextAsync(Path.Combine(_folder, "postfix/main.cf"), MainSettings(ports[2]), ct);
        await File.WriteAllTextAsync(Path.Combine(_folder, "postfix/master.cf"), MasterSettings(), ct);
        await Tool.RunAsync("/usr/sbin/postfix", "", ct, "-c", Path.Combine(_folder, "postfix"), "start");
        _postfix = true;
        foreach (var port in ports)
            await Tool.WaitForAsync(port, ct);
    }

    public bool HasUndelivered() =>
        Queues
            .Select(name => Path.Combine(_folder, "queue", name))
            .Any(static queue =>
                Directory.Exists(queue) && Directory.EnumerateFiles(queue, "*", SearchOption.AllDirectories).Any()
            );

    public async Task RestartAsync(CancellationToken ct)
    {
        await Tool.RunAsync("/usr/bin/doveadm", "", ct, "-c", Path.Combine(_folder, "dovecot.conf"), "stop");
        await Tool.RunAsync("/usr/sbin/dovecot", "", ct, "-c", Path.Combine(_folder, "dovecot.conf"));
        await Tool.WaitForAsync(ImapPort, ct);
    }

    public async Task FillAsync(int messages, int bytes, CancellationToken ct)
    {
        if (format != Maildir)
            throw new InvalidOperationException("only a Maildir is filled by writing files");
        var folder = Path.Combine(_folder, "mail/user0/Maildir");
        foreach (var name in (string[])["cur", "new", "tmp"])
            Directory.CreateDirectory(Path.Combine(folder, name));
        for (var i = 0; i < messages; i++)
        {
            var name = string.Create(CultureInfo.InvariantCulture, $"cur/{1_700_000_000 + i}.M{i}P1.bench:2,");
            var id = i.ToString("D16", CultureInfo.InvariantCulture);
            // Maildir keeps LF line ends, as Dovecot's LMTP writes them.
            var text = Encoding
                .ASCII.GetString(SmtpLoad.Message(id, bytes))
                .Replace("\r\n", "\n", StringComparison.Ordinal);
            await File.WriteAllTextAsync(Path.Combine(folder, name), text, ct);
        }

        await Tool.RunAsync("/usr/bin/chown", "", ct, "-R", "mail:mail", Path.Combine(_folder, "mail"));
    }

    public async ValueTask DisposeAsync()
    {
        if (_postfix)
            await Tool.RunAsync("/usr/sbin/postfix", "", default, "-c", Path.Combine(_folder, "postfix"), "stop");
        if (_dovecot)
            await Tool.RunAsync("/usr/bin/doveadm", "", default, "-c", Path.Combine(_folder, "dovecot.conf"), "stop");
        // rm: processes that are still ending may take files away under a recursive delete.
        await Tool.RunAsync("/usr/bin/rm", "", default, "-rf", _folder);
    }

    private int Pid(string file) =>
        int.Parse(File.ReadAllText(Path.Combine(_folder, file)).Trim(), CultureInfo.InvariantCulture);

    private string DovecotSettings(int lmtp) =>
        $$"""
            base_dir = {{_folder}}/run
            state_dir = {{_folder}}/state
            log_path = {{_folder}}/dovecot.log
            protocols = imap lmtp
            listen = 127.0.0.1
            ssl = no
            disable_plaintext_auth = no
            first_valid_uid = 1
            mail_location = {{format}}
            mail_max_userip_connections = 100000
            postmaster_address = postmaster@our.example
            auth_username_format = %n
            passdb {
              driver = static
              args = password={{IMailSite.Password}}
            }
            userdb {
              driver = static
              args = uid=mail gid=mail home={{_folder}}/mail/%n allow_all_users=yes
            }
            default_client_limit = 20000
            default_process_limit = 1000
            service imap {
              process_limit = 4000
            }
            service imap-login {
              inet_listener imap {
                port = {{ImapPort}}
              }
              inet_listener imaps {
                port = 0
              }
            }
            service lmtp {
              inet_listener lmtp {
                address = 127.0.0.1
                port = {{lmtp}}
              }
            }

            """;

    private string MainSettings(int lmtp) =>
        $"""
            compatibility_level = 3.6
            queue_directory = {_folder}/queue
            data_directory = {_folder}/data
            command_directory = /usr/sbin
            daemon_directory = /usr/lib/postfix/sbin
            mail_owner = postfix
            myhostname = peer.our.example
            mydestination =
            mynetworks = 127.0.0.0/8
            inet_interfaces = loopback-only
            inet_protocols = ipv4
            maillog_file_prefixes = {_folder}
            maillog_file = {_folder}/queue/postfix.log
            virtual_mailbox_domains = our.example
            virtual_mailbox_maps = static:here
            virtual_transport = lmtp:inet:127.0.0.1:{lmtp.ToString(CultureInfo.InvariantCulture)}
            smtpd_client_connection_count_limit = 0
            smtpd_recipient_restrictions = permit_mynetworks, reject
            alias_maps =
            alias_database =
            {Settings}
            """;

    private string MasterSettings() =>
        $"""
            127.0.0.1:{SmtpPort.ToString(CultureInfo.InvariantCulture)} inet n - n - 200 smtpd
            cleanup unix n - n - 0 cleanup
            qmgr unix n - n 300 1 qmgr
            rewrite unix - - n - - trivial-rewrite
            bounce unix - - n - 0 bounce
            defer unix - - n - 0 bounce
            trace unix - - n - 0 bounce
            verify unix - - n - 1 verify
            flush unix n - n 1000? 0 flush
            proxymap unix - - n - - proxymap
            smtp unix - - n - - smtp
            error unix - - n - - error
            retry unix - - n - - error
            discard unix - - n - - discard
            lmtp unix - - n - - lmtp
            anvil unix - - n - 1 anvil
            scache unix - - n - 1 scache
            tlsmgr unix - - n 1000? 1 tlsmgr
            postlog unix-dgram n - n - 1 postlogd
            pickup unix n - n 60 1 pickup

            """;
}
