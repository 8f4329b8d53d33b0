using System.Net;
using System.Net.Sockets;
using System.Text;
using Microsoft.Extensions.Logging;
using Postreiter.Hosting;
using Postreiter.Settings;

namespace Postreiter.Tests.Hosting;

/// <summary>Each key whose change "takes effect at SIGHUP" really does: what a peer sees before and after.</summary>
public sealed partial class ReloadTests
{
    private static readonly Dictionary<string, Change> Changes = new(StringComparer.Ordinal)
    {
        ["tls.certificate"] = new("\"other.crt\"", s => CertificateAsync(s), "CN=mx.a.test", "CN=other.a.test")
        {
            // A key belongs to its certificate: they change together.
            Also = "tls.key=\"other.key\"",
            Prepare = s =>
            {
                using var other = new TemporaryFolder();
                RunningServer.WriteCertificate(other, "other.a.test", TimeProvider.System);
                File.Copy(other["tls.crt"], s.Folder["other.crt"]);
                File.Copy(other["tls.key"], s.Folder["other.key"]);
            },
        },
        ["tls.key"] = new("\"other.key\"", s => CertificateAsync(s), "CN=mx.a.test", "CN=other.a.test")
        {
            Also = "tls.certificate=\"other.crt\"",
            Prepare = s => Changes!["tls.certificate"].Prepare!(s),
        },
        ["tls.allow_plaintext_auth"] = new("true", s => HasAsync(s, "submission", "PLAIN"), "no", "yes"),
        ["smtp.max_message_size"] = new("\"1MiB\"", s => HasAsync(s, "smtp", "SIZE 1048576"), "no", "yes"),
        ["smtp.max_recipients"] = new("123", s => HasAsync(s, "smtp", "RCPTMAX=123"), "no", "yes"),
        ["smtp.command_timeout"] = new(
            "\"7s\"",
            s => Option(s, v => RoomOptions.Smtp(v).Timeouts.Command),
            "00:05:00",
            "00:00:07"
        ),
        ["smtp.data_timeout"] = new(
            "\"7s\"",
            s => Option(s, v => RoomOptions.Smtp(v).Timeouts.DataBlock),
            "00:03:00",
            "00:00:07"
        ),
        ["smtp.min_data_rate"] = new("7", s => Option(s, v => RoomOptions.Smtp(v).Timeouts.MinDataRate), "500", "7"),
        ["smtp.session_timeout"] = new(
            "\"7m\"",
            s => Option(s, v => RoomOptions.Smtp(v).Timeouts.WithoutMessage),
            "01:00:00",
            "00:07:00"
        ),
        ["smtp.max_line_length"] = new(
            "1007",
            s => Option(s, v => RoomOptions.Smtp(v).Limits.MaxTextLineBytes),
            "65536",
            "1007"
        ),
        ["smtp.max_errors"] = new("7", s => Option(s, v => RoomOptions.Smtp(v).Limits.MaxErrors), "20", "7"),
        ["smtp.max_unknown_recipients"] = new(
            "7",
            s => Option(s, v => RoomOptions.Smtp(v).Limits.MaxUnknownRecipients),
            "50",
            "7"
        ),
        ["smtp.max_idle_commands"] = new(
            "17",
            s => Option(s, v => RoomOptions.Smtp(v).Limits.MaxIdleCommands),
            "100",
            "17"
        ),
        ["submission.max_messages_per_day"] = new(
            "7",
            s => Option(s, v => RoomOptions.Outbound(v).MaxMessages),
            "1000",
            "7"
        ),
        ["submission.max_new_recipients_per_day"] = new(
            "7",
            s => Option(s, v => RoomOptions.Outbound(v).MaxNewRecipients),
            "200",
            "7"
        ),
        ["login.max_failures_per_session"] = new(
            "7",
            s => Option(s, v => RoomOptions.Imap(v).MaxFailedLogins),
            "3",
            "7"
        ),
        ["smtp.max_connections"] = new("1", s => SecondAsync(s, "smtp", "127.0.0.1"), "220", "421"),
        ["smtp.max_connections_per_address"] = new("1", s => SecondAsync(s, "smtp", "127.0.0.2"), "220", "421"),
        ["smtp.max_messages_per_session"] = new("7", s => HasAsync(s, "smtp", "MAILMAX=7"), "no", "yes"),
        ["smtp.max_hops"] = new("10", s => DeliverAsync(s, "ann@a.test", hops: 11), "250", "554"),
        ["smtp.subaddress_separators"] = new("\"-\"", s => RcptAsync(s, "ann-lists@a.test"), "550", "250"),
        ["submission.max_connections"] = new("1", s => SecondAsync(s, "submission", "127.0.0.1"), "220", "421"),
        ["submission.max_connections_per_address"] = new(
            "1",
            s => SecondAsync(s, "submission", "127.0.0.2"),
            "220",
            "421"
        ),
        ["imap.max_connections"] = new("1", s => SecondAsync(s, "imap", "127.0.0.1"), "* OK", "* BYE"),
        ["imap.max_connections_per_address"] = new("1", s => SecondAsync(s, "imap", "127.0.0.2"), "* OK", "* BYE"),
        ["pop3.max_connections"] = new("1", s => SecondAsync(s, "pop3", "127.0.0.1"), "+OK", "-ERR"),
        ["pop3.max_connections_per_address"] = new("1", s => SecondAsync(s, "pop3", "127.0.0.2"), "+OK", "-ERR"),
        ["login.lock_after"] = new("3", s => Part(s.Server.Parts.Throttle.Lockout.After), "20", "3"),
        ["login.lock_for"] = new("\"1h\"", s => Part(s.Server.Parts.Throttle.Lockout.For), "00:10:00", "01:00:00"),
        ["login.cache_for"] = new("\"0s\"", s => Part(s.Server.Parts.Verified.Keep), "00:05:00", "00:00:00"),
        ["outbound.smarthost"] = new(
            "{ host = \"relay.a.test\", username = \"u\", password = \"p\" }",
            s => Option(s, v => OutboundMapping.Options(v).Smarthost?.Host),
            "",
            "relay.a.test"
        ),
        ["outbound.routes"] = new(
            "[{ domain = \"b.test\", via = \"127.0.0.1:9\" }]",
            s => Option(s, v => OutboundMapping.Options(v).Routes.Count),
            "0",
            "1"
        ),
        ["outbound.port"] = new("2525", s => Option(s, v => OutboundMapping.Options(v).Port), "25", "2525"),
        ["outbound.retry"] = new(
            "[\"9m\"]",
            s => Option(s, v => RoomOptions.Schedule(v).Steps[0]),
            "00:05:00",
            "00:09:00"
        ),
        ["outbound.give_up"] = new(
            "\"9d\"",
            s => Option(s, v => RoomOptions.Schedule(v).GiveUp),
            "5.00:00:00",
            "9.00:00:00"
        ),
        ["outbound.warn_after"] = new(
            "\"9h\"",
            s => Option(s, v => RoomOptions.Schedule(v).WarnAfter),
            "04:00:00",
            "09:00:00"
        ),
        ["smtp.verdict_budget"] = new(
            "\"7s\"",
            s => Part(s.Server.Parts.Rooms.Checks.Options.Budget),
            "00:00:20",
            "00:00:07"
        ),
        ["senders.check"] = new("false", s => Part(s.Server.Parts.Rooms.Checks.Options.IsOn), "True", "False"),
        ["senders.local_networks"] = new(
            "[]",
            s => Part(s.Server.Parts.Rooms.Checks.Options.LocalNetworks.Count),
            "2",
            "0"
        ),
        ["senders.trusted_forwarders"] = new(
            "[\"lists.test\", \"ip:192.0.2.7\"]",
            s =>
                Part(
                    string.Join(' ', s.Server.Parts.Rooms.Checks.Options.TrustedDomains)
                        + string.Join(' ', s.Server.Parts.Rooms.Checks.Options.TrustedNetworks)
                ),
            "",
            "lists.test192.0.2.7/32"
        ),
        ["spf.on_fail"] = new("\"reject\"", s => Part(s.Server.Parts.Rooms.Checks.Options.OnSpfFail), "Mark", "Reject"),
        ["dmarc.on_reject"] = new(
            "\"mark\"",
            s => Part(s.Server.Parts.Rooms.Checks.Options.OnDmarcReject),
            "Reject",
            "Mark"
        ),
        ["dmarc.report_addresses"] = new(
            "[\"d@a.test\"]",
            s => Part(string.Join(' ', s.Server.Parts.Rooms.Reports.Addresses)),
            "",
            "d@a.test"
        ),
        ["dmarc.send_reports"] = new("true", s => Part(s.Server.Parts.Rooms.Reporting.IsOn), "False", "True"),
        ["dmarc.report_from"] = new(
            "\"d@a.test\"",
            s => Part(s.Server.Parts.Rooms.Reporting.Sender),
            "postmaster@mx.a.test",
            "d@a.test"
        ),
        ["arc.trusted_sealers"] = new(
            "[\"lists.test\"]",
            s => Part(string.Join(' ', s.Server.Parts.Rooms.Checks.Options.TrustedSealers)),
            "",
            "lists.test"
        ),
        ["dkim.sign"] = new("false", s => Part(s.Server.Parts.Rooms.Keys.IsOn), "True", "False"),
        ["dkim.rotate_after"] = new(
            "\"90d\"",
            s => Part(s.Server.Parts.Rooms.Rotation.Options.RotateAfter),
            "00:00:00",
            "90.00:00:00"
        ),
        ["dkim.grace"] = new(
            "\"14d\"",
            s => Part(s.Server.Parts.Rooms.Rotation.Options.Grace),
            "7.00:00:00",
            "14.00:00:00"
        ),
        ["srs.rewrite"] = new("false", s => Part(s.Server.Parts.Rooms.Rewriting.IsOn), "True", "False"),
        ["log.level"] = new(
            "\"error\"",
            s => Part(s.Server.Parts.Logs.CreateLogger("Postreiter.X").IsEnabled(LogLevel.Error)),
            "False",
            "True"
        ),
    };

    public static TheoryData<string> Keys =>
        [.. SettingKeys.All.Where(k => k.Effect == SettingEffect.AtReload).Select(k => k.Name)];

    [Theory, MemberData(nameof(Keys))]
    public async Task What_takes_effect_at_SIGHUP_does(string key)
    {
        var change =
            Changes.GetValueOrDefault(key)
            ?? FilterChanges.GetValueOrDefault(key)
            ?? ContentChanges.GetValueOrDefault(key)
            ?? GateChanges.GetValueOrDefault(key)
            ?? MilterChanges[key];
        await using var server = await RunningServer.StartAsync();
        change.Prepare?.Invoke(server);
        Assert.StartsWith(change.Before, await change.Look(server), StringComparison.Ordinal);
        server.Reload([$"{key}={change.Value}", .. change.Also is { } also ? [also] : Array.Empty<string>()]);
        Assert.StartsWith(change.After, await change.Look(server), StringComparison.Ordinal);
        server.Reload();
        Assert.StartsWith(change.Before, await change.Look(server), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_session_that_is_open_goes_on_as_it_began()
    {
        await using var server = await RunningServer.StartAsync();
        using var client = await server.ConnectAsync("smtp");
        await client.ReplyAsync();
        server.Reload("smtp.max_recipients=123");
        Assert.Contains("RCPTMAX=1000", await client.AskAsync("EHLO c.test"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_queue_goes_on_by_a_route_that_SIGHUP_brought()
    {
        using var sink = new TcpListener(IPAddress.Loopback, 0);
        sink.Start();
        await using var server = await RunningServer.StartAsync(
            "tls.allow_plaintext_auth=true",
            "outbound.routes=[{ domain = \"b.test\", via = \"127.0.0.1:1\" }]",
            "outbound.retry=[\"1s\"]"
        );
        using var client = await server.ConnectAsync("submission");
        await client.ReplyAsync();
        await client.AskAsync("EHLO c.test");
        var login = Convert.ToBase64String(Encoding.UTF8.GetBytes("\0ann@a.test\0secret"));
        Assert.StartsWith("235", await client.AskAsync("AUTH PLAIN " + login), StringComparison.Ordinal);
        Assert.StartsWith("250", await client.AskAsync("MAIL FROM:<ann@a.test>"), StringComparison.Ordinal);
        Assert.StartsWith("250", await client.AskAsync("RCPT TO:<bob@b.test>"), StringComparison.Ordinal);
        Assert.StartsWith("354", await client.AskAsync("DATA"), StringComparison.Ordinal);
        Assert.StartsWith("250", await client.AskAsync("Subject: x\r\n\r\nx\r\n."), StringComparison.Ordinal);
        server.Reload(
            "outbound.retry=[\"1s\"]",
            $"outbound.routes=[{{ domain = \"b.test\", via = \"127.0.0.1:{((IPEndPoint)sink.LocalEndpoint).Port}\" }}]"
        );
        using var peer = await sink.AcceptTcpClientAsync(TestContext.Current.CancellationToken);
        Assert.True(peer.Connected);
    }

    private static async Task<string> CertificateAsync(RunningServer server)
    {
        using var client = await server.ConnectAsync("imaps");
        return await client.CertificateAsync() ?? "none";
    }

    private static async Task<string> HasAsync(RunningServer server, string listener, string text)
    {
        using var client = await server.ConnectAsync(listener);
        await client.ReplyAsync();
        return (await client.AskAsync("EHLO c.test")).Contains(text, StringComparison.Ordinal) ? "yes" : "no";
    }

    private static async Task<string> SecondAsync(RunningServer server, string listener, string from)
    {
        using var first = await GreetedAsync(server, listener, from);
        using var second = await server.ConnectAsync(listener, from);
        return await second.ReadAsync() ?? "";
    }

    // Connections of an earlier look may still be on their way out and have the place.
    private static async Task<WireClient> GreetedAsync(RunningServer server, string listener, string from)
    {
        while (true)
        {
            var client = await server.ConnectAsync(listener, from);
            if (
                await client.ReadAsync() is { } line
                && (line[0] is '2' or '+' || line.StartsWith("* OK", StringComparison.Ordinal))
            )
                return client;
            client.Dispose();
        }
    }

    private static async Task<string> RcptAsync(RunningServer server, string recipient)
    {
        using var client = await server.ConnectAsync("smtp");
        await client.ReplyAsync();
        await client.AskAsync("EHLO c.test");
        await client.AskAsync("MAIL FROM:<x@c.test>");
        return await client.AskAsync($"RCPT TO:<{recipient}>");
    }

    private static async Task<string> DeliverAsync(RunningServer server, string recipient, int hops)
    {
        using var client = await server.ConnectAsync("smtp");
        await client.ReplyAsync();
        await client.AskAsync("EHLO c.test");
        await client.AskAsync("MAIL FROM:<x@c.test>");
        await client.AskAsync($"RCPT TO:<{recipient}>");
        await client.AskAsync("DATA");
        var header = string.Concat(
            Enumerable.Repeat("Received: from a by b; Mon, 1 Jan 2024 00:00:00 +0000\r\n", hops)
        );
        return await client.AskAsync(header + "\r\nx\r\n.");
    }

    private static Task<string> Option<T>(RunningServer server, Func<ServerSettings, T> read) =>
        Part(read(server.Server.Parts.Rooms.Settings));

    private static Task<string> Part<T>(T value) => Task.FromResult($"{value}");

    private sealed record Change(string Value, Func<RunningServer, Task<string>> Look, string Before, string After)
    {
        /// <summary>Another override that has to come with it.</summary>
        public string? Also { get; init; }

        /// <summary>What must be there before.</summary>
        public Action<RunningServer>? Prepare { get; init; }
    }
}
