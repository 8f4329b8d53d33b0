using System.Text;
using CsCheck;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using Postreiter.Core;
using Postreiter.Storage.Accounts;
using Postreiter.Storage.Blobs.Segments;
using Postreiter.Storage.Mail;
using Postreiter.Storage.Sql.Sqlite;
using Postreiter.Testing;

namespace Postreiter.Storage.Sql.Tests;

/// <summary>Random operations on two engines at once: whatever one says and holds, the other says and holds too.</summary>
public sealed class ModelTests
{
    private static readonly EmailAddress Ann = EmailAddress.Parse("ann@our.example");
    private static readonly string[] Names = ["INBOX", "Trash", "a", "a/b", "b", "a/b/c"];
    private static readonly DateTimeOffset Start = new(2026, 3, 1, 0, 0, 0, TimeSpan.Zero);

    private static readonly Gen<Step> Steps = Gen.Select(
        Gen.Int[0, 9],
        Gen.Int[0, Names.Length - 1],
        Gen.Int[0, Names.Length - 1],
        Gen.UInt[1, 12],
        Gen.Int[0, 31],
        (kind, a, b, uid, flags) => new Step(kind, Names[a], Names[b], uid, flags)
    );

    private sealed record Step(int Kind, string A, string B, uint Uid, int Flags);

    [Fact]
    public async Task P7_two_engines_agree_on_every_history() =>
        await Steps.Array[1, 60].SampleAsync(async steps => await CompareAsync(steps), iter: 40, threads: 1);

    private static async Task CompareAsync(Step[] steps)
    {
        var folder = Directory.CreateTempSubdirectory("postreiter-model-").FullName;
        try
        {
            var time = new FakeTimeProvider(Start);
            var memory = new MemoryStore(time);
            var blobs = new SegmentStore(new FaultyBlobFiles(), time);
            await using var sqlite = await SqliteStore.OpenAsync(folder, blobs, time, NullLogger.Instance, default);
            IStore[] stores = [memory, sqlite];
            var accounts = new List<long>();
            foreach (var store in stores)
            {
                var secret = new Credentials("h", new ScramKeys([1], 4096, [2], [3]));
                var account = await store.Directory.AddAccountAsync(new NewAccount(Ann, secret, 1500), default);
                accounts.Add(account!.Id);
            }

            var random = new Random(1);
            foreach (var step in steps)
            {
                var id = TraceId.Create(Start, random);
                var first = await ApplyAsync(memory, accounts[0], step, id);
                var second = await ApplyAsync(sqlite, accounts[1], step, id);
                Assert.Equal(first, second);
                time.Advance(TimeSpan.FromMilliseconds(step.Flags * 50));
            }

            Assert.Equal(await DumpAsync(memory, accounts[0]), await DumpAsync(sqlite, accounts[1]));
            Assert.Empty((await sqlite.CheckAsync(null, default)).Problems);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static async Task<string> ApplyAsync(IStore store, long account, Step step, TraceId id)
    {
        var mail = store.Mail;
        var a = await mail.FindMailboxAsync(account, step.A, default);
        var b = await mail.FindMailboxAsync(account, step.B, default);
        var flags = new MessageFlags((SystemFlags)step.Flags, step.Flags % 3 == 0 ? ["$k"] : []);
        UidRange[] uids = [new(step.Uid, step.Uid + 2), new(1)];
        switch (step.Kind)
        {
            case 0:
                return $"{await mail.CreateMailboxAsync(account, step.A, SpecialUse.None, default)}";
            case 1:
                return $"{await mail.RenameMailboxAsync(account, step.A, step.B, default)}";
            case 2:
                return $"{await mail.DeleteMailboxAsync(account, step.A, default)}";
            case 3 when a is not null:
                var change = new FlagChange((FlagChangeKind)(step.Flags % 3), flags);
                var since = step.Flags > 20 ? a.HighestModSeq - 1 : (long?)null;
                var changed = await mail.ChangeFlagsAsync(a.Id, uids, change, since, default);
                return $"{string.Join(';', changed.Entries)} | {string.Join(';', changed.Modified)}";
            case 4 when a is not null:
                return string.Join(';', await mail.ExpungeAsync(a.Id, step.Flags > 15 ? null : uids, default));
            case 5 when a is not null:
                return string.Join(';', await mail.RemoveAsync(a.Id, [new UidRange(step.Uid)], default));
            case 6 when a is not null && b is not null:
                var result = await mail.TransferAsync(a.Id, uids, b.Id, step.Flags > 15, default);
                return $"{result.Status} {result.UidValidity} {string.Join(';', result.Uids)}";
            case 7 or 8 or 9 when a is not null:
                await using (var writer = store.Blobs.Begin())
                {
                    await writer.WriteAsync(Encoding.UTF8.GetBytes($"text {step.Uid}"), default);
                    var copy = new MailboxCopy
                    {
                        AccountId = account,
                        MailboxId = a.Id,
                        InternalDate = Start,
                        Flags = flags,
                        Prefix = new byte[step.Flags],
                    };
                    var filing = new Filing
                    {
                        DeliveryId = id,
                        Content = await writer.CompleteAsync(default),
                        Structure = default,
                        Copies = [copy, copy],
                    };
                    var filed = await mail.FileAsync(filing, default);
                    return $"{filed.Status} {string.Join(';', filed.Copies.Select(c => (c.UidValidity, c.Uid, c.WasThere)))}";
                }

            default:
                return "";
        }
    }

    private static async Task<string> DumpAsync(IStore store, long account)
    {
        var text = new StringBuilder();
        text.Append((await store.Directory.FindAccountAsync(Ann, default))!.UsedBytes).AppendLine();
        foreach (var box in await store.Mail.ListMailboxesAsync(account, default))
        {
            text.AppendLine($"{box with { Id = 0, AccountId = 0 }}");
            foreach (var after in new[] { 0, box.HighestModSeq / 2 })
            {
                var changes = (await store.Mail.ReadChangesAsync(box.Id, after, default))!;
                text.AppendLine($"{string.Join(';', changes.Entries)} | {string.Join(';', changes.Expunged)}");
            }

            await foreach (var row in store.Mail.ReadMessagesAsync(box.Id, [UidRange.All], default))
                text.AppendLine($"{row.Uid} {row.ModSeq} {row.Flags} {row.Size} {row.Blob} {row.Prefix.Length}");
        }

        return text.ToString();
    }
}
