using System.Globalization;
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

/// <summary>
/// Random operations on two engines at once: whatever one says and holds, the other says and holds too. Each history has two
/// accounts of its own; histories share the stores and run side by side, so their units of work meet in one batch and their
/// contents are shared.
/// </summary>
public sealed class ModelTests
{
    private static readonly string[] Names = ["INBOX", "Trash", "a", "a/b", "b", "a/b/c"];
    private static readonly DateTimeOffset Start = new(2026, 3, 1, 0, 0, 0, TimeSpan.Zero);
    private static int _lastHistory;

    private static readonly Gen<Step> Steps = Gen.Select(
        Gen.Int[0, 16],
        Gen.Int[0, 1],
        Gen.Int[0, Names.Length - 1],
        Gen.Int[0, Names.Length - 1],
        Gen.UInt[1, 12],
        Gen.Int[0, 31],
        (kind, who, a, b, uid, flags) => new Step(kind, who, Names[a], Names[b], uid, flags)
    );

    private sealed record Step(int Kind, int Who, string A, string B, uint Uid, int Flags);

    [Fact]
    public async Task P7_two_engines_agree_on_every_history_beside_others()
    {
        // New stores now and then: the one in memory looks through its accounts one by one.
        for (var round = 0; round < 80; round++)
        {
            await using var pair = await Pair.OpenAsync();
            await Steps
                .Array[1, 30]
                .SampleAsync(steps => pair.CompareAsync(steps, moves: false), iter: 25, threads: 16);
            await pair.CheckAsync();
        }
    }

    // Time is one for all: alone, a history can let it pass.
    [Fact]
    public async Task P7_two_engines_agree_while_time_passes()
    {
        await using var pair = await Pair.OpenAsync();
        await Steps.Array[1, 60].SampleAsync(steps => pair.CompareAsync(steps, moves: true), iter: 100, threads: 1);
        await pair.CheckAsync();
    }

    private sealed class Pair(FakeTimeProvider time, string folder, MemoryStore memory, SqliteStore sqlite)
        : IAsyncDisposable
    {
        public static async Task<Pair> OpenAsync()
        {
            var time = new FakeTimeProvider(Start);
            // In memory where there is such a place: what is synced here is not what is tested here.
            var place = Directory.Exists("/dev/shm") ? "/dev/shm" : Path.GetTempPath();
            var folder = Path.Combine(place, "postreiter-model-" + Guid.NewGuid().ToString("N"));
            var blobs = new SegmentStore(new FaultyBlobFiles(), time, new SegmentOptions { SegmentBytes = 10_000 });
            var sqlite = await SqliteStore.OpenAsync(folder, blobs, time, NullLogger.Instance, default);
            return new Pair(time, folder, new MemoryStore(time), sqlite);
        }

        public async Task CheckAsync()
        {
            Assert.Empty((await sqlite.CheckAsync(null, default)).Problems);
            await sqlite.CompactAsync(null, default);
            Assert.Empty((await sqlite.CheckAsync(null, default)).Problems);
        }

        public async ValueTask DisposeAsync()
        {
            await sqlite.DisposeAsync();
            Directory.Delete(folder, recursive: true);
        }

        public async Task CompareAsync(Step[] steps, bool moves)
        {
            var number = Interlocked.Increment(ref _lastHistory);
            var (first, second) = (new Side(memory, number), new Side(sqlite, number));
            await first.AddAccountsAsync();
            await second.AddAccountsAsync();
            var random = new Random(number);
            foreach (var step in steps)
            {
                var id = TraceId.Create(Start, random);
                Assert.Equal(await first.ApplyAsync(step, id), await second.ApplyAsync(step, id));
                if (moves)
                    time.Advance(step.Flags == 31 ? TimeSpan.FromDays(9) : TimeSpan.FromMilliseconds(step.Flags * 50));
            }

            Assert.Equal(await first.DumpAsync(), await second.DumpAsync());
        }
    }

    /// <summary>One history in one engine. UIDVALIDITYs are told by the order in which they were seen first.</summary>
    private sealed class Side(IStore store, int number)
    {
        private readonly List<uint> _validities = [];
        private readonly List<Account> _accounts = [];

        public async Task AddAccountsAsync()
        {
            var secret = new Credentials("h", new ScramKeys([1], 4096, [2], [3]));
            foreach (var name in new[] { "ann", "bob" })
            {
                var address = EmailAddress.Parse($"{name}{number}@our.example");
                var account = new NewAccount(address, secret, 1500, name == "bob" ? 12 : 0);
                _accounts.Add((await store.Directory.AddAccountAsync(account, default))!);
            }
        }

        public async Task<string> ApplyAsync(Step step, TraceId id)
        {
            var (mail, account) = (store.Mail, _accounts[step.Who].Id);
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
                case 6 or 7 when a is not null && b is not null:
                    var result = await mail.TransferAsync(a.Id, uids, b.Id, step.Flags > 15, default);
                    return $"{result.Status} {Validity(result.UidValidity)} {string.Join(';', result.Uids)}";
                case 8:
                    var address = _accounts[step.Who].Address;
                    var messages = step.Flags % 2 == 0 ? step.Uid : (long?)null;
                    return $"{await store.Directory.SetQuotaAsync(address, step.Flags * 100, messages, default)}";
                case 9 or 10:
                    var selection = new KeptSelection(step.Flags % 3 == 0 ? step.A : null, SinceOf(step));
                    return $"{await mail.UndeleteAsync(account, selection, (int)step.Uid, default)}";
                case >= 11 when a is not null:
                    // Every third one goes to both accounts, with what they have in common or not at all.
                    long?[] boxes = [a.Id, a.Id, step.Kind % 3 == 0 ? await OtherInboxAsync(step) : null];
                    return await FileAsync(boxes, step, flags, id);
                default:
                    return "";
            }
        }

        public async Task<string> DumpAsync()
        {
            var text = new StringBuilder();
            foreach (var account in _accounts)
            {
                var now = (await store.Directory.FindAccountAsync(account.Address, default))!;
                text.AppendLine(CultureInfo.InvariantCulture, $"{now.UsedBytes} {now.UsedMessages}");
                foreach (var box in await store.Mail.ListMailboxesAsync(account.Id, default))
                    await AppendAsync(text, box);
                foreach (var kept in await store.Mail.ListKeptAsync(account.Id, new KeptSelection(), 0, 99, default))
                    text.AppendLine($"{kept with { Id = 0 }}");
            }

            return text.ToString();
        }

        private async Task AppendAsync(StringBuilder text, Mailbox box)
        {
            text.AppendLine($"{box with { Id = 0, AccountId = 0, UidValidity = Validity(box.UidValidity) }}");
            foreach (var after in new[] { 0, box.HighestModSeq / 2 })
            {
                var changes = (await store.Mail.ReadChangesAsync(box.Id, after, default))!;
                text.AppendLine($"{string.Join(';', changes.Entries)} | {string.Join(';', changes.Expunged)}");
            }

            await foreach (var row in store.Mail.ReadMessagesAsync(box.Id, [UidRange.All], default))
                text.AppendLine($"{row.Uid} {row.ModSeq} {row.Flags} {row.Size} {row.Blob} {row.Prefix.Length}");
        }

        private async Task<string> FileAsync(long?[] boxes, Step step, MessageFlags flags, TraceId id)
        {
            await using var writer = store.Blobs.Begin();
            await writer.WriteAsync(Encoding.UTF8.GetBytes($"text {step.Uid}"), default);
            var filing = new Filing
            {
                DeliveryId = id,
                Content = await writer.CompleteAsync(default),
                Structure = default,
                Copies =
                [
                    .. boxes
                        .OfType<long>()
                        .Select(
                            (box, i) =>
                                new MailboxCopy
                                {
                                    AccountId = _accounts[i < 2 ? step.Who : 1 - step.Who].Id,
                                    MailboxId = box,
                                    InternalDate = Start,
                                    Flags = flags,
                                    Prefix = new byte[step.Flags],
                                }
                        ),
                ],
            };
            var filed = await store.Mail.FileAsync(filing, default);
            return $"{filed.Status} {string.Join(';', filed.Copies.Select(c => (Validity(c.UidValidity), c.Uid, c.WasThere)))}";
        }

        private async Task<long?> OtherInboxAsync(Step step) =>
            (await store.Mail.FindMailboxAsync(_accounts[1 - step.Who].Id, Mailbox.Inbox, default))!.Id;

        private static DateTimeOffset? SinceOf(Step step) =>
            step.Flags > 25 ? Start + TimeSpan.FromMilliseconds(100 * step.Uid) : null;

        private uint Validity(uint value)
        {
            if (!_validities.Contains(value))
                _validities.Add(value);
            return (uint)_validities.IndexOf(value);
        }
    }
}
