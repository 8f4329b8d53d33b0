using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;

namespace Postreiter.Interop.Tests.Postfix;

/// <summary>
/// Debian's Postfix on free ports of loopback, with its settings, queue and mail in a folder of its own. It is final for
/// <c>peer.example</c>, keeps mail of <see cref="Users"/> in Maildirs, relays for whoever logs in as <see cref="LogIn"/> on
/// <see cref="AuthPort"/>, and sends the rest to a Postreiter.
/// </summary>
/// <remarks>It starts only as root, so tests are skipped without.</remarks>
internal sealed class PostfixServer : IAsyncDisposable
{
    public const string Domain = "peer.example";
    public const string LogIn = "relay";
    public const string LogInPassword = "through here";

    /// <summary>Names with a mailbox, at <see cref="Domain"/> and at <c>beyond.example</c>.</summary>
    public static readonly IReadOnlyList<string> Users = ["paula", "quentin"];

    private static readonly ConcurrentDictionary<int, bool> s_given = new();
    private readonly TemporaryFolder _folder = new();
    private bool _isRunning;

    /// <summary>Takes mail for its own domains.</summary>
    public int Port { get; } = FreePort();

    /// <summary>Takes mail for everywhere after a log-in, which it offers under TLS alone.</summary>
    public int AuthPort { get; } = FreePort();

    /// <summary>Takes mail for its own domains, and has a milter look at it that listens at <see cref="Milter"/>.</summary>
    public int MilterPort { get; } = FreePort();

    /// <summary>The socket of that milter.</summary>
    public string Milter => Path.Combine(_folder.Root, "milter.sock");

    /// <summary>Takes mail for its own domains, and asks the gate at <see cref="Gate"/> by the milter protocol.</summary>
    public int GatePort { get; } = FreePort();

    /// <summary>The socket of that gate.</summary>
    public string Gate => Path.Combine(_folder.Root, "gate.sock");

    /// <summary>Takes mail for its own domains, and asks the gate at <see cref="Policy"/> by policy delegation.</summary>
    public int PolicyPort { get; } = FreePort();

    /// <summary>The socket of that gate.</summary>
    public string Policy => Path.Combine(_folder.Root, "policy.sock");

    /// <summary>Why it cannot be here; null when it can.</summary>
    public static string? Missing =>
        !Environment.IsPrivilegedProcess ? "Postfix starts only as root"
        : !File.Exists("/usr/sbin/postfix") || !File.Exists("/usr/sbin/saslpasswd2")
            ? "postfix or sasl2-bin is not installed: run tests/setup as root"
        : null;

    private string Settings => Path.Combine(_folder.Root, "postfix");

    /// <summary>A free port of loopback, outside the range that the system gives to whoever asks for any.</summary>
    public static int FreePort()
    {
        while (true)
        {
            var port = RandomNumberGenerator.GetInt32(20_001, 32_768);
            try
            {
                using var listener = new TcpListener(IPAddress.Loopback, port);
                listener.Start();
                if (s_given.TryAdd(port, true))
                    return port;
            }
            catch (SocketException)
            {
                // Somebody has it.
            }
        }
    }

    /// <summary>Writes its settings and starts it.</summary>
    /// <param name="certificate">PEM of the certificate it shows, and trusts.</param>
    /// <param name="key">PEM of its key.</param>
    /// <param name="smtp">Postreiter's port for <c>our.example</c>.</param>
    /// <param name="lmtp">Postreiter's port for <c>lmtp.example</c>.</param>
    public async Task StartAsync(string certificate, string key, int smtp, int lmtp)
    {
        File.SetUnixFileMode(_folder.Root, (UnixFileMode)0b111_101_101);
        foreach (var name in (string[])["postfix/sasl", "queue", "data", "mail", "sasl"])
            Directory.CreateDirectory(Path.Combine(_folder.Root, name));
        await RunAsync("chown", "", "postfix", Path.Combine(_folder.Root, "data"));
        await RunAsync("chown", "", "nobody", Path.Combine(_folder.Root, "mail"));
        var users = Path.Combine(_folder.Root, "sasl", "users.db");
        await RunAsync("saslpasswd2", LogInPassword, "-p", "-c", "-f", users, "-u", "peer", LogIn);
        await RunAsync("chown", "", "-R", "postfix", Path.Combine(_folder.Root, "sasl"));
        // Debian's Postfix looks for Cyrus's settings under its own folder first.
        await File.WriteAllTextAsync(
            Path.Combine(Settings, "sasl", "smtpd.conf"),
            $"pwcheck_method: auxprop\nauxprop_plugin: sasldb\nsasldb_path: {users}\nmech_list: PLAIN LOGIN\n"
        );
        await File.WriteAllTextAsync(Path.Combine(Settings, "main.cf"), Main(certificate, key, smtp, lmtp));
        await File.WriteAllTextAsync(Path.Combine(Settings, "master.cf"), Master());
        await StartAsync();
    }

    /// <summary>Starts it again.</summary>
    public async Task StartAsync()
    {
        await RunAsync("postfix", "", "-c", Settings, "start");
        _isRunning = true;
    }

    /// <summary>Stops it.</summary>
    public async Task StopAsync()
    {
        _isRunning = false;
        await RunAsync("postfix", "", "-c", Settings, "stop");
    }

    /// <summary>What it wrote to its log.</summary>
    public string Log() =>
        File.Exists(Path.Combine(_folder.Root, "queue/log"))
            ? File.ReadAllText(Path.Combine(_folder.Root, "queue/log"))
            : "";

    /// <summary>Waits until so many messages are in a mailbox.</summary>
    /// <returns>Their texts, which Postfix keeps with LF line ends.</returns>
    public async Task<IReadOnlyList<string>> WaitForAsync(string user, int count, CancellationToken ct)
    {
        // Maildir: a message is whole once it is in "new".
        var folder = Path.Combine(_folder.Root, "mail", user, "new");
        try
        {
            await Waiting.UntilAsync(
                () => Task.FromResult(Directory.Exists(folder) && Directory.GetFiles(folder).Length >= count),
                ct
            );
        }
        catch (TimeoutException)
        {
            Assert.Fail($"there are no {Text(count)} messages for {user}:\n{Log()}");
        }

        return [.. Directory.EnumerateFiles(folder).Order(StringComparer.Ordinal).Select(File.ReadAllText)];
    }

    public async ValueTask DisposeAsync()
    {
        try
        {
            if (_isRunning)
                await StopAsync();
        }
        finally
        {
            _folder.Dispose();
        }
    }

    private async Task RunAsync(string program, string input, params string[] arguments)
    {
        var (code, output) = await ForeignProgram.RunAsync(program, _folder.Root, input, arguments);
        Assert.True(code == 0, $"{program} {string.Join(' ', arguments)}: {output}\n{Log()}");
    }

    private string Main(string certificate, string key, int smtp, int lmtp) =>
        $$"""
            compatibility_level = 3.6
            queue_directory = {{_folder.Root}}/queue
            data_directory = {{_folder.Root}}/data
            command_directory = /usr/sbin
            daemon_directory = /usr/lib/postfix/sbin
            mail_owner = postfix
            maillog_file_prefixes = {{_folder.Root}}
            maillog_file = {{_folder.Root}}/queue/log
            myhostname = mx.peer.example
            mydestination =
            mynetworks = 127.0.0.0/8
            inet_interfaces = loopback-only
            inet_protocols = ipv4
            alias_maps =
            alias_database =
            local_recipient_maps =
            local_transport = error:there are no local users

            virtual_mailbox_domains = peer.example, beyond.example
            virtual_mailbox_maps = inline:{ {{string.Join(
                ", ",
                Users.SelectMany(u => new[] { $"{u}@peer.example={u}/", $"{u}@beyond.example={u}/" })
            )}} }
            virtual_mailbox_base = {{_folder.Root}}/mail
            virtual_uid_maps = static:65534
            virtual_gid_maps = static:65534
            virtual_alias_maps = inline:{ back@peer.example=nobody@our.example }
            smtpd_relay_restrictions = permit_mynetworks, reject_unauth_destination

            smtpd_tls_security_level = may
            smtpd_tls_cert_file = {{certificate}}
            smtpd_tls_key_file = {{key}}
            smtpd_tls_received_header = yes
            smtp_tls_security_level = secure
            smtp_tls_CAfile = {{certificate}}
            smtp_tls_secure_cert_match = mx.our.example
            lmtp_tls_security_level = secure
            lmtp_tls_CAfile = {{certificate}}
            lmtp_tls_secure_cert_match = mx.our.example

            smtpd_sasl_type = cyrus
            smtpd_sasl_path = smtpd
            smtpd_sasl_local_domain = peer

            transport_maps = inline:{ {our.example = smtp:[127.0.0.1]:{{Text(
                smtp
            )}}}, {lmtp.example = lmtp:inet:127.0.0.1:{{Text(lmtp)}}} }
            minimal_backoff_time = 2s
            maximal_backoff_time = 4s
            queue_run_delay = 2s

            """;

    private string Master() =>
        $"""
            127.0.0.1:{Text(Port)} inet n - n - - smtpd
            127.0.0.1:{Text(AuthPort)} inet n - n - - smtpd
              -o smtpd_sasl_auth_enable=yes
              -o smtpd_tls_auth_only=yes
              -o smtpd_relay_restrictions=permit_sasl_authenticated,reject
              -o smtpd_recipient_restrictions=permit_sasl_authenticated,reject
              -o smtpd_sasl_authenticated_header=yes
            127.0.0.1:{Text(MilterPort)} inet n - n - - smtpd
              -o smtpd_milters=unix:{Milter}
              -o milter_default_action=tempfail
            127.0.0.1:{Text(GatePort)} inet n - n - - smtpd
              -o smtpd_milters=unix:{Gate}
              -o milter_default_action=tempfail
              -o milter_command_timeout=20s
              -o milter_content_timeout=60s
            127.0.0.1:{Text(PolicyPort)} inet n - n - - smtpd
              -o smtpd_recipient_restrictions=check_policy_service,unix:{Policy}
              -o smtpd_data_restrictions=check_policy_service,unix:{Policy}
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
            virtual unix - n n - - virtual
            lmtp unix - - n - - lmtp
            anvil unix - - n - 1 anvil
            scache unix - - n - 1 scache
            tlsmgr unix - - n 1000? 1 tlsmgr
            postlog unix-dgram n - n - 1 postlogd
            pickup unix n - n 60 1 pickup

            """;

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);
}
