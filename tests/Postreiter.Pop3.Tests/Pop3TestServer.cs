using System.Net;
using System.Reflection;
using System.Security.Cryptography;
using System.Text;
using Microsoft.Extensions.Logging.Abstractions;
using Postreiter.Core;
using Postreiter.Net;
using Postreiter.Net.Sasl;
using Postreiter.Storage;
using Postreiter.Storage.Accounts;
using Postreiter.Storage.Mail;
using Postreiter.Testing;

namespace Postreiter.Pop3.Tests;

/// <summary>A handler with one user, ann@our.example, whose password is "open sesame".</summary>
internal sealed class Pop3TestServer
{
    public const string Password = "open sesame";

    public const string LogIn = $"""
        S: +OK *
        C: USER ann@our.example
        S: +OK *
        C: PASS {Password}
        S: +OK *
        """;

    private readonly Mailbox _inbox;
    private int _delivered;

    private Pop3TestServer(IStore store, TestClock clock, Mailbox inbox, long accountId, Pop3Options options)
    {
        (Store, Clock, _inbox) = (store, clock, inbox);
        Authenticator = new OneUser(accountId);
        Handler = new Pop3ConnectionHandler(
            options,
            new SaslServer(Authenticator),
            Authenticator,
            Faults.Around(store, method => method == Fault ? Failure : null),
            clock,
            NullLogger.Instance
        );
    }

    public static CancellationToken Ct => TestContext.Current.CancellationToken;

    public IStore Store { get; }

    public TestClock Clock { get; }

    public OneUser Authenticator { get; }

    public Pop3ConnectionHandler Handler { get; }

    /// <summary>The method of the mail store that fails.</summary>
    public string? Fault { get; set; }

    /// <summary>What it throws.</summary>
    public Exception Failure { get; set; } = new StoreException(StoreFault.Internal, "The test says so");

    public static async Task<Pop3TestServer> StartAsync(bool allowPlaintext = true)
    {
        var clock = new TestClock();
        var store = new MemoryStore(clock);
        var ann = EmailAddress.Parse("ann@our.example");
        await store.Directory.AddDomainAsync(ann.Domain, Ct);
        var credentials = new Credentials("", new ScramKeys([], 4096, [], []));
        var account = await store.Directory.AddAccountAsync(new NewAccount(ann, credentials), Ct);
        Assert.NotNull(account);
        var inbox = await store.Mail.FindMailboxAsync(account.Id, "INBOX", Ct);
        Assert.NotNull(inbox);
        var options = new Pop3Options { Hostname = "mx.our.example", AllowPlaintextAuth = allowPlaintext };
        return new Pop3TestServer(store, clock, inbox, account.Id, options);
    }

    /// <summary>Puts a message into INBOX.</summary>
    public async Task<uint> AddAsync(string message)
    {
        await using var writer = Store.Blobs.Begin();
        await writer.WriteAsync(Encoding.Latin1.GetBytes(message), Ct);
        var filed = await Store.Mail.FileAsync(
            new Filing
            {
                DeliveryId = TraceId.Create(Clock.GetUtcNow(), new Random(_delivered++)),
                Content = await writer.CompleteAsync(Ct),
                Structure = default,
                Copies =
                [
                    new MailboxCopy
                    {
                        AccountId = _inbox.AccountId,
                        MailboxId = _inbox.Id,
                        InternalDate = Clock.GetUtcNow(),
                    },
                ],
            },
            Ct
        );
        return filed.Copies[0].Uid;
    }

    public async Task<uint[]> UidsAsync() =>
        [.. (await Store.Mail.ReadChangesAsync(_inbox.Id, 0, Ct))!.Entries.Select(e => e.Uid)];

    public async Task ExpungeAsync(uint uid) => await Store.Mail.RemoveAsync(_inbox.Id, [new UidRange(uid)], Ct);

    public Task PlayAsync(Pacing pacing, string script, MemoryConnection? connection = null) =>
        Dialogue.PlayAsync(Handler, pacing, script, Clock, connection);
}

/// <summary>Knows one user; counts what it is asked.</summary>
internal sealed class OneUser(long accountId) : IAuthenticator
{
    public static readonly byte[] Salt = "salt and pepper."u8.ToArray();

    private static readonly byte[] Salted = Rfc2898DeriveBytes.Pbkdf2(
        Encoding.UTF8.GetBytes(Pop3TestServer.Password),
        Salt,
        4096,
        HashAlgorithmName.SHA256,
        32
    );

    public bool IsDown { get; set; }

    public ValueTask<AuthenticationResult> VerifyPasswordAsync(
        string user,
        string password,
        IPAddress remote,
        CancellationToken ct
    ) =>
        new(
            IsDown ? AuthenticationResult.Unavailable
            : password == Pop3TestServer.Password ? Result(user)
            : AuthenticationResult.Failed
        );

    public ValueTask<ScramSecret?> FindScramAsync(string user, IPAddress remote, CancellationToken ct)
    {
        var stored = SHA256.HashData(HMACSHA256.HashData(Salted, "Client Key"u8));
        return new(new ScramSecret(Salt, 4096, stored, HMACSHA256.HashData(Salted, "Server Key"u8)));
    }

    public ValueTask<AuthenticationResult> ReportScramAsync(
        string user,
        bool succeeded,
        IPAddress remote,
        CancellationToken ct
    ) => new(succeeded ? Result(user) : AuthenticationResult.Failed);

    private AuthenticationResult Result(string user) =>
        user == "ann@our.example"
            ? new(AuthenticationStatus.Succeeded, new AuthenticatedUser(accountId, EmailAddress.Parse(user)))
            : AuthenticationResult.Failed;
}

/// <summary>A store of which one method of <see cref="IMailStore"/> fails.</summary>
public class Faults : DispatchProxy
{
    private object _inner = null!;
    private Func<string, Exception?> _fault = null!;

    public static IStore Around(IStore store, Func<string, Exception?> fault) => Wrap(store, fault);

    protected override object? Invoke(MethodInfo? targetMethod, object?[]? args)
    {
        Assert.NotNull(targetMethod);
        if (_fault(targetMethod.Name) is { } failure)
            throw failure;
        var result = targetMethod.Invoke(_inner, args);
        return result is IMailStore mail ? Wrap(mail, _fault) : result;
    }

    private static T Wrap<T>(T inner, Func<string, Exception?> fault)
        where T : class
    {
        var proxy = Create<T, Faults>();
        var faults = (Faults)(object)proxy;
        (faults._inner, faults._fault) = (inner, fault);
        return proxy;
    }
}
