using System.Text.Json.Nodes;
using Postreiter.Control;
using Postreiter.Interop.Tests.Dkim;
using Postreiter.Interop.Tests.Spam;
using Postreiter.MailAuth.Dkim;

namespace Postreiter.Interop.Tests.Milters;

/// <summary>Debian's own milters in Postreiter's sessions.</summary>
public sealed class RealMilterTests : ClientTests, IClassFixture<RealMilters>
{
    private const string Header =
        "From: Bob <bob@a.example>\r\nTo: us\r\nSubject: signed\r\nDate: Mon, 2 Feb 2026 12:00:00 +0000\r\nMessage-ID: <1@a.example>\r\nX-Fold: one\r\n\ttwo\r\n";
    private const string Body = "Hello,\r\n\r\n. a dot, and  spaces \r\nBob\r\n";
    private readonly RealMilters _server;

    public RealMilterTests(RealMilters server)
        : base(server)
    {
        Assert.SkipWhen(RealMilters.Missing is not null, RealMilters.Missing ?? "");
        _server = server;
    }

    [Fact]
    public async Task Opendkim_verifies_what_comes_and_its_field_is_in_the_message()
    {
        var to = await Server.AddAccountAsync();
        // Simple canonicalization: not an octet of header or body may be another when the milter sees it.
        await SendAsync(to, _server.Place.Sign(Header, Body, _server.Place.Rsa) + "\r\n" + Body);
        var (_, _, text) = Assert.Single(await ReadAsync(to));
        Assert.Contains("Authentication-Results: verify.example;\r\n\tdkim=pass", text, StringComparison.Ordinal);
        // swaks ends a message with an empty line of its own.
        Assert.EndsWith("\r\n\r\n" + Body, text.TrimEnd() + "\r\n", StringComparison.Ordinal);
    }

    [Fact]
    public async Task Opendkim_finds_a_signature_that_does_not_hold()
    {
        var to = await Server.AddAccountAsync();
        await SendAsync(to, _server.Place.Sign(Header, Body, _server.Place.Rsa) + "\r\n" + Body + "more\r\n");
        var (_, _, text) = Assert.Single(await ReadAsync(to));
        Assert.Contains("Authentication-Results: verify.example;\r\n\tdkim=fail", text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Opendkim_signs_what_users_hand_in_and_the_signature_holds_over_what_is_stored()
    {
        var (from, to) = (await Server.AddAccountAsync(), await Server.AddAccountAsync());
        var file = await WriteAsync("mail.eml", $"From: {from}\nTo: {to}\nSubject: from us\n\nHello\n.dot\n");
        var (code, output) = await RunAsync(
            "swaks",
            "--server",
            $"127.0.0.1:{Server.PortText("submission")}",
            "--tls",
            "--auth",
            "PLAIN",
            "--auth-user",
            from,
            "--auth-password",
            PostreiterProcess.Password,
            "--from",
            from,
            "--to",
            to,
            "--data",
            "@" + file
        );
        Assert.True(code == 0, output);
        var (_, _, text) = Assert.Single(await ReadAsync(to));
        Assert.Contains(
            $"DKIM-Signature: v=1; a=rsa-sha256; c=simple/simple; d={PostreiterProcess.Domain}; s=rsa;",
            text,
            StringComparison.Ordinal
        );
        var end = text.IndexOf("\r\n\r\n", StringComparison.Ordinal);
        // The key stands in the DNS of another domain; ours has the same.
        _server.Place.Dns.Txt(
            $"rsa._domainkey.{PostreiterProcess.Domain}",
            _server.Place.Records["rsa._domainkey." + DkimPlace.Domain]
        );
        var outcome = Assert.Single(await _server.Place.VerifyAsync(text[..(end + 2)], text[(end + 4)..]));
        Assert.True(outcome.Result == DkimResult.Pass, $"{outcome.Reason}\n{text}");
    }

    [Fact]
    public async Task Spamass_milter_marks_what_it_is_shown()
    {
        var to = await Server.AddAccountAsync();
        await SendAsync(
            to,
            SpamRules
                .Mails["spam"]
                .Replace("\r\n", "\n", StringComparison.Ordinal)
                .Replace("\n", "\r\n", StringComparison.Ordinal)
        );
        var (_, _, text) = Assert.Single(await ReadAsync(to, "Junk"));
        // One by our own rules, in front, and one by the milter.
        Assert.Equal(2, text.Split("X-Spam-Status: Yes, score=9.0 required=5.0").Length - 1);
        var trace = (await Server.Control.CallAsync(ControlVerbs.TraceFind, new JsonObject { ["of"] = to }, Ct)).Rows[
            0
        ];
        Assert.Contains(
            trace["checks"]!.AsArray(),
            static c =>
                ((string)c!["check"]!).Contains("spam.sock", StringComparison.Ordinal)
                && (string?)c["result"] == "changed"
        );
    }

    [Fact]
    public async Task Many_sessions_on_kept_connections_are_told_apart()
    {
        var to = await Server.AddAccountAsync();
        for (var i = 0; i < 5; i++)
            await SendAsync(to, _server.Place.Sign(Header, Body + i, _server.Place.Rsa) + "\r\n" + Body + i);
        var mails = await ReadAsync(to);
        Assert.Equal(5, mails.Count);
        Assert.All(mails, static m => Assert.Single(m.Text.Split("Authentication-Results: verify.example;").Skip(1)));
    }

    private async Task SendAsync(string to, string message)
    {
        var file = Path.Combine(Folder, "mail.eml");
        await File.WriteAllBytesAsync(
            file,
            System.Text.Encoding.Latin1.GetBytes(message.Replace("\r\n", "\n", StringComparison.Ordinal)),
            Ct
        );
        var (code, output) = await RunAsync(
            "swaks",
            "--server",
            $"127.0.0.1:{Server.PortText("smtp")}",
            "--from",
            "bob@a.example",
            "--to",
            to,
            "--data",
            "@" + file
        );
        Assert.True(code == 0, output);
    }
}
