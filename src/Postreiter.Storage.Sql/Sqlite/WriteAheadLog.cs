using Microsoft.Data.Sqlite;
using Microsoft.Extensions.Logging;

namespace Postreiter.Storage.Sql.Sqlite;

/// <summary>Copies the write-ahead log into the database now and then, on the writer, after its answers.</summary>
/// <remarks>
/// SQLite would do it by itself, and say nothing when it fails. That hides a trap. While a reader needs an older page, only
/// the beginning of the log can be copied, and SQLite counts it as copied without a sync. When the sync that comes with the
/// rest fails, the system may have dropped that beginning, too, but SQLite writes only the rest again; the next sync says
/// yes, the log begins anew, and a power loss shows a database with holes. After such a sync nothing is copied any more and
/// the log grows; the next start reads it from its beginning.
/// </remarks>
internal sealed class WriteAheadLog(SqlSession session, int mostPages, ILogger logger)
{
    private readonly int _step = Math.Max(1, mostPages / 8);
    private long _due = mostPages;
    private bool _isPartlyCopied;

    /// <summary>False when the log must stay as it is until the next start.</summary>
    public bool IsTrusted { get; private set; } = true;

    /// <summary>Copies when enough has been written since the last time.</summary>
    public void CopyIfDue()
    {
        if (!IsTrusted || session.PagesWritten < _due)
            return;
        try
        {
            using var rows = session.Rows("PRAGMA wal_checkpoint(PASSIVE)");
            rows.Read();
            // Its columns: whether somebody was in the way, pages in the log, pages copied.
            _isPartlyCopied = rows.Row.GetInt64(0) != 0 || rows.Row.GetInt64(2) < rows.Row.GetInt64(1);
            _due = session.PagesWritten + (_isPartlyCopied ? _step : mostPages);
        }
        catch (SqliteException e)
        {
            _due = session.PagesWritten + _step;
            IsTrusted = !_isPartlyCopied;
            if (IsTrusted)
                logger.LogError(e, "the write-ahead log could not be copied; it is tried again");
            else
                logger.LogCritical(e, "the write-ahead log grows until the next start: its copy failed half-way");
        }
    }
}
