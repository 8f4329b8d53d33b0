using System.Net;
using Microsoft.Extensions.Logging.Abstractions;
using Postreiter.Core;
using Postreiter.Hosting;
using Postreiter.Net;
using Postreiter.Settings;
using Postreiter.Storage.Accounts;
using Postreiter.Testing;

namespace Postreiter.Tests.Hosting;

/// <summary>What the settings say of reception holds in the rooms that the program wires.</summary>
public sealed class ReceptionSettingsTests : IAuthenticator, IDisposable
{
    private static readonly Credentials NoLogin = new("", new ScramKeys([], 4096, [], []));
    private readonly TemporaryFolder _folder = new();
    private readonly TestClock _clock = new();
    private readonly MemoryStore _store;

    public ReceptionSettingsTests() => _store = new MemoryStore(_clock);

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("smtp.subaddress_separators=\"-\"", "C: RCPT TO:<ann-tag@our.example>\nS: 250 *")]
    [InlineData("smtp.subaddress_separators=\"-\"", "C: RCPT TO:<ann+tag@our.example>\nS: 550 5.1.1 *")]
    [InlineData("smtp.max_errors=2", "C: WIZ\nS: 500 *\nC: WIZ\nT: 1s\nS: 500 *\nS: 421 4.7.0 *")]
    [InlineData(
        "smtp.max_unknown_recipients=2",
        "C: RCPT TO:<x@our.example>\nS: 550 *\nC: RCPT TO:<y@our.example>\nS: 421 4.7.1 *"
    )]
    [InlineData("smtp.command_timeout=\"7s\"", "T: 7s\nS: 421 4.4.2 *")]
    [InlineData("smtp.session_timeout=\"1m\"", "T: 1m\nS: 421 4.4.2 *")]
    [InlineData("smtp.data_timeout=\"9s\"", Data + "T: 9s\nS: 421 4.4.2 *")]
    [InlineData("smtp.max_hops=10", Data + Hops + ".\\r\\n\nS: 554 5.4.6 *")]
    [InlineData("smtp.max_line_length=1000", Data + "R: x: " + Long + "\\r\\n.\\r\\n\nS: 554 5.6.0 *")]
    [InlineData("smtp.max_message_size=\"64KiB\"", "C: RSET\nS: 250 *\nC: MAIL FROM:<> SIZE=65537\nS: 552 5.3.4 *")]
    [InlineData("smtp.max_messages_per_session=1", Data + "C: .\nS: 250 *\nC: MAIL FROM:<>\nS: 421 4.7.0 *")]
    public async Task On_port_25(string setting, string script) =>
        await PlayAsync(
            MailProtocol.Mx,
            setting,
            "S: 220 *\nC: EHLO c\nS... 250 HELP\nC: MAIL FROM:<>\nS: 250 *\n" + script
        );

    [Theory]
    [InlineData("submission.max_messages_per_day=1", "C: RCPT TO:<x@far.example>\nS: 451 4.7.1 *")]
    [InlineData(
        "submission.max_new_recipients_per_day=1",
        "C: RCPT TO:<y@far.example>\nS: 451 4.7.1 *\nC: RCPT TO:<x@far.example>\nS: 250 *"
    )]
    public async Task On_submission(string setting, string script) =>
        await PlayAsync(
            MailProtocol.Submission,
            setting,
            """
            S: 220 *
            C: EHLO c
            S... 250 HELP
            C: AUTH PLAIN AGFubkBvdXIuZXhhbXBsZQBzZWNyZXQ=
            S: 235 *
            C: MAIL FROM:<ann@our.example>
            S: 250 *
            C: RCPT TO:<x@far.example>
            S: 250 *
            C: DATA
            S: 354 *
            C: .
            S: 250 *
            C: MAIL FROM:<ann@our.example>
            S: 250 *

            """ + script
        );

    [Fact]
    public async Task Failed_logins_of_a_session() =>
        await PlayAsync(
            MailProtocol.Submission,
            "login.max_failures_per_session=1",
            "S: 220 *\nC: EHLO c\nS... 250 HELP\nC: AUTH PLAIN AGFubgB4\nS: 535 *\nS: 421 4.7.0 *"
        );

    private const string Data = "C: RCPT TO:<ann@our.example>\nS: 250 *\nC: DATA\nS: 354 *\n";
    private const string Hop = "Received: x\\r\\n";
    private const string Hops = "R: " + Hop + Hop + Hop + Hop + Hop + Hop + Hop + Hop + Hop + Hop + Hop + "\\r\\n";
    private const string Fifty = "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx";
    private const string Long = Fifty + Fifty + Fifty + Fifty + Fifty + Fifty + Fifty + Fifty + Fifty + Fifty + Longer;
    private const string Longer = Fifty + Fifty + Fifty + Fifty + Fifty + Fifty + Fifty + Fifty + Fifty + Fifty;

    public void Dispose() => _folder.Dispose();

    public ValueTask<AuthenticationResult> VerifyPasswordAsync(
        string user,
        string password,
        IPAddress remote,
        CancellationToken ct
    ) =>
        new(
            password == "secret"
                ? new AuthenticationResult(
                    AuthenticationStatus.Succeeded,
                    new AuthenticatedUser(1, EmailAddress.Parse(user))
                )
                : AuthenticationResult.Failed
        );

    public ValueTask<ScramSecret?> FindScramAsync(string user, IPAddress remote, CancellationToken ct) =>
        new((ScramSecret?)null);

    public ValueTask<AuthenticationResult> ReportScramAsync(
        string user,
        bool succeeded,
        IPAddress remote,
        CancellationToken ct
    ) => new(AuthenticationResult.Failed);

    private async Task PlayAsync(MailProtocol protocol, string setting, string script)
    {
        await _store.Directory.AddDomainAsync(DomainName.Parse("our.example"), Ct);
        var ann = await _store.Directory.AddAccountAsync(
            new NewAccount(EmailAddress.Parse("ann@our.example"), NoLogin),
            Ct
        );
        Assert.Equal(1, ann?.Id);
        await File.WriteAllTextAsync(_folder["postreiter.toml"], "hostname = \"mx.our.example\"\n", Ct);
        var settings = TestSettings.Loopback(new DataFolder(_folder.Root), "tls.allow_plaintext_auth=true", setting);
        using var rooms = new MailRooms(
            new ServerEnvironment(_clock, new SafeRandom(1), new KeptStore(), KeptStore.Scanner),
            settings,
            _store,
            this,
            NullLoggerFactory.Instance,
            Postreiter.MailAuth.Dmarc.PublicSuffixList.Shipped
        );
        // From loopback, so that nobody asks the real DNS who it is.
        var connection = MemoryConnection.Create(remote: new IPEndPoint(IPAddress.Loopback, 40000));
        await Dialogue.PlayAsync(rooms.Handler(protocol), Pacing.Lines, script, _clock, connection);
    }
}
