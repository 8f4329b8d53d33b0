using Microsoft.Data.Sqlite;
using SQLitePCL;

namespace Postreiter.Tests.Hosting;

/// <summary>Runs alone: it looks at the memory of the whole process.</summary>
[CollectionDefinition(nameof(StoreMemoryTests), DisableParallelization = true)]
public sealed class StoreMemoryCollection;

[Collection(nameof(StoreMemoryTests))]
public sealed class StoreMemoryTests : IAsyncDisposable
{
    private const int Messages = 100_000;
    private const int Accounts = 10_000;
    private readonly FaultySite _site = new();

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public ValueTask DisposeAsync() => _site.DisposeAsync();

    // What the heap holds, and what SQLite holds beside it.
    private static long Used() => GC.GetTotalMemory(forceFullCollection: true) + raw.sqlite3_memory_used();

    private async Task SqlAsync(string sql)
    {
        var options = new SqliteConnectionStringBuilder { DataSource = _site.Database, Pooling = false };
        await using var connection = new SqliteConnection(options.ToString());
        await connection.OpenAsync(Ct);
        await using var command = connection.CreateCommand();
        command.CommandText = sql;
        await command.ExecuteNonQueryAsync(Ct);
    }

    [Fact]
    public async Task A_selected_mailbox_of_100_000_messages_costs_6_MiB_at_most()
    {
        await _site.InitAsync();
        // INBOX is mailbox 1; flags of several kinds, as people have them.
        await SqlAsync(
            $"""
            WITH RECURSIVE n(i) AS (VALUES(1) UNION ALL SELECT i + 1 FROM n WHERE i < {Messages})
            INSERT INTO messages SELECT (1 << 32) + i, i, i % 32, CASE i % 5 WHEN 0 THEN '$Work' END, 1000, zeroblob(32) FROM n;
            INSERT INTO details SELECT id, 638000000000000000 + id, 60, zeroblob(200), zeroblob(500) FROM messages;
            UPDATE mailboxes SET uid_next = {Messages} + 1, modseq = {Messages}, messages = {Messages} WHERE id = 1;
            UPDATE accounts SET modseq = {Messages};
            """
        );
        await _site.StartAsync();
        await using var imap = await _site.ImapAsync();
        // What is made once.
        await imap.CommandAsync("1", "SELECT Trash");
        await imap.CommandAsync("2", "FETCH 1:* FLAGS");
        var before = Used();
        var select = await imap.CommandAsync("3", "SELECT INBOX");
        Assert.Contains($"* {Messages} EXISTS", select, StringComparison.Ordinal);
        var cost = Used() - before;
        TestContext.Current.TestOutputHelper?.WriteLine($"{cost / 1024.0 / 1024.0:F2} MiB");
        Assert.InRange(cost, 1, 6 << 20);
        // Selecting it again, and by others, costs nothing more: they share what is known of it.
        await using var other = await _site.ImapAsync();
        await other.CommandAsync("4", "SELECT INBOX");
        await imap.CommandAsync("5", "SELECT INBOX");
        Assert.InRange(Used() - before, 1, 6 << 20);
    }

    [Fact]
    public async Task An_account_that_nobody_uses_costs_nothing()
    {
        await _site.InitAsync();
        var few = await UsedByServerAsync();
        await SqlAsync(
            $"""
            WITH RECURSIVE n(i) AS (VALUES(2) UNION ALL SELECT i + 1 FROM n WHERE i <= {Accounts})
            INSERT INTO accounts(id, key, address, domain, hash, salt, iterations, stored_key, server_key, quota, used, modseq,
                created) SELECT i, 'u' || i || '@a.test', 'u' || i || '@a.test', 'a.test', '', x'', 4096, x'', x'', 0, 0, 1, 0 FROM n;
            INSERT INTO mailboxes(account_id, name, uid_validity, uid_next, modseq, messages, unseen, deleted, size,
                special_use, subscribed)
            SELECT a.id, b.name, b.uid_validity, 1, 1, 0, 0, 0, 0, b.special_use, 1 FROM accounts a, mailboxes b
            WHERE a.id > 1 AND b.account_id = 1;
            """
        );
        var many = await UsedByServerAsync();
        TestContext.Current.TestOutputHelper?.WriteLine($"{(many - few) / (double)Accounts:F1} bytes each");
        // SQLite's page cache is bounded whatever it holds; of ours there is nothing.
        Assert.InRange(many - few, long.MinValue, 30 * Accounts);
    }

    private async Task<long> UsedByServerAsync()
    {
        await _site.StartAsync();
        await using (var imap = await _site.ImapAsync())
            await imap.CommandAsync("1", "SELECT INBOX");
        await _site.DeliverAsync("one");
        var used = GC.GetTotalMemory(forceFullCollection: true);
        await _site.StopAsync();
        return used;
    }
}
