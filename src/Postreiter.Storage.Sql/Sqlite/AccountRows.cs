namespace Postreiter.Storage.Sql.Sqlite;

/// <summary>What an account uses of its quota; always equal to the sum of its mailboxes.</summary>
internal static class AccountRows
{
    /// <summary>Counts more mail, in the unit of work that adds it.</summary>
    /// <returns>False when it would pass the quota; nothing was changed.</returns>
    public static bool Use(SqlSession s, long accountId, long bytes, long messages, bool evenIfOver = false) =>
        s.Run(
            """
            UPDATE accounts SET used = used + $1, used_messages = used_messages + $2
            WHERE id = $0 AND ($3 OR ((quota = 0 OR used + $1 <= quota)
                AND (quota_messages = 0 OR used_messages + $2 <= quota_messages)))
            """,
            accountId,
            bytes,
            messages,
            evenIfOver
        ) > 0;

    /// <summary>Counts less.</summary>
    public static void Free(SqlSession s, long accountId, long bytes, long messages) =>
        s.Run(
            "UPDATE accounts SET used = used - $1, used_messages = used_messages - $2 WHERE id = $0",
            accountId,
            bytes,
            messages
        );
}
