using Microsoft.Extensions.Logging;
using Postreiter.Storage.Blobs;

namespace Postreiter.Storage.Sql.Sqlite;

/// <summary>
/// Says whether a content that comes in is in the store already. One that was found whole is believed for a while; another is
/// read first: what gets its <c>250</c> must not rest on a record that is damaged (F5). A damaged one is stored anew, which
/// heals every message that has it.
/// </summary>
/// <param name="session">Reads beside the writer.</param>
/// <param name="blobs">The contents.</param>
/// <param name="logger">Told of damage.</param>
internal sealed class StoredContents(SqlSession session, IBlobStore blobs, ILogger logger)
{
    private const int MostRemembered = 10_000;
    private readonly HashSet<BlobId> _whole = [];

    /// <summary>Whether it is there, whole.</summary>
    /// <param name="content">The content.</param>
    /// <param name="damaged">It is added here when it is there, but damaged.</param>
    public bool HasWhole(PendingBlob content, HashSet<BlobId> damaged)
    {
        var id = content.Id;
        var found = session.First(
            "SELECT segment, offset FROM blobs WHERE id = $0",
            r => Tuple.Create(r.GetInt32(0), r.GetInt64(1)),
            id.ToArray()
        );
        if (found is null)
            return false;
        if (_whole.Contains(id))
            return true;
        if (!blobs.Verify(id, new BlobLocation(found.Item1, found.Item2), content.Length))
        {
            logger.LogError("content {Content} is damaged; it came in again and is stored anew", id);
            damaged.Add(id);
            return false;
        }

        if (_whole.Count >= MostRemembered)
            _whole.Clear();
        return _whole.Add(id);
    }
}
