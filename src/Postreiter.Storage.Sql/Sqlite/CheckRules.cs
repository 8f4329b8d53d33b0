namespace Postreiter.Storage.Sql.Sqlite;

/// <summary>One thing that must hold.</summary>
/// <param name="Problem">Names what is wrong in its first column, a row each.</param>
/// <param name="Repair">
/// Puts it right ($0 is the time in ticks), where the right value follows from other rows and no message is touched; else null.
/// </param>
internal sealed record CheckRule(string Problem, string? Repair = null);

/// <summary>What must hold between the rows.</summary>
internal static class CheckRules
{
    private const string Counted = """
        SELECT b.id, ifnull(m.n, 0) n, ifnull(m.unseen, 0) unseen, ifnull(m.deleted, 0) deleted, ifnull(m.size, 0) size
        FROM mailboxes b LEFT JOIN (SELECT id >> 32 box, count(*) n, sum(system & 1 = 0) unseen,
            sum(system & 8 != 0) deleted, sum(size) size FROM messages GROUP BY 1) m ON m.box = b.id
        """;

    private const string HighestUid = """
        (SELECT max(ifnull((SELECT max(id) FROM messages m WHERE m.id BETWEEN b.id << 32 AND (b.id << 32) + 4294967295), 0),
            ifnull((SELECT max(id) FROM expunged e WHERE e.id BETWEEN b.id << 32 AND (b.id << 32) + 4294967295), 0))
            & 4294967295)
        """;

    private const string Referred = """
        (SELECT blob, count(*) n FROM (SELECT blob FROM messages UNION ALL SELECT blob FROM queue
            UNION ALL SELECT blob FROM kept UNION ALL SELECT blob FROM quarantine) GROUP BY 1)
        """;

    private const string Used =
        "(SELECT ifnull(sum(size), 0) s, ifnull(sum(messages), 0) n FROM mailboxes b WHERE b.account_id = a.id)";

    /// <summary>In the order in which they are put right: what is counted from what comes later.</summary>
    public static readonly IReadOnlyList<CheckRule> All =
    [
        new(
            """
            SELECT 'message ' || (m.id >> 32) || '/' || (m.id & 4294967295) || ': its mailbox, details or content is missing'
            FROM messages m WHERE NOT EXISTS(SELECT 1 FROM mailboxes b WHERE b.id = m.id >> 32)
                OR NOT EXISTS(SELECT 1 FROM details d WHERE d.id = m.id)
                OR NOT EXISTS(SELECT 1 FROM blobs x WHERE x.id = m.blob)
            """
        ),
        new(
            """
            SELECT 'DKIM key ' || selector || ' of ' || domain || ': its domain is missing' FROM dkim_keys k
            WHERE NOT EXISTS(SELECT 1 FROM domains d WHERE d.name = k.domain)
            """
        ),
        new(
            """
            SELECT 'DKIM keys of ' || domain || ': ' || count(*) || ' of one algorithm are in use' FROM dkim_keys
            WHERE state = 1 GROUP BY domain, algorithm HAVING count(*) > 1
            """
        ),
        new(
            """
            SELECT 'what account ' || place || ' learned: the account is missing' FROM learned l
            WHERE place != 0 AND NOT EXISTS(SELECT 1 FROM accounts a WHERE a.id = l.place)
            """
        ),
        new(
            """
            SELECT 'what was learned at ' || place || ': pages, changes or mails without their place' FROM (
                SELECT place FROM learned_pages UNION SELECT place FROM learned_changes UNION SELECT place FROM learned_mails)
            WHERE place NOT IN (SELECT place FROM learned)
            """
        ),
        new(
            """
            SELECT 'what was learned at ' || c.place || ': a change is none of those that are not in the pages yet'
            FROM learned_changes c JOIN learned l ON l.place = c.place WHERE c.change <= l.base OR c.change > l.change GROUP BY 1
            """
        ),
        new(
            """
            SELECT 'lists of ' || scope || ': the account or domain is missing' FROM list_entries
            WHERE scope != '' AND scope NOT IN (SELECT key FROM accounts UNION ALL SELECT name FROM domains) GROUP BY scope
            """
        ),
        new(
            """
            SELECT 'lists of ' || scope || ': ' || sum(counted) || ' entries counted, ' || sum(found) || ' found' FROM (
                SELECT scope, entries counted, 0 found FROM list_scopes
                UNION ALL SELECT scope, 0, count(*) FROM list_entries GROUP BY scope)
            GROUP BY scope HAVING sum(counted) != sum(found)
            """,
            """
            INSERT INTO list_scopes SELECT scope, 0, sum(found), NULL FROM (
                SELECT scope, 0 found FROM list_scopes UNION ALL SELECT scope, count(*) FROM list_entries GROUP BY scope)
            WHERE true GROUP BY scope ON CONFLICT(scope) DO UPDATE SET entries = excluded.entries
            """
        ),
        new(
            """
            SELECT 'details ' || (d.id >> 32) || '/' || (d.id & 4294967295) || ': their message is missing'
            FROM details d WHERE NOT EXISTS(SELECT 1 FROM messages m WHERE m.id = d.id)
            """
        ),
        new(
            """
            SELECT 'queue item ' || id || ': its content is missing' FROM queue q
            WHERE NOT EXISTS(SELECT 1 FROM blobs x WHERE x.id = q.blob)
            """
        ),
        new(
            """
            SELECT 'kept message ' || id || ': its account or content is missing' FROM kept k
            WHERE NOT EXISTS(SELECT 1 FROM blobs x WHERE x.id = k.blob)
                OR NOT EXISTS(SELECT 1 FROM accounts a WHERE a.id = k.account_id)
            """
        ),
        new(
            """
            SELECT 'quarantined message ' || id || ': its account or content is missing' FROM quarantine q
            WHERE NOT EXISTS(SELECT 1 FROM blobs x WHERE x.id = q.blob)
                OR account_id != 0 AND NOT EXISTS(SELECT 1 FROM accounts a WHERE a.id = q.account_id)
            """
        ),
        new(
            """
            SELECT 'mailbox ' || b.id || ': its account is missing' FROM mailboxes b
            WHERE NOT EXISTS(SELECT 1 FROM accounts a WHERE a.id = b.account_id)
            """
        ),
        new(
            """
            SELECT 'message ' || (e.id >> 32) || '/' || (e.id & 4294967295) || ': is there and expunged'
            FROM expunged e JOIN messages m ON m.id = e.id
            """,
            "DELETE FROM expunged WHERE id IN (SELECT id FROM messages)"
        ),
        new(
            $"""
            SELECT 'mailbox ' || b.id || ': the counters do not match its messages' FROM mailboxes b
            JOIN ({Counted}) c ON c.id = b.id
            WHERE (b.messages, b.unseen, b.deleted, b.size) != (c.n, c.unseen, c.deleted, c.size)
            """,
            $"""
            UPDATE mailboxes SET messages = c.n, unseen = c.unseen, deleted = c.deleted, size = c.size
            FROM ({Counted}) c WHERE c.id = mailboxes.id
                AND (mailboxes.messages, mailboxes.unseen, mailboxes.deleted, mailboxes.size)
                    != (c.n, c.unseen, c.deleted, c.size)
            """
        ),
        new(
            $"SELECT 'mailbox ' || b.id || ': a UID is not below UIDNEXT' FROM mailboxes b WHERE {HighestUid} >= uid_next",
            $"UPDATE mailboxes AS b SET uid_next = {HighestUid} + 1 WHERE {HighestUid} >= uid_next"
        ),
        new(
            """
            SELECT 'mailbox ' || b.id || ': a MODSEQ is above HIGHESTMODSEQ' FROM mailboxes b
            WHERE (SELECT max(modseq) FROM messages m WHERE m.id >> 32 = b.id) > b.modseq
            """,
            """
            UPDATE mailboxes AS b SET modseq = (SELECT max(modseq) FROM messages m WHERE m.id >> 32 = b.id)
            WHERE (SELECT max(modseq) FROM messages m WHERE m.id >> 32 = b.id) > b.modseq
            """
        ),
        new(
            """
            SELECT 'account ' || a.id || ': a mailbox is ahead of its MODSEQ' FROM accounts a
            WHERE (SELECT max(modseq) FROM mailboxes b WHERE b.account_id = a.id) > a.modseq
            """,
            """
            UPDATE accounts AS a SET modseq = (SELECT max(modseq) FROM mailboxes b WHERE b.account_id = a.id)
            WHERE (SELECT max(modseq) FROM mailboxes b WHERE b.account_id = a.id) > a.modseq
            """
        ),
        new(
            """
            SELECT 'UIDVALIDITY: a mailbox is ahead of the counter' FROM mailboxes b GROUP BY 1
            HAVING max(uid_validity) > ifnull((SELECT value FROM counters WHERE name = 'uid_validity'), 0)
            """,
            """
            INSERT INTO counters SELECT 'uid_validity', max(uid_validity) FROM mailboxes WHERE true
            ON CONFLICT(name) DO UPDATE SET value = max(value, excluded.value)
            """
        ),
        new(
            $"""
            SELECT 'account ' || a.id || ': the mail counted does not match its mailboxes' FROM accounts a
            WHERE (used, used_messages) != {Used}
            """,
            $"UPDATE accounts AS a SET (used, used_messages) = {Used} WHERE (used, used_messages) != {Used}"
        ),
        new(
            $"""
            SELECT 'content ' || lower(hex(x.id)) || ': ' || refs || ' references counted, ' || ifnull(n, 0) || ' found'
            FROM blobs x LEFT JOIN {Referred} u ON u.blob = x.id
            WHERE refs != ifnull(n, 0) OR (refs > 0) = (unused_since IS NOT NULL)
            """,
            $"""
            UPDATE blobs SET refs = u.n, unused_since = CASE WHEN u.n = 0 THEN $0 END
            FROM (SELECT x.id, ifnull(n, 0) n FROM blobs x LEFT JOIN {Referred} r ON r.blob = x.id) u
            WHERE u.id = blobs.id AND (refs != u.n OR (refs > 0) = (unused_since IS NOT NULL))
            """
        ),
    ];
}
