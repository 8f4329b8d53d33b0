using System.Text;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using Postreiter.Core;
using Postreiter.Storage.Accounts;
using Postreiter.Storage.Blobs.Segments;
using Postreiter.Storage.Mail;
using Postreiter.Storage.Queue;
using Postreiter.Storage.Sql.Sqlite;

namespace Postreiter.Storage.Sql.Tests;

/// <summary>Stores on the real disk with small segments, and what tests do with them.</summary>
public sealed class StoreBed : IDisposable
{
    public static readonly EmailAddress Ann = EmailAddress.Parse("ann@our.example");
    private readonly Random _random = new(11);

    public string Root { get; } = Directory.CreateTempSubdirectory("postreiter-bed-").FullName;

    public FakeTimeProvider Time { get; } = new(new DateTimeOffset(2026, 3, 1, 0, 0, 0, TimeSpan.Zero));

    /// <summary>The same clock, whose timers never fire: what runs now and then runs when the test says so.</summary>
    public TimeProvider Still => new StillTime(Time);

    public SegmentOptions Sizes { get; init; } =
        new()
        {
            OwnFileBytes = 20_000,
            SegmentBytes = 10_000,
            MinFreeBytes = 0,
            MinFreeShare = 0,
        };

    public string this[string name] => Path.Combine(Root, name);

    public void Dispose() => Directory.Delete(Root, recursive: true);

    public ValueTask<SqliteStore> OpenAsync(string name = "live", TimeSpan? undelete = null)
    {
        var options = new StoreOptions { Undelete = undelete ?? TimeSpan.Zero };
        return SqliteStore.OpenAsync(this[name], Contents(this[name]), Still, NullLogger.Instance, options, default);
    }

    public SegmentStore Contents(string folder) =>
        new(new DiskBlobFiles(Path.Combine(folder, BackupManifest.BlobFolder)), Time, Sizes);

    public static async Task<Mailbox> AddAnnAsync(SqliteStore store)
    {
        var secret = new Credentials("h", new ScramKeys([1], 4096, [2], [3]));
        var account = await store.Directory.AddAccountAsync(new NewAccount(Ann, secret), default);
        return (await store.Mail.FindMailboxAsync(account!.Id, Mailbox.Inbox, default))!;
    }

    public async Task<uint> FileAsync(SqliteStore store, Mailbox box, string text, bool queue = false)
    {
        await using var writer = store.Blobs.Begin();
        await writer.WriteAsync(Encoding.UTF8.GetBytes(text), default);
        var now = Time.GetUtcNow();
        TraceId id;
        lock (_random)
            id = TraceId.Create(now, _random);
        var item = new NewQueueItem
        {
            Destination = DomainName.Parse("far.example"),
            Envelope = new QueueEnvelope { ReversePath = Ann },
            Recipients = [new QueueRecipient(EmailAddress.Parse("x@far.example"))],
            Created = now,
            NextAttempt = now,
        };
        var filing = new Filing
        {
            DeliveryId = id,
            Content = await writer.CompleteAsync(default),
            Structure = default,
            Copies =
            [
                new MailboxCopy
                {
                    AccountId = box.AccountId,
                    MailboxId = box.Id,
                    InternalDate = now,
                },
            ],
            Queue = queue ? [item] : [],
        };
        var result = await store.Mail.FileAsync(filing, default);
        Assert.Equal(FilingStatus.Filed, result.Status);
        return result.Copies[0].Uid;
    }

    /// <summary>A text of 1,000 bytes and more that no other has.</summary>
    public static string Text(int number, int length = 1000) =>
        $"{number} " + new string((char)('a' + number % 26), length);

    public static async Task<List<string>> TextsAsync(SqliteStore store, Mailbox box)
    {
        var texts = new List<string>();
        await foreach (var row in store.Mail.ReadMessagesAsync(box.Id, [UidRange.All], default))
            texts.Add(await TextAsync(store, row));
        return texts;
    }

    public static async Task<string> TextAsync(SqliteStore store, StoredMessage row)
    {
        await using var content = await store.Mail.OpenAsync(row, default);
        var bytes = new byte[content.Length];
        Assert.Equal(bytes.Length, await content.ReadAsync(0, bytes, default));
        return Encoding.UTF8.GetString(bytes);
    }

    public IReadOnlyList<string> Files(string name = "live") =>
        [.. Directory.EnumerateFiles(Path.Combine(this[name], "blobs")).Select(p => Path.GetFileName(p)).Order()];

    /// <summary>A statement behind the store's back.</summary>
    public void Sql(string sql, string name = "live")
    {
        using var session = new SqlSession(Path.Combine(this[name], SqliteStore.FileName));
        session.Run(sql);
    }

    /// <summary>Changes one stored byte.</summary>
    public void Damage(string file, long at, string name = "live")
    {
        using var stream = new FileStream(Path.Combine(this[name], "blobs", file), FileMode.Open);
        stream.Position = at;
        var was = stream.ReadByte();
        stream.Position = at;
        stream.WriteByte((byte)(was ^ 1));
    }

    private sealed class StillTime(FakeTimeProvider clock) : TimeProvider
    {
        public override DateTimeOffset GetUtcNow() => clock.GetUtcNow();

        public override long GetTimestamp() => clock.GetTimestamp();

        public override long TimestampFrequency => clock.TimestampFrequency;

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) =>
            new NoTimer();

        private sealed class NoTimer : ITimer
        {
            public bool Change(TimeSpan dueTime, TimeSpan period) => true;

            public void Dispose()
            {
                // Nothing runs.
            }

            public ValueTask DisposeAsync() => ValueTask.CompletedTask;
        }
    }
}
