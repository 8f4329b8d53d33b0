using System.Text;
using Microsoft.Extensions.Time.Testing;
using Postreiter.Core;
using Postreiter.Storage;
using Postreiter.Storage.Accounts;
using Postreiter.Storage.Blobs;
using Postreiter.Storage.Mail;
using Xunit;

namespace Postreiter.Testing.StoreContract;

/// <summary>What every engine must do. An engine's test project derives from this and opens its engine, empty.</summary>
public abstract partial class StoreContractTests : IAsyncLifetime
{
    protected static readonly DateTimeOffset Start = new(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);
    private static readonly EmailAddress Ann = EmailAddress.Parse("Ann@our.example");
    private readonly Random _random = new(42);
    private readonly List<BlobWriter> _writers = [];

    protected FakeTimeProvider Time { get; } = new(Start);

    protected IStore Store { get; private set; } = null!;

    protected static CancellationToken Ct => TestContext.Current.CancellationToken;

    /// <summary>Opens an empty store.</summary>
    protected abstract ValueTask<IStore> OpenAsync(TimeProvider time);

    public async ValueTask InitializeAsync() => Store = await OpenAsync(Time);

    public virtual async ValueTask DisposeAsync()
    {
        foreach (var writer in _writers)
            await writer.DisposeAsync();
        await Store.DisposeAsync();
        GC.SuppressFinalize(this);
    }

    private static Credentials Secret(string hash = "$argon2id$x") =>
        new(hash, new ScramKeys([1, 2], 4096, [3, 4], [5, 6]));

    private async Task<(Account Account, Mailbox Inbox)> AddAnnAsync(long quota = 0)
    {
        await Store.Directory.AddDomainAsync(Ann.Domain, Ct);
        var account = await Store.Directory.AddAccountAsync(new NewAccount(Ann, Secret(), quota), Ct);
        Assert.NotNull(account);
        var inbox = await Store.Mail.FindMailboxAsync(account.Id, "inbox", Ct);
        Assert.NotNull(inbox);
        return (account, inbox);
    }

    private TraceId NewId() => TraceId.Create(Time.GetUtcNow(), _random);

    private async Task<PendingBlob> BlobAsync(string text)
    {
        // A writer is kept until its content is filed.
        var writer = Store.Blobs.Begin();
        _writers.Add(writer);
        await writer.WriteAsync(Encoding.UTF8.GetBytes(text), Ct);
        Assert.Equal(Encoding.UTF8.GetByteCount(text), writer.Length);
        return await writer.CompleteAsync(Ct);
    }

    private async Task<Filing> FilingAsync(
        Mailbox box,
        string text = "Subject: a\r\n\r\nb\r\n",
        string prefix = "",
        MessageFlags? flags = null
    ) =>
        new()
        {
            DeliveryId = NewId(),
            Content = await BlobAsync(text),
            Structure = "structure"u8.ToArray(),
            Copies =
            [
                new MailboxCopy
                {
                    AccountId = box.AccountId,
                    MailboxId = box.Id,
                    InternalDate = Start,
                    Prefix = Encoding.UTF8.GetBytes(prefix),
                    Flags = flags ?? MessageFlags.None,
                },
            ],
        };

    private async Task<uint> FileAsync(Mailbox box, string text = "Subject: a\r\n\r\nb\r\n", MessageFlags? flags = null)
    {
        var result = await Store.Mail.FileAsync(await FilingAsync(box, text, flags: flags), Ct);
        Assert.Equal(FilingStatus.Filed, result.Status);
        return Assert.Single(result.Copies).Uid;
    }

    private async Task<List<StoredMessage>> RowsAsync(Mailbox box, params UidRange[] uids)
    {
        var rows = new List<StoredMessage>();
        await foreach (var row in Store.Mail.ReadMessagesAsync(box.Id, uids is [] ? [UidRange.All] : uids, Ct))
            rows.Add(row);
        return rows;
    }

    private async Task<string> TextAsync(MessageContent content)
    {
        await using (content.ConfigureAwait(false))
        {
            var bytes = new byte[content.Length + 10];
            var read = await content.ReadAsync(0, bytes, Ct);
            Assert.Equal(content.Length, read);
            Assert.Equal(0, await content.ReadAsync(content.Length, bytes.AsMemory(read), Ct));
            return Encoding.UTF8.GetString(bytes, 0, read);
        }
    }

    private async Task<MailboxChanges> ChangesAsync(Mailbox box, long after = 0)
    {
        var changes = await Store.Mail.ReadChangesAsync(box.Id, after, Ct);
        Assert.NotNull(changes);
        return changes;
    }
}
