using System.Net;
using System.Text.Json.Nodes;
using MailKit.Net.Smtp;
using MailKit.Security;
using MimeKit;
using Postreiter.Control;
using Postreiter.Interop.Tests.Postfix;
using Postreiter.Interop.Tests.Virus;

namespace Postreiter.Interop.Tests.Milters;

/// <summary>A real Postfix that has Postreiter judge its mail.</summary>
public sealed class ForeignGateTests : ClientTests, IClassFixture<ForeignGate>
{
    private readonly ForeignGate _server;

    public ForeignGateTests(ForeignGate server)
        : base(server)
    {
        Assert.SkipWhen(ForeignGate.Missing is not null, ForeignGate.Missing ?? "");
        _server = server;
    }

    private int Gate => _server.Postfix.GatePort;

    private int Policy => _server.Postfix.PolicyPort;

    [Fact]
    public async Task What_passes_the_milter_has_what_was_found_in_front_and_no_forged_field()
    {
        using var message = Compose("a@zone.example", "passed by milter");
        message.Headers.Insert(0, "Authentication-Results", "mx.our.example; dkim=pass header.d=bank.example");
        message.Headers.Insert(0, "X-Spam-Status", "No, says the sender");
        Assert.Null(await SendAsync(Gate, "127.0.0.5", message));
        var mail = await DeliveredAsync("passed by milter");
        Assert.Contains(
            "\nAuthentication-Results: mx.our.example;\n\tspf=pass smtp.mailfrom=a@zone.example",
            mail,
            StringComparison.Ordinal
        );
        Assert.DoesNotContain("bank.example", mail, StringComparison.Ordinal);
        Assert.DoesNotContain("says the sender", mail, StringComparison.Ordinal);
        Assert.Contains("\nX-Virus-Scanned: yes at mx.our.example\n", mail, StringComparison.Ordinal);
        Assert.Contains("\nX-Spam-Status: No, score=", mail, StringComparison.Ordinal);
        // Ours stands above what the sender wrote.
        Assert.True(
            mail.IndexOf("\nAuthentication-Results:", StringComparison.Ordinal)
                < mail.IndexOf("\nSubject:", StringComparison.Ordinal),
            mail
        );
        var trace = await TraceAsync("a@zone.example", "milter");
        Assert.Equal(
            ("milter", "mail.zone.example", "Mark"),
            ((string?)trace["door"], (string?)trace["name"], (string?)trace["recipients"]![0]!["action"])
        );
        Assert.Contains(
            trace["checks"]!.AsArray(),
            static c => (string?)c!["check"] == "spf" && (string?)c["result"] == "pass"
        );
    }

    [Theory, InlineData(true), InlineData(false)]
    public async Task A_stranger_waits_and_passes_when_it_comes_back(bool byMilter)
    {
        var from = $"wait{(byMilter ? 1 : 2)}@open.zone.example";
        var port = byMilter ? Gate : Policy;
        using var message = Compose(from, $"came back {byMilter}");
        var refusal = await SendAsync(port, "127.0.0.9", message);
        Assert.Equal(451, (int?)refusal?.StatusCode);
        Assert.Contains("is not yet authorized to deliver mail from", refusal!.Message, StringComparison.Ordinal);
        Assert.Contains($"<{from}> to <paula@{PostfixServer.Domain}>", refusal.Message, StringComparison.Ordinal);
        Assert.Contains("Please try again in 3 seconds.", refusal.Message, StringComparison.Ordinal);
        await Waiting.UntilAsync(async () => await SendAsync(port, "127.0.0.9", message) is null, Ct);
        var mail = await DeliveredAsync($"came back {byMilter}");
        Assert.Contains("Authentication-Results: mx.our.example;", mail, StringComparison.Ordinal);
        var trace = await TraceAsync(from, byMilter ? "milter" : "policy");
        Assert.Contains(trace["checks"]!.AsArray(), static c => (string?)c!["check"] == "greylist");
    }

    [Theory, InlineData(true), InlineData(false)]
    public async Task Who_is_on_a_list_is_refused(bool byMilter)
    {
        using var message = Compose("a@zone.example", "listed");
        var refusal = await SendAsync(byMilter ? Gate : Policy, "127.0.0.3", message);
        Assert.Equal(550, (int?)refusal?.StatusCode);
        Assert.Contains("Refused: 127.0.0.3 is on bl.example", refusal!.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Infected_mail_is_refused_in_the_session_of_Postfix()
    {
        using var message = Compose("a@zone.example", "infected", ClamdServer.Eicar + "\r\n");
        var refusal = await SendAsync(Gate, "127.0.0.5", message);
        Assert.Equal(554, (int?)refusal?.StatusCode);
        Assert.Contains("Eicar-Test-Signature", refusal!.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_the_author_s_domain_wants_refused_is_refused_and_what_it_wants_set_aside_is_held()
    {
        using var strict = Compose("a@zone.example", "strict");
        strict.From.Clear();
        strict.From.Add(MailboxAddress.Parse("x@strict.zone.example"));
        var refusal = await SendAsync(Gate, "127.0.0.1", strict, "b@open.zone.example");
        // It waits first, as a stranger; then its message is judged.
        if ((int?)refusal?.StatusCode == 451)
            await Waiting.UntilAsync(
                async () =>
                    (int?)(refusal = await SendAsync(Gate, "127.0.0.1", strict, "b@open.zone.example"))?.StatusCode
                    != 451,
                Ct
            );
        Assert.Equal(550, (int?)refusal?.StatusCode);
        Assert.Contains("(DMARC)", refusal!.Message, StringComparison.Ordinal);

        using var mild = Compose("a@zone.example", "mild");
        mild.From.Clear();
        mild.From.Add(MailboxAddress.Parse("x@mild.zone.example"));
        await Waiting.UntilAsync(
            async () => await SendAsync(Gate, "127.0.0.5", mild, "c@open.zone.example") is null,
            Ct
        );
        await Waiting.UntilAsync(
            () =>
                Task.FromResult(
                    _server.Postfix.Log().Contains("milter triggers HOLD action", StringComparison.Ordinal)
                        || _server.Postfix.Log().Contains("milter-hold", StringComparison.Ordinal)
                ),
            Ct
        );
    }

    [Fact]
    public async Task Spam_is_marked_or_refused_by_its_points()
    {
        using var message = Compose(
            "a@zone.example",
            "buy now",
            "buy now cheap pills http://pills.example/ buy now\r\n"
        );
        Assert.Null(await SendAsync(Gate, "127.0.0.5", message));
        // More than five points: held, with its marks.
        await Waiting.UntilAsync(
            () => Task.FromResult(_server.Postfix.Log().Contains("milter-hold", StringComparison.Ordinal)),
            Ct
        );
        var trace = await TraceAsync(
            "a@zone.example",
            "milter",
            static t => t.ToJsonString().Contains("CHEAP_PILLS", StringComparison.Ordinal)
        );
        Assert.Equal("Hold", (string?)trace["recipients"]![0]!["action"]);
    }

    [Fact]
    public async Task Policy_delegation_puts_what_it_found_in_front()
    {
        using var message = Compose("a@zone.example", "passed by policy");
        Assert.Null(await SendAsync(Policy, "127.0.0.5", message));
        var mail = await DeliveredAsync("passed by policy");
        Assert.Contains(
            "Authentication-Results: mx.our.example; spf=pass smtp.mailfrom=a@zone.example",
            mail.Replace("\n ", " ", StringComparison.Ordinal),
            StringComparison.Ordinal
        );
        Assert.Equal("policy", (string?)(await TraceAsync("a@zone.example", "policy"))["door"]);
    }

    [Fact]
    public async Task Exim_asks_by_policy_delegation_from_its_own_rules()
    {
        const string Program = "/usr/local/lib/postreiter-tests/exim/usr/sbin/exim4";
        Assert.SkipUnless(File.Exists(Program), "exim is not unpacked: run tests/setup as root");
        var settings = Path.Combine(Folder, "exim.conf");
        // As docs/migration-from-postfix.md has it.
        await File.WriteAllTextAsync(
            settings,
            $$$$"""
            primary_hostname = mx.peer.example
            exim_path = {{{{Program}}}}
            spool_directory = {{{{Folder}}}}
            log_file_path = {{{{Folder}}}}/%slog
            exim_user = root
            exim_group = root
            tls_advertise_hosts =
            keep_environment =
            acl_smtp_rcpt = gate

            begin acl
            gate:
              warn  set acl_m_gate = ${readsocket{{{{{_server.Postfix.Policy}}}}}{request=smtpd_access_policy\nprotocol_state=RCPT\n\
                      client_address=$sender_host_address\nhelo_name=$sender_helo_name\nsender=$sender_address\n\
                      recipient=$local_part@$domain\n\n}{10s}{ }{action=DUNNO}}
              deny  condition = ${if match{$acl_m_gate}{\N^action=5\N}}
                    message = ${sg{$acl_m_gate}{\N^action=|\s+$\N}{}}
              defer condition = ${if match{$acl_m_gate}{\N^action=4\N}}
                    message = ${sg{$acl_m_gate}{\N^action=|\s+$\N}{}}
              accept

            """,
            Ct
        );
        Assert.Contains("250 Accepted", await AskAsync("127.0.0.5", "exim@zone.example"), StringComparison.Ordinal);
        Assert.Contains(
            "550 5.7.1 Refused: 127.0.0.3 is on bl.example",
            await AskAsync("127.0.0.3", "exim@zone.example"),
            StringComparison.Ordinal
        );
        Assert.Contains(
            "451 4.7.1 127.0.0.9 is not yet authorized to deliver mail from <exim@open.zone.example> to",
            await AskAsync("127.0.0.9", "exim@open.zone.example"),
            StringComparison.Ordinal
        );

        async Task<string> AskAsync(string client, string from)
        {
            var session = $"EHLO mail.zone.example\nMAIL FROM:<{from}>\nRCPT TO:<paula@{PostfixServer.Domain}>\nQUIT\n";
            var (_, output) = await RunWithInputAsync("env", session, Program, "-C", settings, "-bh", client);
            return output;
        }
    }

    [Fact]
    public async Task A_session_with_many_messages_is_judged_message_by_message()
    {
        using var smtp = await ConnectAsync(Gate, "127.0.0.5");
        for (var i = 0; i < 3; i++)
        {
            using var message = Compose("a@zone.example", $"one of many {i}", i == 1 ? ClamdServer.Eicar : "fine\r\n");
            if (i == 1)
                await Assert.ThrowsAsync<SmtpCommandException>(() => smtp.SendAsync(message, Ct));
            else
                await smtp.SendAsync(message, Ct);
        }

        await DeliveredAsync("one of many 0");
        await DeliveredAsync("one of many 2");
    }

    private static MimeMessage Compose(string from, string subject, string text = "Hello\r\n")
    {
        var message = new MimeMessage
        {
            Subject = subject,
            Body = new TextPart("plain") { Text = text },
        };
        message.From.Add(MailboxAddress.Parse(from));
        message.To.Add(MailboxAddress.Parse($"paula@{PostfixServer.Domain}"));
        return message;
    }

    private static async Task<SmtpClient> ConnectAsync(int port, string client)
    {
        var smtp = new SmtpClient
        {
            LocalEndPoint = new IPEndPoint(IPAddress.Parse(client), 0),
            LocalDomain = "mail.zone.example",
            ServerCertificateValidationCallback = (_, _, _, _) => true,
        };
        await smtp.ConnectAsync("127.0.0.1", port, SecureSocketOptions.None, Ct);
        return smtp;
    }

    private static async Task<SmtpCommandException?> SendAsync(
        int port,
        string client,
        MimeMessage message,
        string? from = null
    )
    {
        using var smtp = await ConnectAsync(port, client);
        try
        {
            await smtp.SendAsync(
                message,
                from is null ? message.From.Mailboxes.First() : MailboxAddress.Parse(from),
                message.To.Mailboxes,
                Ct
            );
            return null;
        }
        catch (SmtpCommandException e)
        {
            return e;
        }
    }

    private async Task<string> DeliveredAsync(string subject)
    {
        string? found = null;
        await Waiting.UntilAsync(
            async () =>
            {
                found = (await _server.Postfix.WaitForAsync("paula", 1, Ct)).FirstOrDefault(m =>
                    m.Contains($"\nSubject: {subject}\n", StringComparison.Ordinal)
                );
                return found is not null;
            },
            Ct
        );
        return found!;
    }

    private async Task<JsonObject> TraceAsync(string address, string door, Func<JsonObject, bool>? isIt = null)
    {
        JsonObject? found = null;
        await Waiting.UntilAsync(
            async () =>
            {
                var arguments = new JsonObject { ["of"] = address };
                found = (await Server.Control.CallAsync(ControlVerbs.TraceFind, arguments, Ct)).Rows.LastOrDefault(t =>
                    (string?)t["door"] == door && isIt?.Invoke(t) != false
                );
                return found is not null;
            },
            Ct
        );
        return found!;
    }
}
