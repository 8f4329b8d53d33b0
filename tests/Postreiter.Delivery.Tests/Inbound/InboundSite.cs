using System.Net;
using System.Text;
using Microsoft.Extensions.Logging.Abstractions;
using Postreiter.Core;
using Postreiter.Delivery.Authentication;
using Postreiter.Delivery.Inbound;
using Postreiter.Delivery.Reports;
using Postreiter.Dns;
using Postreiter.MailAuth.Dmarc;
using Postreiter.Messages;
using Postreiter.Net;
using Postreiter.Net.Sasl;
using Postreiter.Smtp.Server;
using Postreiter.Storage;
using Postreiter.Storage.Accounts;
using Postreiter.Storage.Mail;
using Postreiter.Storage.Queue;
using Postreiter.Testing;

namespace Postreiter.Delivery.Tests.Inbound;

/// <summary>
/// The SMTP server with the policy and the intake of this room, over a store in memory: domains our.example and also.example,
/// accounts ann, bob and cat at our.example. Everybody's password is "secret".
/// </summary>
internal sealed partial class InboundSite : IAuthenticator, IAsyncDisposable
{
    /// <summary>AUTH PLAIN of ann@our.example.</summary>
    public const string AnnsLogin = "AGFubkBvdXIuZXhhbXBsZQBzZWNyZXQ=";

    private static readonly Credentials NoLogin = new("", new ScramKeys([], 4096, [], []));
    private static readonly DomainName Host = DomainName.Parse("mx.our.example");
    private readonly SafeRandom _random = new(1);
    private readonly MemoryStore _memory;
    private readonly IStore _store;
    private readonly RecipientResolver _resolver;
    private readonly SenderRewriting _rewriting;
    private readonly SigningKeys _keys;
    private readonly ReceptionPolicy _policy;
    private readonly MessageIntake _intake;
    private readonly IDnsResolver _dns;
    private readonly SenderChecks? _senders;

    private InboundSite(
        OutboundLimits? outbound,
        string separators,
        int maxHops,
        EmailAddress? postmaster,
        SenderCheckOptions? checks,
        IDnsResolver? dns
    )
    {
        _memory = new MemoryStore(Clock);
        _store = FaultyStore.Around(_memory, method => Fault(method));
        _dns = dns ??= Dns;
        byte secrets = 0;
        _rewriting = new SenderRewriting(_store, Clock, () => [.. Enumerable.Repeat(++secrets, 32)]);
        Tags = new BounceTags(_rewriting.Secrets, Clock);
        _keys = new SigningKeys(_store, NullLogger<SigningKeys>.Instance);
        _resolver = new RecipientResolver(_store, Host, postmaster, Clock, separators, _rewriting, Tags);
        var senders = checks is null
            ? null
            : new SenderChecks(dns, PublicSuffixList.Shipped, Host, Clock, new SafeRandom(3)) { Options = checks };
        _senders = senders;
        var log = NullLogger<ReceptionPolicy>.Instance;
        _policy = new ReceptionPolicy(_store, _resolver, Clock, log, outbound, dns, senders);
        var notices = new NoticeFiler(_store, _resolver, MessageScanner.Create, Host, Clock, new SafeRandom(2), _keys);
        Notices = notices;
        Reports = new DmarcReportIntake(_store, Clock, NullLogger<DmarcReportIntake>.Instance);
        Reporting = new DmarcReporting(
            _store,
            dns,
            PublicSuffixList.Shipped,
            _keys,
            MessageScanner.Create,
            Host,
            Clock,
            new SafeRandom(4),
            NullLogger<DmarcReporting>.Instance
        );
        _intake = new MessageIntake(
            _store,
            _resolver,
            notices,
            MessageScanner.Create,
            Host,
            1024 * 1024,
            Clock,
            NullLogger<MessageIntake>.Instance,
            maxHops,
            senders,
            _rewriting,
            _keys,
            Reports,
            Reporting
        )
        {
            Tags = Tags,
        };
    }

    public TestClock Clock { get; } = new();

    public FakeDns Dns { get; } = new();

    /// <summary>Writes reports.</summary>
    public NoticeFiler Notices { get; }

    /// <summary>Tags the senders of what users send.</summary>
    public BounceTags Tags { get; }

    /// <summary>Sums up reports that come in.</summary>
    public DmarcReportIntake Reports { get; }

    /// <summary>Sends reports.</summary>
    public DmarcReporting Reporting { get; }

    /// <summary>What a method of the store throws.</summary>
    public Func<string, Exception?> Fault { get; set; } = static _ => null;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public static async Task<InboundSite> CreateAsync(
        OutboundLimits? outbound = null,
        string separators = "+",
        int maxHops = 100,
        EmailAddress? postmaster = null,
        SenderCheckOptions? checks = null,
        IDnsResolver? dns = null
    )
    {
        var site = new InboundSite(outbound, separators, maxHops, postmaster, checks, dns);
        var directory = site._memory.Directory;
        await directory.AddDomainAsync(DomainName.Parse("our.example"), Ct);
        await directory.AddDomainAsync(DomainName.Parse("also.example"), Ct);
        foreach (var name in new[] { "ann", "bob", "cat" })
            await directory.AddAccountAsync(new NewAccount(EmailAddress.Parse(name + "@our.example"), NoLogin), Ct);
        return site;
    }

    /// <summary>Adds an alias, or with <c>@domain</c> a catch-all.</summary>
    public async Task<InboundSite> AliasAsync(string key, params string[] targets)
    {
        await _memory.Directory.SetAliasAsync(new Alias(key, [.. targets.Select(EmailAddress.Parse)]), Ct);
        return this;
    }

    public async Task QuotaAsync(string address, long bytes) =>
        await _memory.Directory.SetQuotaAsync(EmailAddress.Parse(address), bytes, null, Ct);

    /// <summary>Plays a conversation with a listener; under TLS when asked.</summary>
    public Task PlayAsync(
        ListenerRole role,
        string script,
        Pacing pacing = Pacing.Lines,
        bool tls = false,
        string remote = "192.0.2.1"
    ) =>
        Dialogue.PlayAsync(
            new SmtpConnectionHandler(
                new SmtpServerOptions { HostName = Host.Ascii, AllowPlaintextAuth = true },
                role,
                _gated ?? _policy,
                _intake,
                new SaslServer(this),
                Clock,
                _random,
                NullLogger<SmtpConnectionHandler>.Instance
            ),
            pacing,
            script,
            Clock,
            MemoryConnection.Create(
                pacing,
                new IPEndPoint(IPAddress.Parse(remote), 40000),
                tls: tls ? MemoryConnection.TestTls : null
            )
        );

    /// <summary>A transaction from greeting to the reply after the dot.</summary>
    /// <param name="recipients">Addresses in brackets, each with its parameters, each accepted.</param>
    /// <param name="text">Message lines.</param>
    /// <param name="reply">To the final dot.</param>
    /// <param name="from">The reverse-path with its parameters.</param>
    /// <param name="hello">How the client greets.</param>
    /// <param name="asAnn">Whether ann logs in first.</param>
    public static string Send(
        string recipients,
        string text = "Subject: x\n\nbody",
        string reply = "250 2.0.0 *",
        string from = "<s@far.example>",
        string hello = "EHLO client.example",
        bool asAnn = false
    ) =>
        $"""
            S: 220 *
            C: {hello}
            {(hello.StartsWith("HELO", StringComparison.Ordinal) ? "S: 250 *" : "S... 250 HELP")}
            {(asAnn ? $"C: AUTH PLAIN {AnnsLogin}\nS: 235 2.7.0 *" : "")}
            C: MAIL FROM:{from}
            S: 250 2.1.0 *
            {string.Join('\n', recipients.Split(' ').Select(r => $"C: RCPT TO:{r.Replace('_', ' ')}\nS: 250 2.1.5 *"))}
            C: DATA
            S: 354 *
            {string.Join('\n', text.Split('\n').Select(l => "C: " + l))}
            C: .
            S: {reply}
            """;

    /// <summary>The store, without faults.</summary>
    public IStore Store => _memory;

    /// <summary>Messages in an account's INBOX, or another mailbox, whole.</summary>
    public async Task<List<string>> InboxAsync(string name, string mailbox = Mailbox.Inbox)
    {
        var account = (await _memory.Directory.FindAccountAsync(EmailAddress.Parse(name + "@our.example"), Ct))!;
        var inbox = (await _memory.Mail.FindMailboxAsync(account.Id, mailbox, Ct))!;
        var texts = new List<string>();
        await foreach (var row in _memory.Mail.ReadMessagesAsync(inbox.Id, [new UidRange(1, uint.MaxValue)], Ct))
        {
            await using var content = await _memory.Mail.OpenAsync(row, Ct);
            var bytes = new byte[content.Length];
            await content.ReadAsync(0, bytes, Ct);
            texts.Add(Encoding.UTF8.GetString(bytes));
        }

        return texts;
    }

    /// <summary>How many messages everybody has, and the queue.</summary>
    public async Task<int> CountAsync()
    {
        var count = (await QueueAsync()).Count;
        foreach (var name in new[] { "ann", "bob", "cat" })
            count += (await InboxAsync(name)).Count;
        return count;
    }

    public async Task<IReadOnlyList<QueueItem>> QueueAsync() => await _memory.Queue.ListAsync(0, 10_000, Ct);

    public async Task<string> QueuedAsync(QueueItem item)
    {
        await using var content = await _memory.Queue.OpenAsync(item, Ct);
        var bytes = new byte[content.Length];
        await content.ReadAsync(0, bytes, Ct);
        return Encoding.UTF8.GetString(bytes);
    }

    public async ValueTask<AuthenticationResult> VerifyPasswordAsync(
        string user,
        string password,
        IPAddress remote,
        CancellationToken ct
    ) =>
        password == "secret"
        && EmailAddress.TryParse(user, out var address)
        && await _memory.Directory.FindAccountAsync(address, ct) is { } account
            ? new(AuthenticationStatus.Succeeded, new AuthenticatedUser(account.Id, account.Address))
            : AuthenticationResult.Failed;

    public ValueTask<ScramSecret?> FindScramAsync(string user, IPAddress remote, CancellationToken ct) =>
        new((ScramSecret?)null);

    public ValueTask<AuthenticationResult> ReportScramAsync(
        string user,
        bool succeeded,
        IPAddress remote,
        CancellationToken ct
    ) => new(AuthenticationResult.Failed);

    public ValueTask DisposeAsync()
    {
        _resolver.Dispose();
        _rewriting.Dispose();
        _keys.Dispose();
        return _memory.DisposeAsync();
    }
}
