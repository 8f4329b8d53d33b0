using Microsoft.Data.Sqlite;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using Postreiter.Storage.Blobs.Segments;
using Postreiter.Storage.Mail;
using Postreiter.Storage.Sql.Sqlite;

namespace Postreiter.Storage.Sql.Tests;

/// <summary>Folders of earlier schema versions open, and a migration that is cut off anywhere is one that did not happen.</summary>
public sealed class MigrationTests : IDisposable
{
    private static readonly DateTimeOffset Now = new(2026, 3, 2, 12, 0, 0, TimeSpan.Zero);
    private readonly string _root = Directory.CreateTempSubdirectory("postreiter-migration-").FullName;

    public static TheoryData<int> Versions() => new(Enumerable.Range(1, Schema.Version - 1));

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public void Dispose() => Directory.Delete(_root, recursive: true);

    [Theory, MemberData(nameof(Versions))]
    public async Task A_folder_of_every_earlier_schema_opens_with_all_its_mail(int version)
    {
        var folder = CopyOf(version, "live");
        await ExpectAsync(folder, version);
        // Once more, as the new schema; and what is new in it works on the old rows.
        await using var store = await OpenAsync(folder);
        Assert.Equal(await ExpectedAsync(version), await StoreText.OfAsync(store));
        var account = (await store.Directory.ListAccountsAsync(Ct))[0];
        var inbox = (await store.Mail.FindMailboxAsync(account.Id, Mailbox.Inbox, Ct))!;
        var kept = (await store.Mail.ListKeptAsync(account.Id, new KeptSelection("INBOX"), 0, 100, Ct)).Count;
        Assert.Equal(inbox.Messages, (await store.Mail.RemoveAsync(inbox.Id, [UidRange.All], Ct)).Count);
        var result = await store.Mail.UndeleteAsync(account.Id, new KeptSelection("INBOX"), 100, Ct);
        Assert.Equal(inbox.Messages + kept, result.Restored);
        // Tables that came with the third schema and those after it.
        if (version < 3)
            await KeptFolders.FillMailAuthAsync(store, Now, Ct);
        if (version < 4)
            await KeptFolders.FillGateAsync(store, Now, Ct);
        if (version < 5)
            await KeptFolders.FillLearningAsync(store, Ct);
        if (version < 6)
            await KeptFolders.FillListsAsync(store, Now, Ct);
        await KeptFolders.FillQuarantineAsync(store, Now, Ct);
        Assert.Empty((await store.CheckAsync(null, Ct)).Problems);
    }

    [Theory, MemberData(nameof(Versions))]
    public async Task P15_a_migration_cut_off_at_any_statement_leaves_the_old_or_the_new_schema(int version)
    {
        var statements = 0;
        for (var cut = 1; cut == 1 || cut <= statements; cut++)
        {
            var folder = CopyOf(version, $"cut-{cut}");
            var left = Path.Combine(_root, $"left-{cut}");
            var path = Path.Combine(folder, SqliteStore.FileName);
            statements = 0;
            using (var session = new SqlSession(path))
            {
                Schema.Open(
                    session,
                    path,
                    () =>
                    {
                        // The files as kill -9 leaves them now.
                        if (++statements == cut)
                            CopyFolder(folder, left);
                    }
                );
            }

            // One version at a time, each whole.
            Assert.InRange(VersionOf(left), version, Schema.Version - 1);
            Assert.Equal(Schema.Version, VersionOf(folder));
            await ExpectAsync(left, version);
            await ExpectAsync(folder, version);
        }

        Assert.True(statements > 3);
    }

    [Fact]
    public async Task A_snapshot_of_the_old_schema_stays_beside_the_new_one()
    {
        var folder = CopyOf(1, "live");
        var snapshot = Path.Combine(folder, SqliteStore.FileName + ".schema-1");
        // Left by a migration that was cut off while it took its snapshot.
        await File.WriteAllTextAsync(snapshot + ".new", "half", Ct);
        await (await OpenAsync(folder)).DisposeAsync();
        Assert.False(File.Exists(snapshot + ".new"));
        File.Copy(snapshot, Path.Combine(CopyOf(1, "back"), SqliteStore.FileName), overwrite: true);
        Assert.Equal(1, VersionOf(Path.Combine(_root, "back")));
        await ExpectAsync(Path.Combine(_root, "back"), 1);
    }

    private async Task ExpectAsync(string folder, int version)
    {
        await using var store = await OpenAsync(folder);
        Assert.Equal(await ExpectedAsync(version), await StoreText.OfAsync(store));
        Assert.Empty((await store.CheckAsync(null, Ct)).Problems);
    }

    private static Task<string> ExpectedAsync(int version) =>
        File.ReadAllTextAsync(Path.Combine(KeptFolders.Root(), $"schema-{version}", "expected.txt"), Ct);

    private static ValueTask<SqliteStore> OpenAsync(string folder)
    {
        var time = new FakeTimeProvider(Now);
        var sizes = new SegmentOptions { MinFreeBytes = 0, MinFreeShare = 0 };
        var blobs = new SegmentStore(new DiskBlobFiles(Path.Combine(folder, "blobs")), time, sizes);
        return SqliteStore.OpenAsync(folder, blobs, time, NullLogger.Instance, Ct);
    }

    private string CopyOf(int version, string name)
    {
        var to = Path.Combine(_root, name);
        CopyFolder(Path.Combine(KeptFolders.Root(), $"schema-{version}"), to);
        return to;
    }

    private static void CopyFolder(string from, string to)
    {
        foreach (var file in Directory.EnumerateFiles(from, "*", SearchOption.AllDirectories))
        {
            var target = Path.Combine(to, Path.GetRelativePath(from, file));
            Directory.CreateDirectory(Path.GetDirectoryName(target)!);
            File.Copy(file, target);
        }
    }

    private static long VersionOf(string folder)
    {
        var options = new SqliteConnectionStringBuilder
        {
            DataSource = Path.Combine(folder, SqliteStore.FileName),
            Pooling = false,
        };
        using var connection = new SqliteConnection(options.ToString());
        connection.Open();
        using var command = connection.CreateCommand();
        command.CommandText = "PRAGMA user_version";
        return (long)command.ExecuteScalar()!;
    }
}
