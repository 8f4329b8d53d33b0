using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Microsoft.Extensions.Logging.Abstractions;
using Postreiter.Core;
using Postreiter.Net;
using Postreiter.Net.Sasl;
using Postreiter.Pop3;
using Postreiter.Storage.Accounts;
using Postreiter.Storage.Mail;
using Postreiter.Testing;

namespace Postreiter.Interop.Tests.Pop3;

/// <summary>The POP3 room behind a loopback socket: ann@our.example with two messages, one of them hard to stuff.</summary>
internal sealed class Pop3Loopback : IAsyncDisposable, IAuthenticator
{
    public const string User = "ann@our.example";
    public const string Password = "open sesame";

    public static readonly string[] Messages =
    [
        "From: bob@far.example\r\nTo: ann@our.example\r\nSubject: one\r\nMessage-ID: <1@far.example>\r\n\r\nHello\r\n",
        "From: bob@far.example\r\nTo: ann@our.example\r\nSubject: dots\r\nMessage-ID: <2@far.example>\r\n\r\n.\r\n..\r\n.x\r\nend\r\n",
    ];

    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _stopping = new();
    private readonly MemoryStore _store = new(TimeProvider.System);
    private readonly X509Certificate2 _certificate = SelfSigned();
    private readonly bool _implicitTls;
    private readonly byte[] _salt = RandomNumberGenerator.GetBytes(16);
    private readonly TemporaryFolder _folder = new();
    private Task _accepting = Task.CompletedTask;
    private Mailbox _inbox = null!;

    private Pop3Loopback(bool implicitTls) => _implicitTls = implicitTls;

    public int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

    public string Folder => _folder.Root;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public static async Task<Pop3Loopback> StartAsync(bool implicitTls = false)
    {
        var server = new Pop3Loopback(implicitTls);
        var ann = EmailAddress.Parse(User);
        await server._store.Directory.AddDomainAsync(ann.Domain, Ct);
        var credentials = new Credentials("", new ScramKeys([], 4096, [], []));
        var account = await server._store.Directory.AddAccountAsync(new NewAccount(ann, credentials), Ct);
        server._inbox = (await server._store.Mail.FindMailboxAsync(account!.Id, "INBOX", Ct))!;
        for (var i = 0; i < Messages.Length; i++)
            await server.FileAsync(Messages[i], new Random(i));
        var options = new Pop3Options { Hostname = "mx.our.example", AllowPlaintextAuth = true };
        var logger = NullLogger.Instance;
        var handler = new Pop3ConnectionHandler(
            options,
            new SaslServer(server),
            server,
            server._store,
            TimeProvider.System,
            logger
        );
        server._listener.Start();
        server._accepting = server.AcceptAsync(handler);
        return server;
    }

    public async Task<int> CountAsync() => (await _store.Mail.ReadChangesAsync(_inbox.Id, 0, Ct))!.Entries.Count;

    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        _listener.Dispose();
        await _accepting;
        _certificate.Dispose();
        _stopping.Dispose();
        _folder.Dispose();
    }

    public ValueTask<AuthenticationResult> VerifyPasswordAsync(
        string user,
        string password,
        IPAddress remote,
        CancellationToken ct
    ) => new(user == User && password == Password ? Ann() : AuthenticationResult.Failed);

    public ValueTask<ScramSecret?> FindScramAsync(string user, IPAddress remote, CancellationToken ct)
    {
        var salted = Rfc2898DeriveBytes.Pbkdf2(Password, _salt, 4096, HashAlgorithmName.SHA256, 32);
        var stored = SHA256.HashData(HMACSHA256.HashData(salted, "Client Key"u8));
        return new(new ScramSecret(_salt, 4096, stored, HMACSHA256.HashData(salted, "Server Key"u8)));
    }

    public ValueTask<AuthenticationResult> ReportScramAsync(
        string user,
        bool succeeded,
        IPAddress remote,
        CancellationToken ct
    ) => new(succeeded && user == User ? Ann() : AuthenticationResult.Failed);

    private AuthenticationResult Ann() =>
        new(AuthenticationStatus.Succeeded, new AuthenticatedUser(_inbox.AccountId, EmailAddress.Parse(User)));

    private async Task FileAsync(string message, Random random)
    {
        await using var writer = _store.Blobs.Begin();
        await writer.WriteAsync(Encoding.ASCII.GetBytes(message), Ct);
        var now = TimeProvider.System.GetUtcNow();
        var copy = new MailboxCopy
        {
            AccountId = _inbox.AccountId,
            MailboxId = _inbox.Id,
            InternalDate = now,
        };
        await _store.Mail.FileAsync(
            new Filing
            {
                DeliveryId = TraceId.Create(now, random),
                Content = await writer.CompleteAsync(Ct),
                Structure = default,
                Copies = [copy],
            },
            Ct
        );
    }

    private async Task AcceptAsync(Pop3ConnectionHandler handler)
    {
        var sessions = new List<Task>();
        try
        {
            while (true)
            {
                var client = await _listener.AcceptTcpClientAsync(_stopping.Token);
                sessions.Add(ServeAsync(handler, new LoopbackConnection(client, _certificate)));
            }
        }
        catch (OperationCanceledException)
        {
            await Task.WhenAll(sessions);
        }
    }

    private async Task ServeAsync(Pop3ConnectionHandler handler, LoopbackConnection connection)
    {
        await using (connection)
        {
            if (_implicitTls)
                await connection.StartTlsAsync(_stopping.Token);
            await handler.HandleAsync(connection, _stopping.Token);
        }
    }

    private static X509Certificate2 SelfSigned()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=localhost", key, HashAlgorithmName.SHA256);
        var now = TimeProvider.System.GetUtcNow();
        using var certificate = request.CreateSelfSigned(now.AddDays(-1), now.AddDays(1));
        return X509CertificateLoader.LoadPkcs12(certificate.Export(X509ContentType.Pkcs12), null);
    }
}
