using System.Net;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Postreiter.Core;
using Postreiter.Messages;
using Postreiter.Net;
using Postreiter.Storage;
using Postreiter.Storage.Accounts;
using Postreiter.Storage.Mail;
using Postreiter.Testing;

namespace Postreiter.Imap.Tests;

/// <summary>A server over a store in memory with the account ann@example.org, password "secret".</summary>
internal sealed class ImapTestServer : IAuthenticator, IMailTeacher
{
    private long _account;

    public TestClock Clock { get; } = new();

    public required IStore Store { get; init; }

    public ImapConnectionHandler Handler { get; private set; } = null!;

    public static async Task<ImapTestServer> StartAsync(
        ImapOptions? options = null,
        ILogger<ImapConnectionHandler>? logger = null,
        IStore? store = null
    )
    {
        var clock = new TestClock();
        var server = new ImapTestServer { Store = store ?? new MemoryStore(clock) };
        var address = EmailAddress.Parse("ann@example.org");
        await server.Store.Directory.AddDomainAsync(address.Domain, CancellationToken.None);
        var keys = new Credentials("", new ScramKeys([], 4096, [], []));
        var account = await server.Store.Directory.AddAccountAsync(new(address, keys), CancellationToken.None);
        server._account = account!.Id;
        server.Handler = new ImapConnectionHandler(
            options ?? new ImapOptions { AllowPlaintext = true },
            server,
            FaultyStore.Around(server.Store, method => server.Fault(method)),
            MessageScanner.Create,
            server.Clock,
            new SafeRandom(1),
            logger ?? NullLogger<ImapConnectionHandler>.Instance,
            server
        );
        return server;
    }

    /// <summary>Asked before each call into the store with the method's name; what it gives is thrown.</summary>
    public Func<string, Exception?> Fault { get; set; } = static _ => null;

    /// <summary>What the user said of mail: mailbox, UIDs, spam or ham.</summary>
    public List<string> Judgements { get; } = [];

    public void Judge(long accountId, long mailboxId, IReadOnlyList<UidRange> uids, bool isSpam)
    {
        Assert.Equal(_account, accountId);
        // Stores in memory answer at once.
        var mailbox = Store
            .Mail.ListMailboxesAsync(accountId, CancellationToken.None)
            .AsTask()
            .GetAwaiter()
            .GetResult()
            .Single(m => m.Id == mailboxId);
        Judgements.Add(
            $"{mailbox.Name} {string.Join(',', uids.Select(static u => $"{u.First}"))} {(isSpam ? "spam" : "ham")}"
        );
    }

    /// <summary>What the user put where: from, to, UIDs.</summary>
    public List<string> Moves { get; } = [];

    public void Put(EmailAddress account, string? from, Mailbox to, IReadOnlyList<UidRange> uids) =>
        Moves.Add(
            $"{account} {from ?? "new"} {to.Name} {string.Join(',', uids.Select(static u => $"{u.First}:{u.Last}"))}"
        );

    /// <summary>Makes every log-in Unavailable.</summary>
    public bool IsDown { get; set; }

    public Task PlayAsync(Pacing pacing, string script) => Dialogue.PlayAsync(Handler, pacing, script, Clock);

    /// <summary>Plays a script that begins after LOGIN.</summary>
    public Task PlayLoggedInAsync(Pacing pacing, string script) =>
        PlayAsync(pacing, "S: * OK *\nC: 0 LOGIN ann secret\nS: 0 OK *\n" + script);

    public ValueTask<AuthenticationResult> VerifyPasswordAsync(
        string user,
        string password,
        IPAddress remote,
        CancellationToken ct
    ) =>
        new(
            IsDown ? AuthenticationResult.Unavailable
            : (user, password) == ("ann", "secret") ? Succeeded
            : AuthenticationResult.Failed
        );

    public ValueTask<ScramSecret?> FindScramAsync(string user, IPAddress remote, CancellationToken ct) =>
        new(ScramClient.Secret);

    public ValueTask<AuthenticationResult> ReportScramAsync(
        string user,
        bool succeeded,
        IPAddress remote,
        CancellationToken ct
    ) => new(succeeded && user == "ann" ? Succeeded : AuthenticationResult.Failed);

    private AuthenticationResult Succeeded =>
        new(AuthenticationStatus.Succeeded, new(_account, EmailAddress.Parse("ann@example.org")));
}
