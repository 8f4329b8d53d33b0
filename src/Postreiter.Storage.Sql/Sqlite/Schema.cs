namespace Postreiter.Storage.Sql.Sqlite;

/// <summary>The schema and its migrations, counted by <c>PRAGMA user_version</c>.</summary>
internal static class Schema
{
    /// <summary>Each entry takes the schema one version up, in one transaction (P15): statements, each ended by a semicolon.</summary>
    private static readonly string[] Migrations =
    [
        // A message's key is mailbox id × 2³² + UID: rows of a mailbox lie together, in the order of their UIDs. What a
        // session keeps of every message stays apart from the large columns, so that opening a mailbox reads little.
        """
            CREATE TABLE counters(name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;
            CREATE TABLE domains(name TEXT PRIMARY KEY) WITHOUT ROWID;
            CREATE TABLE accounts(id INTEGER PRIMARY KEY AUTOINCREMENT, key TEXT NOT NULL UNIQUE, address TEXT NOT NULL,
                domain TEXT NOT NULL, hash TEXT NOT NULL, salt BLOB NOT NULL, iterations INTEGER NOT NULL,
                stored_key BLOB NOT NULL, server_key BLOB NOT NULL, quota INTEGER NOT NULL, used INTEGER NOT NULL,
                modseq INTEGER NOT NULL, created INTEGER NOT NULL);
            CREATE TABLE aliases(key TEXT PRIMARY KEY, targets TEXT NOT NULL) WITHOUT ROWID;
            CREATE TABLE mailboxes(id INTEGER PRIMARY KEY AUTOINCREMENT, account_id INTEGER NOT NULL, name TEXT NOT NULL,
                uid_validity INTEGER NOT NULL, uid_next INTEGER NOT NULL, modseq INTEGER NOT NULL,
                messages INTEGER NOT NULL, unseen INTEGER NOT NULL, deleted INTEGER NOT NULL, size INTEGER NOT NULL,
                special_use INTEGER NOT NULL, subscribed INTEGER NOT NULL, UNIQUE(account_id, name));
            CREATE TABLE old_names(account_id INTEGER NOT NULL, name TEXT NOT NULL, uid_validity INTEGER NOT NULL,
                PRIMARY KEY(account_id, name)) WITHOUT ROWID;
            CREATE TABLE messages(id INTEGER PRIMARY KEY, modseq INTEGER NOT NULL, system INTEGER NOT NULL, keywords TEXT,
                size INTEGER NOT NULL, blob BLOB NOT NULL);
            CREATE INDEX messages_modseq ON messages(id >> 32, modseq);
            CREATE TABLE details(id INTEGER PRIMARY KEY, date INTEGER NOT NULL, zone INTEGER NOT NULL,
                prefix BLOB NOT NULL, structure BLOB NOT NULL);
            CREATE TABLE expunged(id INTEGER PRIMARY KEY, modseq INTEGER NOT NULL);
            CREATE TABLE deliveries(delivery TEXT NOT NULL, mailbox_id INTEGER NOT NULL, uid INTEGER NOT NULL,
                PRIMARY KEY(delivery, mailbox_id)) WITHOUT ROWID;
            CREATE TABLE blobs(id BLOB PRIMARY KEY, segment INTEGER NOT NULL, offset INTEGER NOT NULL,
                length INTEGER NOT NULL, refs INTEGER NOT NULL, unused_since INTEGER) WITHOUT ROWID;
            CREATE INDEX blobs_unused ON blobs(unused_since) WHERE unused_since IS NOT NULL;
            CREATE INDEX blobs_place ON blobs(segment, offset);
            CREATE TABLE queue(id INTEGER PRIMARY KEY AUTOINCREMENT, delivery TEXT NOT NULL, destination TEXT NOT NULL,
                envelope TEXT NOT NULL, recipients TEXT NOT NULL, prefix BLOB NOT NULL, size INTEGER NOT NULL,
                blob BLOB NOT NULL, created INTEGER NOT NULL, next_attempt INTEGER NOT NULL, due INTEGER,
                attempts INTEGER NOT NULL, delay_notice INTEGER NOT NULL, state INTEGER NOT NULL, lease INTEGER NOT NULL);
            CREATE INDEX queue_due ON queue(due, id) WHERE due IS NOT NULL;
            """,
        // A quota of messages; expunged mail that can be brought back; a store's own name, by which a backup knows it; an
        // index of places that says how much of a segment is alive without reading the rows; one of what is due that says for
        // which destination; what was expunged by MODSEQ, for a mailbox from which much has gone.
        """
            ALTER TABLE accounts ADD COLUMN quota_messages INTEGER NOT NULL DEFAULT 0;
            ALTER TABLE accounts ADD COLUMN used_messages INTEGER NOT NULL DEFAULT 0;
            UPDATE accounts SET used_messages =
                (SELECT ifnull(sum(messages), 0) FROM mailboxes b WHERE b.account_id = accounts.id);
            CREATE TABLE kept(id INTEGER PRIMARY KEY AUTOINCREMENT, account_id INTEGER NOT NULL, mailbox TEXT NOT NULL,
                removed INTEGER NOT NULL, system INTEGER NOT NULL, keywords TEXT, size INTEGER NOT NULL,
                blob BLOB NOT NULL, date INTEGER NOT NULL, zone INTEGER NOT NULL, prefix BLOB NOT NULL,
                structure BLOB NOT NULL);
            CREATE INDEX kept_account ON kept(account_id, id);
            CREATE INDEX kept_removed ON kept(removed);
            DROP INDEX blobs_place;
            CREATE INDEX blobs_place ON blobs(segment, offset, length);
            DROP INDEX queue_due;
            CREATE INDEX queue_due ON queue(due, id, destination) WHERE due IS NOT NULL;
            CREATE INDEX expunged_modseq ON expunged(id >> 32, modseq);
            INSERT INTO counters VALUES('identity', random() & 9223372036854775807);
            """,
        // Mail authentication: keys of DKIM, secrets of SRS, sums of the DMARC reports that came in, and what is counted for those
        // that go out.
        """
            CREATE TABLE dkim_keys(domain TEXT NOT NULL, selector TEXT NOT NULL, algorithm INTEGER NOT NULL,
                private_key BLOB NOT NULL, state INTEGER NOT NULL, created INTEGER NOT NULL, activated INTEGER,
                retired INTEGER, PRIMARY KEY(domain, selector)) WITHOUT ROWID;
            CREATE TABLE srs_secrets(id INTEGER PRIMARY KEY AUTOINCREMENT, secret BLOB NOT NULL, created INTEGER NOT NULL);
            CREATE TABLE dmarc_reports(reporter TEXT NOT NULL, report TEXT NOT NULL, domain TEXT NOT NULL,
                received INTEGER NOT NULL, PRIMARY KEY(reporter, report, domain)) WITHOUT ROWID;
            CREATE TABLE dmarc_sums(domain TEXT NOT NULL, day INTEGER NOT NULL, source TEXT NOT NULL, reporter TEXT NOT NULL,
                header_from TEXT NOT NULL, disposition TEXT NOT NULL, dkim INTEGER NOT NULL, spf INTEGER NOT NULL,
                messages INTEGER NOT NULL,
                PRIMARY KEY(domain, day, source, reporter, header_from, disposition, dkim, spf)) WITHOUT ROWID;
            CREATE TABLE dmarc_results(domain TEXT NOT NULL, day INTEGER NOT NULL, kind TEXT NOT NULL,
                messages INTEGER NOT NULL, PRIMARY KEY(domain, day, kind)) WITHOUT ROWID;
            """,
        // The gate: whom greylisting knows, and why each message was taken or not. A trace's id begins with its time, so that new ones lie
        // at the end and old ones at the start.
        """
            CREATE TABLE greylist(key INTEGER PRIMARY KEY, client TEXT NOT NULL, sender TEXT NOT NULL, recipient TEXT NOT NULL,
                first INTEGER NOT NULL, last INTEGER NOT NULL, passes INTEGER NOT NULL, version INTEGER NOT NULL);
            CREATE INDEX greylist_version ON greylist(version);
            CREATE TABLE traces(id TEXT PRIMARY KEY, addresses TEXT NOT NULL, verdict BLOB NOT NULL) WITHOUT ROWID;
            CREATE TABLE trace_addresses(address TEXT NOT NULL, id TEXT NOT NULL, PRIMARY KEY(address, id)) WITHOUT ROWID;
            """,
        // What was learned of spam: counts of tokens in pages, the changes since, and the names of the mails. Place 0 is the
        // server's, all others are accounts'. The number of a change is never used again.
        """
            CREATE TABLE learned(place INTEGER PRIMARY KEY, generation INTEGER NOT NULL, base INTEGER NOT NULL,
                change INTEGER NOT NULL, spam INTEGER NOT NULL, ham INTEGER NOT NULL, expired INTEGER NOT NULL,
                expired_age INTEGER NOT NULL, expired_tokens INTEGER NOT NULL);
            CREATE TABLE learned_pages(place INTEGER NOT NULL, page INTEGER NOT NULL, tokens BLOB NOT NULL,
                PRIMARY KEY(place, page));
            CREATE TABLE learned_changes(place INTEGER NOT NULL, change INTEGER NOT NULL, spam INTEGER NOT NULL,
                ham INTEGER NOT NULL, time INTEGER NOT NULL, tokens BLOB NOT NULL, PRIMARY KEY(place, change));
            CREATE TABLE learned_mails(place INTEGER NOT NULL, name TEXT NOT NULL, is_spam INTEGER NOT NULL,
                PRIMARY KEY(place, name)) WITHOUT ROWID;
            """,
        // Lists of senders, and from how many points on mail is spam. The site's scope is the empty name. A scope's row stays when its domain
        // or account goes: by its version others hear of it.
        """
            CREATE TABLE list_scopes(scope TEXT PRIMARY KEY, version INTEGER NOT NULL, entries INTEGER NOT NULL,
                threshold REAL) WITHOUT ROWID;
            CREATE INDEX list_scopes_version ON list_scopes(version);
            CREATE TABLE list_entries(scope TEXT NOT NULL, entry TEXT NOT NULL, kind INTEGER NOT NULL, origin INTEGER NOT NULL,
                added INTEGER NOT NULL, PRIMARY KEY(scope, entry)) WITHOUT ROWID;
            """,
        // The quarantine: what a mailbox or the queue would have, with the reference to its content. Account 0 is nobody's.
        """
            CREATE TABLE quarantine(id INTEGER PRIMARY KEY AUTOINCREMENT, delivery TEXT NOT NULL, account_id INTEGER NOT NULL,
                sender TEXT NOT NULL, recipients TEXT NOT NULL, reason TEXT NOT NULL, received INTEGER NOT NULL,
                told INTEGER NOT NULL, size INTEGER NOT NULL, blob BLOB NOT NULL, prefix BLOB NOT NULL,
                structure BLOB NOT NULL, destination TEXT, envelope TEXT, queued TEXT);
            CREATE INDEX quarantine_received ON quarantine(received, size);
            CREATE INDEX quarantine_account ON quarantine(account_id, id);
            CREATE INDEX quarantine_untold ON quarantine(account_id, id) WHERE told = 0 AND account_id != 0;
            """,
    ];

    /// <summary>The version this program writes.</summary>
    public static int Version => Migrations.Length;

    /// <summary>Looks at the database before anything is written, then brings it up to date.</summary>
    /// <param name="session">A session on it.</param>
    /// <param name="path">Its file; a snapshot of an older schema is left beside it as <c>postreiter.db.schema-N</c>. Null: none is.</param>
    /// <param name="afterStatement">Called after each statement of a migration; for tests.</param>
    public static void Open(SqlSession session, string? path, Action? afterStatement = null)
    {
        var version = (int)session.Integer("PRAGMA user_version");
        if (version > Version)
            throw new StoreException(
                StoreFault.NewerSchema,
                $"the database has schema {version}, this program knows {Version}: use a newer program"
            );
        // F4: the start stops with the check's own words.
        if (session.Scalar("PRAGMA quick_check(1)") is not "ok" and var words)
            throw new StoreException(StoreFault.DamagedDatabase, $"the database is damaged: {words}");
        session.Scalar("PRAGMA journal_mode=WAL");
        session.Run("PRAGMA synchronous=FULL");
        // WriteAheadLog does it, and sees its errors.
        session.Run("PRAGMA wal_autocheckpoint=0");
        session.Run("PRAGMA cache_size=-65536");
        if (path is not null && version is > 0 && version < Version)
            TakeSnapshot(session, path, version);
        for (; version < Version; version++)
        {
            session.Run("BEGIN IMMEDIATE");
            foreach (
                var statement in Migrations[version]
                    .Split(';', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries)
            )
            {
                session.Run(statement);
                afterStatement?.Invoke();
            }

            session.Run($"PRAGMA user_version={version + 1}");
            afterStatement?.Invoke();
            session.Run("COMMIT");
        }
    }

    // The way back for an administrator who has to run the older program again: what came in since is not in it.
    private static void TakeSnapshot(SqlSession session, string path, int version)
    {
        var snapshot = $"{path}.schema-{version}";
        File.Delete(snapshot + ".new");
        session.Run("VACUUM INTO $0", snapshot + ".new");
        DurableFiles.Sync(snapshot + ".new");
        File.Move(snapshot + ".new", snapshot, overwrite: true);
        DurableFiles.SyncFolder(Path.GetDirectoryName(snapshot)!);
    }
}
