using System.Globalization;
using System.Runtime.InteropServices;
using Microsoft.Data.Sqlite;
using SQLitePCL;
using static SQLitePCL.raw;

namespace Postreiter.Storage.Sql.Sqlite;

/// <summary>
/// One prepared statement, used again and again, and its rows. Spoken to without ADO.NET's command and reader, whose parameters
/// are looked up by name at each run: the writer runs some hundred thousand statements a second.
/// </summary>
/// <remarks>Parameters are <c>$0</c>, <c>$1</c>, … in the order of the arguments, wherever they stand in the text.</remarks>
internal sealed partial class SqlStatement : IDisposable
{
    private readonly sqlite3 _database;
    private readonly sqlite3_stmt _statement;

    // The same, for what is called for each row and column: counting the handle's users there costs as much as the call.
    private readonly nint _raw;

    // The argument of each of SQLite's parameters: these are numbered by where they stand first.
    private readonly int[] _arguments;

    /// <summary>Prepares a statement.</summary>
    /// <exception cref="SqliteException">It is not understood, or the database cannot be read.</exception>
    public SqlStatement(sqlite3 database, string sql)
    {
        _database = database;
        Check(sqlite3_prepare_v3(database, sql, SQLITE_PREPARE_PERSISTENT, out _statement));
        _raw = _statement.DangerousGetHandle();
        _arguments = new int[sqlite3_bind_parameter_count(_statement)];
        for (var i = 0; i < _arguments.Length; i++)
        {
            var name = sqlite3_bind_parameter_name(_statement, i + 1).utf8_to_string();
            _arguments[i] = int.Parse(name.AsSpan(1), CultureInfo.InvariantCulture);
        }
    }

    /// <summary>Binds the arguments: null, integers, bool, double, string or byte[].</summary>
    public void Bind(ReadOnlySpan<object?> arguments)
    {
        for (var i = 0; i < _arguments.Length; i++)
            Check(Bind(i + 1, arguments[_arguments[i]]));
    }

    /// <summary>Goes on to the next row.</summary>
    /// <returns>False behind the last one.</returns>
    public bool Step()
    {
        var result = NextRow(_raw);
        if (result == SQLITE_ROW)
            return true;
        if (result == SQLITE_DONE)
            return false;
        // The code of the reset is the same; its words are told before they are lost.
        var error = Error(result);
        _ = sqlite3_reset(_statement);
        throw error;
    }

    /// <summary>Ends the run, so that the statement can run again and holds no snapshot.</summary>
    public void Reset()
    {
        _ = sqlite3_reset(_statement);
        _ = sqlite3_clear_bindings(_statement);
    }

    /// <summary>An integer; 0 for NULL.</summary>
    public long GetInt64(int column) => Int64(_raw, column);

    /// <summary>An integer of 32 bits.</summary>
    public int GetInt32(int column) => (int)Int64(_raw, column);

    /// <summary>A text; empty for NULL.</summary>
    public string GetString(int column) => sqlite3_column_text(_statement, column).utf8_to_string() ?? "";

    /// <summary>A copy of the bytes of a blob; empty for NULL.</summary>
    public byte[] GetBytes(int column) => sqlite3_column_blob(_statement, column).ToArray();

    /// <summary>Whether a column is NULL.</summary>
    public bool IsNull(int column) => Type(_raw, column) == SQLITE_NULL;

    /// <summary>A column as long, double, string, byte[] or null.</summary>
    public object? GetValue(int column) =>
        Type(_raw, column) switch
        {
            SQLITE_INTEGER => GetInt64(column),
            SQLITE_FLOAT => sqlite3_column_double(_statement, column),
            SQLITE_TEXT => GetString(column),
            SQLITE_BLOB => GetBytes(column),
            _ => null,
        };

    public void Dispose() => _statement.Dispose();

    private int Bind(int parameter, object? value) =>
        value switch
        {
            null => sqlite3_bind_null(_statement, parameter),
            long number => sqlite3_bind_int64(_statement, parameter, number),
            int number => sqlite3_bind_int64(_statement, parameter, number),
            uint number => sqlite3_bind_int64(_statement, parameter, number),
            bool yes => sqlite3_bind_int64(_statement, parameter, yes ? 1 : 0),
            string text => sqlite3_bind_text(_statement, parameter, text),
            // Without bytes there is no address, which would be NULL.
            byte[] { Length: 0 } => sqlite3_bind_zeroblob(_statement, parameter, 0),
            byte[] bytes => sqlite3_bind_blob(_statement, parameter, bytes),
            double number => sqlite3_bind_double(_statement, parameter, number),
            _ => throw new ArgumentException($"SQLite has no form for a {value.GetType().Name}", nameof(value)),
        };

    private void Check(int result)
    {
        if (result != SQLITE_OK)
            throw Error(result);
    }

    private SqliteException Error(int result)
    {
        const int noSpace = 28; // ENOSPC
        const int overQuota = 122; // EDQUOT
        var code = result & 0xFF;
        // F1: SQLite says FULL of a write alone; a sync, a new file or a new length can meet the end of the disk as well.
        if (code is SQLITE_IOERR or SQLITE_CANTOPEN && SystemError(_database) is noSpace or overQuota)
            code = SQLITE_FULL;
        return new SqliteException(
            $"SQLite Error {result}: '{sqlite3_errmsg(_database).utf8_to_string()}'.",
            code,
            sqlite3_extended_errcode(_database)
        );
    }

    [LibraryImport("e_sqlite3", EntryPoint = "sqlite3_system_errno")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories | DllImportSearchPath.AssemblyDirectory)]
    private static partial int SystemError(sqlite3 database);

    [LibraryImport("e_sqlite3", EntryPoint = "sqlite3_step")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories | DllImportSearchPath.AssemblyDirectory)]
    private static partial int NextRow(nint statement);

    // Columns are looked at in some nanoseconds and never wait: a change of the collector's mode would cost more.
    [LibraryImport("e_sqlite3", EntryPoint = "sqlite3_column_int64")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories | DllImportSearchPath.AssemblyDirectory)]
    [SuppressGCTransition]
    private static partial long Int64(nint statement, int column);

    [LibraryImport("e_sqlite3", EntryPoint = "sqlite3_column_type")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories | DllImportSearchPath.AssemblyDirectory)]
    [SuppressGCTransition]
    private static partial int Type(nint statement, int column);
}

/// <summary>The rows of a run. Disposing it ends the run.</summary>
internal readonly struct SqlRows(SqlStatement statement) : IDisposable
{
    /// <summary>The row at hand.</summary>
    public SqlStatement Row => statement;

    /// <inheritdoc cref="SqlStatement.Step"/>
    public bool Read() => statement.Step();

    public void Dispose() => statement.Reset();
}
