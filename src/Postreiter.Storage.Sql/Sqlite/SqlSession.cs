using Microsoft.Data.Sqlite;

namespace Postreiter.Storage.Sql.Sqlite;

/// <summary>One connection with its prepared commands. Used by one thread at a time.</summary>
internal sealed class SqlSession : IDisposable
{
    private readonly SqliteConnection _connection;
    private readonly Dictionary<string, SqliteCommand> _commands = new(StringComparer.Ordinal);

    public SqlSession(string path)
    {
        var options = new SqliteConnectionStringBuilder
        {
            DataSource = path,
            Pooling = false,
            // F3: wait up to 5 s for a lock.
            DefaultTimeout = 5,
        };
        _connection = new SqliteConnection(options.ToString());
        _connection.Open();
    }

    /// <summary>Runs a statement.</summary>
    /// <returns>Rows changed.</returns>
    public int Run(string sql, params ReadOnlySpan<object?> arguments) => Command(sql, arguments).ExecuteNonQuery();

    /// <summary>The first column of the first row, or null.</summary>
    public object? Scalar(string sql, params ReadOnlySpan<object?> arguments) =>
        Command(sql, arguments).ExecuteScalar() is { } value and not DBNull ? value : null;

    /// <summary>As <see cref="Scalar"/>, as an integer; 0 for none.</summary>
    public long Integer(string sql, params ReadOnlySpan<object?> arguments) => Scalar(sql, arguments) as long? ?? 0;

    /// <summary>Rows; the reader must be disposed before the same statement runs again.</summary>
    public SqliteDataReader Rows(string sql, params ReadOnlySpan<object?> arguments) =>
        Command(sql, arguments).ExecuteReader();

    /// <summary>Every row, mapped.</summary>
    public List<T> List<T>(string sql, Func<SqliteDataReader, T> map, params ReadOnlySpan<object?> arguments)
    {
        var list = new List<T>();
        using var rows = Rows(sql, arguments);
        while (rows.Read())
            list.Add(map(rows));
        return list;
    }

    /// <summary>The first row, mapped, or null.</summary>
    public T? First<T>(string sql, Func<SqliteDataReader, T> map, params ReadOnlySpan<object?> arguments)
        where T : class
    {
        using var rows = Rows(sql, arguments);
        return rows.Read() ? map(rows) : null;
    }

    public void Dispose()
    {
        foreach (var command in _commands.Values)
            command.Dispose();
        _connection.Dispose();
    }

    // Parameters are $0, $1, … in the order of the arguments. Statements are constants, so their number is bounded.
    private SqliteCommand Command(string sql, ReadOnlySpan<object?> arguments)
    {
        if (!_commands.TryGetValue(sql, out var command))
        {
            command = _connection.CreateCommand();
            command.CommandText = sql;
            for (var i = 0; i < arguments.Length; i++)
                command.Parameters.Add(new SqliteParameter { ParameterName = "$" + i });
            _commands.Add(sql, command);
        }

        for (var i = 0; i < arguments.Length; i++)
            command.Parameters[i].Value = arguments[i] ?? DBNull.Value;
        return command;
    }
}
