using System.Text;
using Microsoft.Extensions.Logging.Abstractions;
using Postreiter.Core;
using Postreiter.Delivery.Lists;
using Postreiter.Messages;
using Postreiter.Storage.Accounts;
using Postreiter.Storage.Lists;
using Postreiter.Storage.Mail;
using Postreiter.Testing;

namespace Postreiter.Delivery.Tests.Lists;

/// <summary>What a user says of senders by moving their mail.</summary>
public sealed class ListTeacherTests : IAsyncDisposable
{
    private static readonly EmailAddress Ann = EmailAddress.Parse("Ann@our.example");
    private readonly TestClock _clock = new();
    private readonly SafeRandom _random = new(1);
    private readonly MemoryStore _store;
    private readonly ListTeacher _teacher;
    private Account _account = null!;

    public ListTeacherTests()
    {
        _store = new MemoryStore(_clock);
        _teacher = new ListTeacher(_store, _clock, NullLogger.Instance);
    }

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public async ValueTask DisposeAsync()
    {
        await _teacher.DisposeAsync();
        await _store.DisposeAsync();
    }

    [Theory]
    [InlineData("From: Bob <Bob@Far.example>", "r@other.example", "bob@far.example")]
    [InlineData("From: bob@far.example", null, "bob@far.example")]
    [InlineData("From: \"A b\"@far.example", null, "\"a b\"@far.example")]
    // Addresses, and patterns that would mean everybody there.
    [InlineData("From: *@far.example", null, "")]
    [InlineData("From: news-??@far.example", "*@far.example", "")]
    // Who writes a friend's name beside his own is known by his envelope alone.
    [InlineData("From: spam@far.example, friend@good.example", "spam@far.example", "spam@far.example")]
    [InlineData("From: spam@far.example, friend@good.example", null, "")]
    [InlineData("Subject: no author", "r@other.example", "r@other.example")]
    [InlineData("Subject: no author", "", "")]
    [InlineData("From: undisclosed: ;", "", "")]
    [InlineData("From: <@@@>", "", "")]
    [InlineData("From: b\u00fcro@far.example", "r@other.example", "b\u00fcro@far.example")]
    // Nobody is to block himself by a mail that was forged in his name.
    [InlineData("From: ann@OUR.example", "r@other.example", "")]
    public async Task The_sender_of_a_mail_is_its_author(string header, string? envelope, string entry)
    {
        await StartAsync("Block senders");
        await PutAsync("INBOX", "Block senders", header, envelope);
        await _teacher.CompleteAsync();
        Assert.Equal(entry.Length == 0 ? [] : [$"Block {entry} Move"], await EntriesAsync());
    }

    [Fact]
    public async Task What_was_moved_is_done_before_a_stop_is_through()
    {
        await StartAsync("Block senders");
        await PutAsync("INBOX", "Block senders", "From: bob@far.example");
        await _teacher.DisposeAsync();
        Assert.Equal(["Block bob@far.example Move"], await EntriesAsync());
    }

    [Theory]
    [InlineData("INBOX", "Block senders", "Block")]
    [InlineData(null, "Block senders", "Block")]
    [InlineData("INBOX", "INBOX/block SENDERS", "Block")]
    [InlineData("Junk", "Allow senders", "Allow")]
    [InlineData("Block senders", "Allow senders", "Allow")]
    [InlineData("INBOX", "Archive/Block senders", null)]
    [InlineData("INBOX", "Block senders/2026", null)]
    [InlineData("INBOX", "Junk", null)]
    [InlineData("Block senders", "Block senders", null)]
    public async Task The_name_of_the_mailbox_says_which_list(string? from, string to, string? kind)
    {
        await StartAsync(to);
        await PutAsync(from, to, "From: bob@far.example");
        await _teacher.CompleteAsync();
        Assert.Equal(kind is null ? [] : [$"{kind} bob@far.example Move"], await EntriesAsync());
    }

    [Theory]
    [InlineData("Friends", "")]
    [InlineData("", "")]
    public async Task The_names_are_settings(string allow, string block)
    {
        await StartAsync("Friends", "Allow senders", "Block senders");
        (_teacher.AllowMailbox, _teacher.BlockMailbox) = (allow, block);
        foreach (var to in new[] { "Friends", "Allow senders", "Block senders" })
            await PutAsync("INBOX", to, "From: bob@far.example");
        await _teacher.CompleteAsync();
        Assert.Equal(allow.Length == 0 ? [] : ["Allow bob@far.example Move"], await EntriesAsync());
    }

    [Theory]
    [InlineData("INBOX", ListOrigin.Move, false)]
    [InlineData("INBOX", ListOrigin.Command, true)]
    [InlineData("Trash", ListOrigin.Move, true)]
    public async Task Out_of_it_takes_back_what_was_moved_and_nothing_else(string to, ListOrigin origin, bool stays)
    {
        await StartAsync("Block senders");
        await _store.Lists.AddAsync(
            Ann.Key,
            [new ListEntry("bob@far.example", ListKind.Block, origin, _clock.GetUtcNow())],
            Ct
        );
        await PutAsync("Block senders", to, "From: bob@far.example");
        await _teacher.CompleteAsync();
        Assert.Equal(stays ? [$"Block bob@far.example {origin}"] : [], await EntriesAsync());
    }

    [Fact]
    public async Task A_mailbox_full_of_senders_leaves_the_last_of_them_within_the_limit()
    {
        await StartAsync("Block senders");
        await _store.Lists.AddAsync(
            Ann.Key,
            [new ListEntry("kept.example", ListKind.Allow, ListOrigin.Command, _clock.GetUtcNow())],
            Ct
        );
        const int many = IListStore.MostOfAccount + 250;
        for (var i = 0; i < many; i++)
            await FileAsync("Block senders", $"From: u{i:0000}@far.example");
        var box = (await _store.Mail.FindMailboxAsync(_account.Id, "Block senders", Ct))!;
        _teacher.Put(_account.Address, "INBOX", box, [UidRange.All]);
        // A mailbox that is gone and a message that cannot be read teach nothing, and stop nothing.
        _teacher.Put(_account.Address, "INBOX", box with { Id = 4711 }, [UidRange.All]);
        await PutAsync("INBOX", "Block senders", "From: last@far.example");
        await _teacher.CompleteAsync();
        var entries = await EntriesAsync();
        Assert.Equal(IListStore.MostOfAccount, entries.Count);
        Assert.Contains("Allow kept.example Command", entries);
        Assert.Contains("Block last@far.example Move", entries);
        Assert.Contains($"Block u{many - 1}@far.example Move", entries);
        Assert.DoesNotContain("Block u0000@far.example Move", entries);
    }

    private async Task StartAsync(params string[] mailboxes)
    {
        await _store.Directory.AddDomainAsync(Ann.Domain, Ct);
        var secret = new Credentials("", new ScramKeys([], 4096, [], []));
        _account = (await _store.Directory.AddAccountAsync(new NewAccount(Ann, secret), Ct))!;
        foreach (var name in mailboxes)
            await _store.Mail.CreateMailboxAsync(_account.Id, name, SpecialUse.None, Ct);
    }

    private async Task PutAsync(string? from, string to, string header, string? envelope = null)
    {
        var uid = await FileAsync(to, header, envelope);
        var box = (await _store.Mail.FindMailboxAsync(_account.Id, to, Ct))!;
        _teacher.Put(_account.Address, from, box, [new UidRange(uid)]);
    }

    private async Task<uint> FileAsync(string mailbox, string header, string? envelope = null)
    {
        _clock.Advance(TimeSpan.FromSeconds(1));
        var box = (await _store.Mail.FindMailboxAsync(_account.Id, mailbox, Ct))!;
        await using var writer = _store.Blobs.Begin();
        var scanner = MessageScanner.Create();
        var text = Encoding.UTF8.GetBytes(header + "\r\n\r\nbody\r\n");
        await writer.WriteAsync(text, Ct);
        scanner.Append(text);
        var filing = new Filing
        {
            DeliveryId = TraceId.Create(_clock.GetUtcNow(), _random),
            Content = await writer.CompleteAsync(Ct),
            Structure = scanner.Complete().Structure,
            Copies =
            [
                new MailboxCopy
                {
                    AccountId = _account.Id,
                    MailboxId = box.Id,
                    InternalDate = _clock.GetUtcNow(),
                    Prefix = envelope is null
                        ? default
                        : Encoding.UTF8.GetBytes($"Return-Path: <{envelope}>\r\nDelivered-To: x\r\n"),
                },
            ],
        };
        return (await _store.Mail.FileAsync(filing, Ct)).Copies[0].Uid;
    }

    private async Task<List<string>> EntriesAsync() =>
        [.. (await _store.Lists.ReadAsync(Ann.Key, Ct)).Entries.Select(static e => $"{e.Kind} {e.Text} {e.Origin}")];
}
