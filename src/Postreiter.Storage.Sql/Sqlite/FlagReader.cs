using Postreiter.Storage.Mail;

namespace Postreiter.Storage.Sql.Sqlite;

/// <summary>Reads flags from rows; equal ones are one object: a session keeps thousands of entries.</summary>
internal sealed class FlagReader
{
    private const long SystemFlagSets = 32;

    // Most messages have no keyword: these are found without looking one up.
    private readonly MessageFlags?[] _plain = new MessageFlags?[SystemFlagSets];
    private readonly Dictionary<(long, string), MessageFlags> _others = [];

    /// <summary>The flags in two columns: a number, and keywords with spaces between them or NULL.</summary>
    public MessageFlags Read(SqlStatement row, int system, int keywords)
    {
        var number = row.GetInt64(system);
        if (number is >= 0 and < SystemFlagSets && row.IsNull(keywords))
            return _plain[number] ??= number == 0 ? MessageFlags.None : new((SystemFlags)number, []);
        var key = (number, row.GetString(keywords));
        if (!_others.TryGetValue(key, out var flags))
            _others.Add(
                key,
                flags = new((SystemFlags)number, key.Item2.Split(' ', StringSplitOptions.RemoveEmptyEntries))
            );
        return flags;
    }
}
