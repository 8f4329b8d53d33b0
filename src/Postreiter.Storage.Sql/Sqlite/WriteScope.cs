using System.Globalization;
using Microsoft.Extensions.Logging;
using Postreiter.Storage.Blobs;

namespace Postreiter.Storage.Sql.Sqlite;

/// <summary>What a unit of work writes with: the writer's session, the batch's fresh contents, and who is to be told.</summary>
internal sealed class WriteScope(SqlSession session, LocalChangeFeed feed, TimeProvider time, ILogger logger)
{
    private readonly HashSet<long> _accounts = [];
    private readonly HashSet<long> _pending = [];
    private readonly List<Action> _after = [];
    private readonly List<Action> _pendingAfter = [];
    private IReadOnlySet<BlobId> _damaged = new HashSet<BlobId>();
    private (bool Queue, bool Directory, bool Lists) _kept;
    private (bool Queue, bool Directory, bool Lists) _now;

    public SqlSession Session => session;

    /// <summary>How long expunged mail is kept; zero for not at all.</summary>
    public TimeSpan Undelete { get; init; }

    public TimeProvider Time => time;

    /// <summary>Places of contents made durable for this batch.</summary>
    public IReadOnlyDictionary<BlobId, BlobLocation> Places { get; private set; } =
        new Dictionary<BlobId, BlobLocation>();

    public void AccountChanged(long id) => _pending.Add(id);

    public void QueueChanged() => _now.Queue = true;

    public void DirectoryChanged() => _now.Directory = true;

    public void ListsChanged() => _now.Lists = true;

    /// <summary>Runs on the writer after the commit, if there is one.</summary>
    public void AfterCommit(Action act) => _pendingAfter.Add(act);

    /// <summary>Begins a batch.</summary>
    /// <param name="places">See <see cref="Places"/>.</param>
    /// <param name="damaged">Contents among them whose older place is damaged.</param>
    public void Begin(IReadOnlyDictionary<BlobId, BlobLocation> places, IReadOnlySet<BlobId> damaged)
    {
        DropAll();
        (Places, _damaged) = (places, damaged);
    }

    public void KeepChanges()
    {
        _accounts.UnionWith(_pending);
        _after.AddRange(_pendingAfter);
        _kept = (_kept.Queue || _now.Queue, _kept.Directory || _now.Directory, _kept.Lists || _now.Lists);
        DropChanges();
    }

    public void DropChanges()
    {
        _pending.Clear();
        _pendingAfter.Clear();
        _now = default;
    }

    public void DropAll()
    {
        DropChanges();
        _accounts.Clear();
        _after.Clear();
        _kept = default;
    }

    public void RunAfterCommit()
    {
        foreach (var act in _after)
        {
            try
            {
                act();
            }
            catch (StoreException e)
            {
                // What follows a commit is work that can be done again; the others' must not wait for it.
                logger.LogWarning(e, "work after a commit failed");
            }
        }
    }

    public void Publish()
    {
        foreach (var account in _accounts)
            feed.AccountChanged(account);
        if (_kept.Queue)
            feed.QueueChanged();
        if (_kept.Directory)
            feed.DirectoryChanged();
        if (_kept.Lists)
            feed.ListsChanged();
    }

    /// <summary>Whether a content has its row; asked with any session.</summary>
    public static bool HasBlob(SqlSession session, BlobId id) =>
        session.Scalar("SELECT 1 FROM blobs WHERE id = $0", id.ToArray()) is not null;

    /// <summary>Adds references to a content that is durable.</summary>
    public void AddReferences(BlobId id, long length, int count)
    {
        var key = id.ToArray();
        if (Places.TryGetValue(id, out var at))
        {
            // Here already when a batch before brought it too: its place is the older one, unless that is damaged.
            session.Run(
                """
                INSERT INTO blobs VALUES($0, $1, $2, $3, $4, NULL)
                ON CONFLICT(id) DO UPDATE SET refs = refs + excluded.refs, unused_since = NULL,
                    segment = iif($5, excluded.segment, segment), offset = iif($5, excluded.offset, offset)
                """,
                key,
                at.Segment,
                at.Offset,
                length,
                count,
                _damaged.Contains(id)
            );
        }
        else if (session.Run("UPDATE blobs SET refs = refs + $1, unused_since = NULL WHERE id = $0", key, count) == 0)
        {
            throw new StoreException(StoreFault.Internal, "a content has no place in the store");
        }
    }

    /// <summary>Takes one reference away; the collector looks at it later.</summary>
    public void Release(byte[] blob) =>
        session.Run(
            """
            UPDATE blobs SET refs = refs - 1, unused_since = CASE WHEN refs = 1 THEN $1 ELSE unused_since END
            WHERE id = $0
            """,
            blob,
            time.GetUtcNow().UtcTicks
        );

    /// <summary>The next value of a counter that never goes back.</summary>
    public long Next(string counter, long atLeast = 1) =>
        Convert.ToInt64(
            session.Scalar(
                """
                INSERT INTO counters VALUES($0, $1)
                ON CONFLICT(name) DO UPDATE SET value = max(value + 1, excluded.value) RETURNING value
                """,
                counter,
                atLeast
            ),
            CultureInfo.InvariantCulture
        );

    // F11: larger than every one before, whatever the clock does.
    public uint NextUidValidity() => (uint)Next("uid_validity", time.GetUtcNow().ToUnixTimeSeconds());
}
