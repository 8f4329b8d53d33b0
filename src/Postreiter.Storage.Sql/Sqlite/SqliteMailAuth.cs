using System.Net;
using Postreiter.Core;
using Postreiter.Storage.MailAuth;

namespace Postreiter.Storage.Sql.Sqlite;

internal sealed class SqliteMailAuth(SqliteStore store) : IMailAuthStore
{
    public ValueTask<IReadOnlyList<DkimKeyRecord>> ListDkimKeysAsync(CancellationToken ct) =>
        new(
            store.Read(s =>
                s.List(
                    """
                    SELECT domain, selector, algorithm, private_key, state, created, activated, retired FROM dkim_keys
                    ORDER BY domain, created, selector
                    """,
                    ReadKey
                )
            )
        );

    public ValueTask<bool> AddDkimKeyAsync(DkimKeyRecord key, CancellationToken ct) =>
        ChangeAsync(
            s =>
                s.Scalar("SELECT 1 FROM domains WHERE name = $0", key.Domain.Ascii) is not null
                && s.Run(
                    "INSERT INTO dkim_keys VALUES($0, $1, $2, $3, $4, $5, $6, $7) ON CONFLICT DO NOTHING",
                    key.Domain.Ascii,
                    key.Selector,
                    (int)key.Algorithm,
                    key.PrivateKey.ToArray(),
                    (int)key.State,
                    key.Created.UtcTicks,
                    key.Activated?.UtcTicks,
                    key.Retired?.UtcTicks
                ) > 0,
            ct
        );

    public ValueTask<bool> ActivateDkimKeyAsync(
        DomainName domain,
        string selector,
        DateTimeOffset at,
        CancellationToken ct
    ) =>
        ChangeAsync(
            s =>
            {
                const int active = (int)DkimKeyState.Active;
                if (
                    s.Scalar(
                        "SELECT algorithm FROM dkim_keys WHERE domain = $0 AND selector = $1 AND state != $2",
                        domain.Ascii,
                        selector,
                        active
                    )
                    is not long algorithm
                )
                    return false;
                s.Run(
                    "UPDATE dkim_keys SET state = $2, retired = $3 WHERE domain = $0 AND algorithm = $1 AND state = $4",
                    domain.Ascii,
                    algorithm,
                    (int)DkimKeyState.Retired,
                    at.UtcTicks,
                    active
                );
                s.Run(
                    """
                    UPDATE dkim_keys SET state = $2, activated = $3, retired = NULL WHERE domain = $0 AND selector = $1
                    """,
                    domain.Ascii,
                    selector,
                    active,
                    at.UtcTicks
                );
                return true;
            },
            ct
        );

    public ValueTask<bool> RemoveDkimKeyAsync(DomainName domain, string selector, CancellationToken ct) =>
        ChangeAsync(
            s => s.Run("DELETE FROM dkim_keys WHERE domain = $0 AND selector = $1", domain.Ascii, selector) > 0,
            ct
        );

    public ValueTask<IReadOnlyList<SrsSecret>> ListSrsSecretsAsync(CancellationToken ct) =>
        new(
            store.Read(s =>
                s.List(
                    "SELECT secret, created FROM srs_secrets ORDER BY created DESC, id DESC",
                    r => new SrsSecret(r.GetBytes(0), Time(r.GetInt64(1)))
                )
            )
        );

    public async ValueTask AddSrsSecretAsync(SrsSecret secret, DateTimeOffset forget, CancellationToken ct) =>
        await store.WriteAsync(
            scope =>
            {
                scope.Session.Run("DELETE FROM srs_secrets WHERE created < $0", forget.UtcTicks);
                return scope.Session.Run(
                    "INSERT INTO srs_secrets(secret, created) VALUES($0, $1)",
                    secret.Secret.ToArray(),
                    secret.Created.UtcTicks
                );
            },
            ct
        );

    public ValueTask<bool> AddDmarcReportAsync(DmarcReportRecord report, CancellationToken ct) =>
        store.WriteAsync(
            scope =>
            {
                var s = scope.Session;
                var isNew = s.Run(
                    "INSERT INTO dmarc_reports VALUES($0, $1, $2, $3) ON CONFLICT DO NOTHING",
                    report.Reporter,
                    report.ReportId,
                    report.Domain.Ascii,
                    report.Received.UtcTicks
                );
                foreach (var row in isNew > 0 ? report.Rows : [])
                {
                    s.Run(
                        """
                        INSERT INTO dmarc_sums VALUES($0, $1, $2, $3, $4, $5, $6, $7, $8)
                        ON CONFLICT DO UPDATE SET messages = messages + excluded.messages
                        """,
                        report.Domain.Ascii,
                        row.Day.DayNumber,
                        row.Source.ToString(),
                        row.Reporter,
                        row.HeaderFrom,
                        row.Disposition,
                        row.IsDkimAligned,
                        row.IsSpfAligned,
                        row.Count
                    );
                }

                return isNew > 0;
            },
            ct
        );

    public ValueTask<IReadOnlyList<DmarcSum>> ListDmarcSumsAsync(
        DomainName domain,
        DateOnly from,
        CancellationToken ct
    ) =>
        new(
            store.Read(s =>
                s.List(
                    """
                    SELECT day, reporter, source, header_from, disposition, dkim, spf, messages FROM dmarc_sums
                    WHERE domain = $0 AND day >= $1 ORDER BY day, source, reporter, header_from, disposition, dkim, spf
                    """,
                    r => new DmarcSum(
                        DateOnly.FromDayNumber(r.GetInt32(0)),
                        r.GetString(1),
                        IPAddress.Parse(r.GetString(2)),
                        r.GetString(3),
                        r.GetString(4),
                        r.GetInt64(5) != 0,
                        r.GetInt64(6) != 0,
                        r.GetInt64(7)
                    ),
                    domain.Ascii,
                    from.DayNumber
                )
            )
        );

    public async ValueTask CountDmarcResultsAsync(IReadOnlyList<DmarcTally> tallies, CancellationToken ct) =>
        await store.WriteAsync(
            scope =>
            {
                foreach (var tally in tallies)
                {
                    scope.Session.Run(
                        """
                        INSERT INTO dmarc_results VALUES($0, $1, $2, $3)
                        ON CONFLICT DO UPDATE SET messages = messages + excluded.messages
                        """,
                        tally.Domain.Ascii,
                        tally.Day.DayNumber,
                        tally.Kind,
                        tally.Count
                    );
                }

                return true;
            },
            ct
        );

    public ValueTask<IReadOnlyList<DmarcTally>> ListDmarcResultsAsync(DateOnly day, CancellationToken ct) =>
        new(
            store.Read(s =>
                s.List(
                    "SELECT domain, day, kind, messages FROM dmarc_results WHERE day < $0 ORDER BY domain, day, kind",
                    r => new DmarcTally(
                        DateOnly.FromDayNumber(r.GetInt32(1)),
                        DomainName.Parse(r.GetString(0)),
                        r.GetString(2),
                        r.GetInt64(3)
                    ),
                    day.DayNumber
                )
            )
        );

    public async ValueTask RemoveDmarcResultsAsync(DomainName domain, DateOnly day, CancellationToken ct) =>
        await store.WriteAsync(
            scope =>
                scope.Session.Run(
                    "DELETE FROM dmarc_results WHERE domain = $0 AND day = $1",
                    domain.Ascii,
                    day.DayNumber
                ),
            ct
        );

    // Who signs keeps the keys at hand: it hears of a change as of one in the directory.
    private ValueTask<bool> ChangeAsync(Func<SqlSession, bool> change, CancellationToken ct) =>
        store.WriteAsync(
            scope =>
            {
                var changed = change(scope.Session);
                if (changed)
                    scope.DirectoryChanged();
                return changed;
            },
            ct
        );

    private static DkimKeyRecord ReadKey(SqlStatement r) =>
        new()
        {
            Domain = DomainName.Parse(r.GetString(0)),
            Selector = r.GetString(1),
            Algorithm = (DkimKeyAlgorithm)r.GetInt32(2),
            PrivateKey = r.GetBytes(3),
            State = (DkimKeyState)r.GetInt32(4),
            Created = Time(r.GetInt64(5)),
            Activated = r.IsNull(6) ? null : Time(r.GetInt64(6)),
            Retired = r.IsNull(7) ? null : Time(r.GetInt64(7)),
        };

    private static DateTimeOffset Time(long ticks) => new(ticks, TimeSpan.Zero);
}
