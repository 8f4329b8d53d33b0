using Postreiter.Storage.Mail;
using Postreiter.Storage.Sql.Sqlite;

namespace Postreiter.Storage.Sql.Tests;

public sealed class CheckTests : IDisposable
{
    private readonly StoreBed _bed = new();

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public void Dispose() => _bed.Dispose();

    /// <summary>What is put right: the damage, and how the store looks the same before and after.</summary>
    [Theory]
    [InlineData("UPDATE mailboxes SET messages = 7 WHERE name = 'INBOX'", "counters")]
    [InlineData("UPDATE mailboxes SET unseen = -1, deleted = 9, size = 0 WHERE name = 'INBOX'", "counters")]
    [InlineData("UPDATE mailboxes SET uid_next = 2 WHERE name = 'INBOX'", "UIDNEXT")]
    [InlineData("UPDATE mailboxes SET modseq = 1 WHERE name = 'INBOX'", "HIGHESTMODSEQ")]
    [InlineData("UPDATE accounts SET modseq = 1", "MODSEQ")]
    [InlineData("UPDATE accounts SET used = 1", "mail counted")]
    [InlineData("UPDATE accounts SET used_messages = 77", "mail counted")]
    [InlineData("UPDATE blobs SET refs = refs + 1", "references counted")]
    [InlineData("UPDATE blobs SET refs = 0, unused_since = 1", "references counted")]
    [InlineData("UPDATE blobs SET unused_since = 1", "references counted")]
    [InlineData("INSERT INTO expunged SELECT id, modseq FROM messages LIMIT 1", "there and expunged")]
    [InlineData("UPDATE counters SET value = 1 WHERE name = 'uid_validity'", "UIDVALIDITY")]
    [InlineData("INSERT INTO list_scopes VALUES('', 1, 7, NULL)", "lists of ")]
    public async Task What_follows_from_other_rows_is_put_right(string damage, string problem)
    {
        await using var store = await _bed.OpenAsync(undelete: TimeSpan.FromDays(1));
        var box = await StoreBed.AddAnnAsync(store);
        for (var i = 0; i < 5; i++)
            await _bed.FileAsync(store, box, StoreBed.Text(i % 4), queue: i == 1);
        await store.Mail.RemoveAsync(box.Id, [new UidRange(3)], Ct);
        Assert.Empty((await store.CheckAsync(null, Ct)).Problems);
        var text = await StoreText.OfAsync(store);
        _bed.Sql(damage);
        var found = await store.CheckAsync(null, Ct);
        Assert.Contains(found.Problems, p => p.Contains(problem, StringComparison.Ordinal));
        Assert.Empty(found.Repaired);

        var repaired = await store.RepairAsync(null, Ct);
        Assert.Contains(repaired.Repaired, p => p.Contains(problem, StringComparison.Ordinal));
        Assert.Empty(repaired.Problems);
        Assert.Empty((await store.CheckAsync(null, Ct)).Problems);
        Assert.Empty((await store.RepairAsync(null, Ct)).Repaired);
        if (!damage.Contains("modseq", StringComparison.Ordinal))
            Assert.Equal(text, await StoreText.OfAsync(store));
        // Nothing that was repaired is collected, and UIDs go on ascending.
        _bed.Time.Advance(TimeSpan.FromHours(2));
        await store.Collector.CollectAsync(Ct);
        Assert.Equal(6u, await _bed.FileAsync(store, box, "more"));
        Assert.Equal(5, (await StoreBed.TextsAsync(store, box)).Count);
        Assert.Empty((await store.CheckAsync(null, Ct)).Problems);
    }

    [Theory]
    [InlineData("DELETE FROM details WHERE id & 4294967295 = 2", "message")]
    [InlineData("DELETE FROM messages WHERE id & 4294967295 = 2", "details")]
    [InlineData("DELETE FROM blobs", "content is missing")]
    [InlineData("DELETE FROM mailboxes WHERE name = 'INBOX'", "its mailbox")]
    public async Task What_might_lose_mail_is_told_and_left(string damage, string problem)
    {
        await using var store = await _bed.OpenAsync();
        var box = await StoreBed.AddAnnAsync(store);
        await _bed.FileAsync(store, box, StoreBed.Text(1), queue: true);
        await _bed.FileAsync(store, box, StoreBed.Text(2));
        _bed.Sql(damage);
        long Count(string table)
        {
            using var session = new SqlSession(Path.Combine(_bed["live"], SqliteStore.FileName));
            return session.Integer($"SELECT count(*) FROM {table}");
        }

        string[] tables = ["messages", "details", "queue", "mailboxes"];
        var before = tables.Select(Count).ToList();
        var report = await store.RepairAsync(null, Ct);
        Assert.Contains(report.Problems, p => p.Contains(problem, StringComparison.Ordinal));
        Assert.Equal(before, tables.Select(Count));
    }

    [Theory]
    [InlineData("DELETE FROM domains", "DKIM key r1 of our.example: its domain is missing")]
    [InlineData("UPDATE dkim_keys SET state = 1", "DKIM keys of our.example: 2 of one algorithm are in use")]
    public async Task What_is_wrong_with_keys_is_told_and_they_are_left(string damage, string problem)
    {
        await using var store = await _bed.OpenAsync();
        await StoreBed.AddAnnAsync(store);
        await KeptFolders.FillMailAuthAsync(store, _bed.Time.GetUtcNow(), Ct);
        Assert.Empty((await store.CheckAsync(null, Ct)).Problems);
        _bed.Sql(damage);
        Assert.Contains(problem, (await store.RepairAsync(null, Ct)).Problems);
        Assert.Equal(["r1", "r2"], (await store.MailAuth.ListDkimKeysAsync(Ct)).Select(k => k.Selector));
    }

    [Fact]
    public async Task Files_without_rows_go_and_others_are_named()
    {
        await using var store = await _bed.OpenAsync();
        var box = await StoreBed.AddAnnAsync(store);
        await _bed.FileAsync(store, box, StoreBed.Text(1, 30_000));
        var own = _bed.Files().Single(n => n.EndsWith(".blob", StringComparison.Ordinal));
        // As a crash between the rename of a large content and its commit leaves it.
        var orphan = new string('a', 64) + ".blob";
        File.Copy(Path.Combine(_bed["live"], "blobs", own), Path.Combine(_bed["live"], "blobs", orphan));
        await File.WriteAllTextAsync(Path.Combine(_bed["live"], "blobs", "notes.txt"), "?", Ct);
        var found = await store.CheckAsync(null, Ct);
        Assert.Equal(
            [$"file {orphan}: nothing refers to it", "file notes.txt: it is none of the store's"],
            found.Problems
        );
        var repaired = await store.RepairAsync(null, Ct);
        Assert.Equal([$"file {orphan}: nothing refers to it"], repaired.Repaired);
        Assert.Equal(["file notes.txt: it is none of the store's"], repaired.Problems);
        Assert.DoesNotContain(orphan, _bed.Files());
        Assert.Contains(own, _bed.Files());
        Assert.Contains("notes.txt", _bed.Files());
        Assert.Single(await StoreBed.TextsAsync(store, box));
    }

    [Fact]
    public async Task What_a_crash_left_goes_at_the_first_turn()
    {
        Directory.CreateDirectory(Path.Combine(_bed["live"], "blobs"));
        await File.WriteAllTextAsync(Path.Combine(_bed["live"], "blobs", new string('b', 64) + ".blob"), "?", Ct);
        await using var store = await _bed.OpenAsync();
        var box = await StoreBed.AddAnnAsync(store);
        await _bed.FileAsync(store, box, StoreBed.Text(1, 30_000));
        await store.WalkAsync(store.Collector.TurnAsync, Ct);
        Assert.DoesNotContain(new string('b', 64) + ".blob", _bed.Files());
        Assert.Single(await StoreBed.TextsAsync(store, box));
    }

    [Fact]
    public async Task The_check_runs_while_mail_comes_goes_and_moves()
    {
        await using var store = await _bed.OpenAsync();
        var box = await StoreBed.AddAnnAsync(store);
        var isDone = false;
        var writer = Task.Run(
            async () =>
            {
                for (var i = 0; !isDone; i++)
                {
                    var uid = await _bed.FileAsync(store, box, StoreBed.Text(i, i % 9 == 0 ? 30_000 : 900));
                    if (i % 3 == 0)
                        await store.Mail.RemoveAsync(box.Id, [new UidRange(uid)], Ct);
                    _bed.Time.Advance(TimeSpan.FromMinutes(7));
                }
            },
            Ct
        );
        for (var round = 0; round < 10; round++)
        {
            Assert.Empty((await store.CheckAsync(null, Ct)).Problems);
            await store.CompactAsync(null, Ct);
        }

        isDone = true;
        await writer;
    }
}
