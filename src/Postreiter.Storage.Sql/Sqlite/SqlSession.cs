using Microsoft.Data.Sqlite;
using SQLitePCL;

namespace Postreiter.Storage.Sql.Sqlite;

/// <summary>One connection with its prepared statements. Used by one thread at a time.</summary>
internal sealed class SqlSession : IDisposable
{
    // F3: wait up to 5 s for a lock.
    private const int BusyMilliseconds = 5_000;
    private readonly SqliteConnection _connection;
    private readonly Dictionary<string, SqlStatement> _statements = new(StringComparer.Ordinal);

    /// <summary>Opens a database, making it when it is not there.</summary>
    /// <exception cref="SqliteException">It cannot be opened.</exception>
    public SqlSession(string path, SqliteOptions? how = null)
    {
        var words = new SqliteConnectionStringBuilder { DataSource = path, Pooling = false };
        if (how?.Vfs is { } vfs)
            words.Vfs = vfs;
        _connection = new SqliteConnection(words.ToString());
        _connection.Open();
        _ = raw.sqlite3_busy_timeout(Database, BusyMilliseconds);
    }

    /// <summary>Whether a transaction is open; SQLite ends one by itself after some errors.</summary>
    public bool IsInTransaction => raw.sqlite3_get_autocommit(Database) == 0;

    /// <summary>Pages written to the write-ahead log by this session.</summary>
    public long PagesWritten
    {
        get
        {
            const int cacheWrite = 9; // SQLITE_DBSTATUS_CACHE_WRITE
            _ = raw.sqlite3_db_status(Database, cacheWrite, out var pages, out _, 0);
            return pages;
        }
    }

    private sqlite3 Database => _connection.Handle!;

    /// <summary>Runs a statement.</summary>
    /// <returns>Rows changed, where it is one that changes rows.</returns>
    public int Run(string sql, params ReadOnlySpan<object?> arguments)
    {
        using var rows = Rows(sql, arguments);
        while (rows.Read()) { }
        return raw.sqlite3_changes(Database);
    }

    /// <summary>Runs several statements without arguments, as a migration has them.</summary>
    public void RunScript(string sql)
    {
        using var command = _connection.CreateCommand();
        command.CommandText = sql;
        command.ExecuteNonQuery();
    }

    /// <summary>The first column of the first row, or null.</summary>
    public object? Scalar(string sql, params ReadOnlySpan<object?> arguments)
    {
        using var rows = Rows(sql, arguments);
        return rows.Read() ? rows.Row.GetValue(0) : null;
    }

    /// <summary>As <see cref="Scalar"/>, as an integer; 0 for none.</summary>
    public long Integer(string sql, params ReadOnlySpan<object?> arguments)
    {
        using var rows = Rows(sql, arguments);
        return rows.Read() ? rows.Row.GetInt64(0) : 0;
    }

    /// <summary>Rows; they must be disposed before the same statement runs again.</summary>
    public SqlRows Rows(string sql, params ReadOnlySpan<object?> arguments)
    {
        // Statements are constants, so their number is bounded.
        if (!_statements.TryGetValue(sql, out var statement))
            _statements.Add(sql, statement = new SqlStatement(Database, sql));
        statement.Bind(arguments);
        return new SqlRows(statement);
    }

    /// <summary>Every row, mapped.</summary>
    public List<T> List<T>(string sql, Func<SqlStatement, T> map, params ReadOnlySpan<object?> arguments)
    {
        var list = new List<T>();
        using var rows = Rows(sql, arguments);
        while (rows.Read())
            list.Add(map(rows.Row));
        return list;
    }

    /// <summary>The first row, mapped, or null.</summary>
    public T? First<T>(string sql, Func<SqlStatement, T> map, params ReadOnlySpan<object?> arguments)
        where T : class
    {
        using var rows = Rows(sql, arguments);
        return rows.Read() ? map(rows.Row) : null;
    }

    /// <summary>Leaves the write-ahead log alone when this session closes as the last one.</summary>
    public void KeepLog() => _ = raw.sqlite3_db_config(Database, raw.SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, out _);

    public void Dispose()
    {
        foreach (var statement in _statements.Values)
            statement.Dispose();
        _connection.Dispose();
    }
}
