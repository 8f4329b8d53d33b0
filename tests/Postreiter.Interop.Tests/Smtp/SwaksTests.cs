namespace Postreiter.Interop.Tests.Smtp;

/// <summary>swaks: every way into the server, and what is refused.</summary>
public sealed class SwaksTests(PostreiterProcess server) : ClientTests(server), IClassFixture<PostreiterProcess>
{
    // swaks says which step failed by its exit code.
    private const int RecipientRefused = 24;
    private const int LogInRefused = 28;

    [Theory]
    [InlineData("smtp", "plain")]
    [InlineData("smtp", "-tls")]
    [InlineData("lmtp", "plain")]
    [InlineData("lmtp", "-tls")]
    public async Task Delivers_to_a_local_account(string listener, string way)
    {
        var to = await Server.AddAccountAsync();
        string[] tls = way == "plain" ? [] : [way];
        var protocol = listener == "lmtp" ? "LMTP" : "ESMTP";
        var (code, output) = await SwaksAsync(
            listener,
            ["--protocol", protocol, "--from", "bob@far.example", "--to", to, .. tls]
        );
        Assert.True(code == 0, output);
        var (_, _, text) = Assert.Single(await ReadAsync(to));
        Assert.StartsWith("Return-Path: <bob@far.example>\r\n", text, StringComparison.Ordinal);
        // RFC 3848: the protocol tells of TLS.
        var with = (listener, way) switch
        {
            ("smtp", "plain") => "with ESMTP ",
            ("smtp", _) => "with ESMTPS ",
            (_, "plain") => "with LMTP ",
            _ => "with LMTPS ",
        };
        Assert.Contains(with, text.ReplaceLineEndings(" "), StringComparison.Ordinal);
        Assert.EndsWith("\r\n\r\nbody of the test\r\n", text.TrimEnd('\r', '\n') + "\r\n", StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("submission", "-tls", "PLAIN")]
    [InlineData("submission", "-tls", "LOGIN")]
    [InlineData("submissions", "-tlsc", "PLAIN")]
    [InlineData("submissions", "-tlsc", "LOGIN")]
    public async Task Submits_after_a_login(string listener, string tls, string mechanism)
    {
        var (from, to) = (await Server.AddAccountAsync(), await Server.AddAccountAsync());
        var (code, output) = await SwaksAsync(
            listener,
            ["--from", from, "--to", to, tls, "--auth", mechanism, "--auth-user", from, .. Password()]
        );
        Assert.True(code == 0, output);
        var (_, _, text) = Assert.Single(await ReadAsync(to));
        Assert.Contains("with ESMTPSA ", text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Two_recipients_get_one_copy_each()
    {
        var (ann, ben) = (await Server.AddAccountAsync(), await Server.AddAccountAsync());
        var (code, output) = await SwaksAsync("smtp", ["--from", "bob@far.example", "--to", $"{ann},{ben}"]);
        Assert.True(code == 0, output);
        Assert.Single(await ReadAsync(ann));
        Assert.Single(await ReadAsync(ben));
    }

    [Theory]
    [InlineData("somebody@far.example", "550 5.7.1")]
    [InlineData("nobody@our.example", "550 5.1.1")]
    [InlineData("somebody%far.example@our.example", "550 5.1.1")]
    public async Task The_mx_listener_refuses_what_is_not_for_us(string to, string reply)
    {
        var (code, output) = await SwaksAsync("smtp", ["--from", "bob@far.example", "--to", to]);
        Assert.Equal(RecipientRefused, code);
        Assert.Contains(reply, output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("submission", "-tls", "PLAIN")]
    [InlineData("submissions", "-tlsc", "LOGIN")]
    public async Task A_wrong_password_is_refused(string listener, string tls, string mechanism)
    {
        var from = await Server.AddAccountAsync();
        var (code, output) = await SwaksAsync(
            listener,
            ["--from", from, "--to", from, tls, "--auth", mechanism, "--auth-user", from, "--auth-password", "wrong"]
        );
        Assert.Equal(LogInRefused, code);
        Assert.Contains("535 5.7.8", output, StringComparison.Ordinal);
        Assert.Empty(await ReadAsync(from));
    }

    [Theory, InlineData("smtp", ""), InlineData("smtp", "-tls"), InlineData("submission", "")]
    public async Task No_login_is_offered_at_the_mx_nor_without_TLS(string listener, string tls)
    {
        var from = await Server.AddAccountAsync();
        string[] way = tls.Length == 0 ? [] : [tls];
        var (code, output) = await SwaksAsync(
            listener,
            ["--from", from, "--to", from, "--auth", "PLAIN", "--auth-user", from, .. Password(), .. way]
        );
        Assert.Equal(LogInRefused, code);
        Assert.DoesNotContain("AUTH PLAIN", output, StringComparison.Ordinal);
        Assert.Empty(await ReadAsync(from));
    }

    [Fact]
    public async Task Submission_without_a_login_is_refused()
    {
        var to = await Server.AddAccountAsync();
        var (code, output) = await SwaksAsync("submission", ["--from", to, "--to", to, "-tls"]);
        Assert.NotEqual(0, code);
        Assert.Contains("530 5.7.0", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_user_sends_only_under_own_addresses()
    {
        var (ann, ben) = (await Server.AddAccountAsync(), await Server.AddAccountAsync());
        var (code, output) = await SwaksAsync(
            "submission",
            ["--from", ben, "--to", ann, "-tls", "--auth", "PLAIN", "--auth-user", ann, .. Password()]
        );
        Assert.NotEqual(0, code);
        Assert.Contains("5.7.1", output, StringComparison.Ordinal);
        Assert.Empty(await ReadAsync(ann));
    }

    private static string[] Password() => ["--auth-password", PostreiterProcess.Password];

    private Task<(int ExitCode, string Output)> SwaksAsync(string listener, string[] arguments) =>
        RunAsync(
            "swaks",
            [
                "--server",
                "127.0.0.1",
                "--port",
                Server.PortText(listener),
                "--timeout",
                "120",
                "--helo",
                "client.far.example",
                "--body",
                "body of the test",
                .. arguments,
            ]
        );
}
