namespace Postreiter.Interop.Tests.Smtp;

/// <summary>msmtp: mail from the command line, in plain, by STARTTLS and on port 465, with every log-in it knows.</summary>
public sealed class MsmtpTests(PostreiterProcess server) : ClientTests(server), IClassFixture<PostreiterProcess>
{
    // sysexits.h, which msmtp ends with.
    private const int DataError = 65;
    private const int NoPermission = 77;
    private const string Body = "Grüße\r\n.\r\n..two dots\r\n.\tand a tab \r\nend\r\n";

    [Theory, InlineData("off"), InlineData("on")]
    public async Task Delivers_to_a_local_account(string tls)
    {
        var to = await Server.AddAccountAsync();
        var (code, output) = await MsmtpAsync("smtp", "bob@far.example", tls, "on", "off", to);
        Assert.True(code == 0, output);
        var (_, _, text) = Assert.Single(await ReadAsync(to));
        Assert.StartsWith("Return-Path: <bob@far.example>\r\n", text, StringComparison.Ordinal);
        Assert.Contains(tls == "on" ? "with ESMTPS " : "with ESMTP ", text.ReplaceLineEndings(" "));
        Assert.EndsWith("\r\n\r\n" + Body, text, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("submission", "on", "plain")]
    [InlineData("submission", "on", "login")]
    [InlineData("submission", "on", "scram-sha-256")]
    [InlineData("submissions", "off", "plain")]
    [InlineData("submissions", "off", "login")]
    [InlineData("submissions", "off", "scram-sha-256")]
    [InlineData("submissions", "off", "on")]
    public async Task Submits_after_a_login(string listener, string startTls, string auth)
    {
        var (from, to) = (await Server.AddAccountAsync(), await Server.AddAccountAsync());
        var (code, output) = await MsmtpAsync(listener, from, "on", startTls, auth, to);
        Assert.True(code == 0, output);
        var (_, _, text) = Assert.Single(await ReadAsync(to));
        Assert.Contains("with ESMTPSA ", text, StringComparison.Ordinal);
        Assert.EndsWith("\r\n\r\n" + Body, text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task SCRAM_needs_no_TLS()
    {
        var (from, to) = (await Server.AddAccountAsync(), await Server.AddAccountAsync());
        var (code, output) = await MsmtpAsync("submission", from, "off", "off", "scram-sha-256", to);
        Assert.True(code == 0, output);
        Assert.Contains("with ESMTPA ", Assert.Single(await ReadAsync(to)).Text.ReplaceLineEndings(" "));
    }

    [Theory, InlineData("plain"), InlineData("scram-sha-256")]
    public async Task A_wrong_password_is_refused(string auth)
    {
        var from = await Server.AddAccountAsync();
        var (code, output) = await MsmtpAsync("submissions", from, "on", "off", auth, from, "wrong");
        Assert.Equal(NoPermission, code);
        Assert.Contains("535 5.7.8", output, StringComparison.Ordinal);
        Assert.Empty(await ReadAsync(from));
    }

    [Fact]
    public async Task An_unknown_recipient_among_others_is_named_and_nothing_is_sent()
    {
        var to = await Server.AddAccountAsync();
        var (code, output) = await MsmtpAsync("smtp", "bob@far.example", "on", "on", "off", $"{to} nobody@our.example");
        Assert.Equal(DataError, code);
        Assert.Contains("nobody@our.example", output, StringComparison.Ordinal);
        Assert.Contains("550 5.1.1", output, StringComparison.Ordinal);
        Assert.Empty(await ReadAsync(to));
    }

    private async Task<(int ExitCode, string Output)> MsmtpAsync(
        string listener,
        string from,
        string tls,
        string startTls,
        string auth,
        string to,
        string password = PostreiterProcess.Password
    )
    {
        var settings = await WriteAsync(
            "msmtprc",
            $"""
            account default
            host localhost
            port {Server.PortText(listener)}
            tls {tls}
            tls_starttls {startTls}
            tls_trust_file {Certificate}
            auth {auth}
            user {from}
            password {password}
            from {from}
            domain client.far.example

            """
        );
        var message = $"From: {from}\nTo: {to}\nSubject: msmtp\n\n{Body.ReplaceLineEndings("\n")}";
        return await RunWithInputAsync("msmtp", message, ["-C", settings, "--", .. to.Split(' ')]);
    }
}
