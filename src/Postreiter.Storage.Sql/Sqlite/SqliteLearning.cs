using System.Runtime.CompilerServices;
using Postreiter.Storage.Learning;

namespace Postreiter.Storage.Sql.Sqlite;

internal sealed class SqliteLearning(SqliteStore store) : ILearningStore
{
    private const int NamesAtOnce = 1000;

    public ValueTask<IReadOnlyList<bool>> LearnAsync(
        long place,
        IReadOnlyList<MailToLearn> mails,
        CancellationToken ct
    ) =>
        store.WriteAsync<IReadOnlyList<bool>>(
            scope =>
            {
                var changed = new bool[mails.Count];
                if (!TryOpen(scope.Session, place))
                    return changed;
                for (var i = 0; i < changed.Length; i++)
                    changed[i] = Learn(scope.Session, place, mails[i]);
                return changed;
            },
            ct
        );

    public ValueTask<LearnedVersion> ReadAsync(
        long place,
        LearnedVersion after,
        ILearnedReader reader,
        CancellationToken ct
    )
    {
        ct.ThrowIfCancellationRequested();
        return new(store.Read(s => Read(s, place, after, reader)));
    }

    public ValueTask<LearnedVersion?> CompactAsync(
        long place,
        LearnedVersion at,
        LearnedCounts counts,
        bool isNew,
        CancellationToken ct
    ) =>
        store.WriteAsync(
            scope =>
            {
                var s = scope.Session;
                if (Row(s, place) is not { } row || row.Generation != at.Generation || at.Change < row.Base)
                    return (LearnedVersion?)null;
                s.Run("DELETE FROM learned_changes WHERE place = $0 AND change <= $1", place, at.Change);
                Write(s, place, row.Generation + (isNew ? 1 : 0), at.Change, counts);
                return new LearnedVersion(row.Generation + (isNew ? 1 : 0), at.Change);
            },
            ct
        );

    public ValueTask<bool> ReplaceAsync(
        long place,
        LearnedCounts counts,
        IReadOnlyList<LearnedName> mails,
        CancellationToken ct
    ) =>
        store.WriteAsync(
            scope =>
            {
                var s = scope.Session;
                if (!TryOpen(s, place))
                    return false;
                var row = Row(s, place)!;
                s.Run("DELETE FROM learned_changes WHERE place = $0", place);
                s.Run("DELETE FROM learned_mails WHERE place = $0", place);
                Write(s, place, row.Generation + 1, row.Change, counts);
                foreach (var mail in mails)
                    s.Run(
                        "INSERT INTO learned_mails VALUES($0, $1, $2) ON CONFLICT DO UPDATE SET is_spam = excluded.is_spam",
                        place,
                        mail.Name,
                        mail.IsSpam
                    );
                return true;
            },
            ct
        );

    public async IAsyncEnumerable<LearnedName> ListAsync(long place, [EnumeratorCancellation] CancellationToken ct)
    {
        var last = "";
        while (true)
        {
            ct.ThrowIfCancellationRequested();
            var after = last;
            var names = store.Read(s =>
                s.List(
                    "SELECT name, is_spam FROM learned_mails WHERE place = $0 AND name > $1 ORDER BY name LIMIT $2",
                    r => new LearnedName(r.GetString(0), r.GetInt32(1) != 0),
                    place,
                    after,
                    NamesAtOnce
                )
            );
            foreach (var name in names)
                yield return name;
            if (names.Count < NamesAtOnce)
                yield break;
            last = names[^1].Name;
            await Task.Yield();
        }
    }

    /// <summary>Forgets all that an account learned, the account being removed.</summary>
    public static void Drop(SqlSession session, long place)
    {
        session.Run("DELETE FROM learned WHERE place = $0", place);
        session.Run("DELETE FROM learned_pages WHERE place = $0", place);
        session.Run("DELETE FROM learned_changes WHERE place = $0", place);
        session.Run("DELETE FROM learned_mails WHERE place = $0", place);
    }

    // Makes the place where it is not there yet.
    private static bool TryOpen(SqlSession s, long place)
    {
        if (place != ILearningStore.Server && s.Scalar("SELECT 1 FROM accounts WHERE id = $0", place) is null)
            return false;
        s.Run("INSERT INTO learned VALUES($0, 1, 0, 0, 0, 0, 0, 0, 0) ON CONFLICT DO NOTHING", place);
        return true;
    }

    private static bool Learn(SqlSession s, long place, MailToLearn mail)
    {
        var name = mail.Name;
        var was = Find(s, place, name);
        if (was is null && mail.OtherName is not null && Find(s, place, mail.OtherName) is { } other)
            (name, was) = (mail.OtherName, other);
        if (was == mail.IsSpam || (was is not null && mail.IsSpam is not null && !mail.MayRelearn))
            return false;
        if (was is { } before)
        {
            s.Run("DELETE FROM learned_mails WHERE place = $0 AND name = $1", place, name);
            Append(s, place, mail, before, -1);
        }

        if (mail.IsSpam is not { } isSpam)
            return true;
        s.Run("INSERT INTO learned_mails VALUES($0, $1, $2)", place, mail.Name, isSpam);
        Append(s, place, mail, isSpam, 1);
        return true;
    }

    private static bool? Find(SqlSession s, long place, string name)
    {
        using var rows = s.Rows("SELECT is_spam FROM learned_mails WHERE place = $0 AND name = $1", place, name);
        return rows.Read() ? rows.Row.GetInt32(0) != 0 : null;
    }

    private static void Append(SqlSession s, long place, MailToLearn mail, bool isSpam, int change)
    {
        var number = s.Integer("UPDATE learned SET change = change + 1 WHERE place = $0 RETURNING change", place);
        // What is forgotten makes nothing newer.
        s.Run(
            "INSERT INTO learned_changes VALUES($0, $1, $2, $3, $4, $5)",
            place,
            number,
            isSpam ? change : 0,
            isSpam ? 0 : change,
            change > 0 ? (long)mail.Time : 0,
            mail.Tokens.ToArray()
        );
    }

    private static LearnedVersion Read(SqlSession s, long place, LearnedVersion after, ILearnedReader reader)
    {
        // Never learned, or the account is gone.
        if (Row(s, place) is not { } row)
        {
            if (after != default)
                reader.Start(default);
            return default;
        }

        if (row.Generation != after.Generation || after.Change < row.Base)
        {
            reader.Start(row.Counts);
            using var pages = s.Rows("SELECT page, tokens FROM learned_pages WHERE place = $0 ORDER BY page", place);
            while (pages.Read())
                reader.Page(new LearnedPage(pages.Row.GetInt32(0), pages.Row.GetBytes(1)));
            after = new LearnedVersion(row.Generation, row.Base);
        }

        if (after.Change < row.Change)
        {
            using var changes = s.Rows(
                "SELECT spam, ham, time, tokens FROM learned_changes WHERE place = $0 AND change > $1 ORDER BY change",
                place,
                after.Change
            );
            while (changes.Read())
            {
                var change = changes.Row;
                reader.Change(
                    new LearnedChange(
                        change.GetInt32(0),
                        change.GetInt32(1),
                        (uint)change.GetInt64(2),
                        change.GetBytes(3)
                    )
                );
            }
        }

        return new LearnedVersion(row.Generation, row.Change);
    }

    private static void Write(SqlSession s, long place, long generation, long @base, LearnedCounts counts)
    {
        s.Run("DELETE FROM learned_pages WHERE place = $0", place);
        foreach (var page in counts.Pages ?? [])
            s.Run("INSERT INTO learned_pages VALUES($0, $1, $2)", place, page.Number, page.Tokens.ToArray());
        s.Run(
            """
            UPDATE learned SET generation = $1, base = $2, spam = $3, ham = $4, expired = $5, expired_age = $6,
                expired_tokens = $7 WHERE place = $0
            """,
            place,
            generation,
            @base,
            counts.Spam,
            counts.Ham,
            counts.Expiry.At,
            counts.Expiry.Age,
            counts.Expiry.Removed
        );
    }

    private static PlaceRow? Row(SqlSession s, long place) =>
        s.First(
            """
            SELECT generation, base, change, spam, ham, expired, expired_age, expired_tokens FROM learned WHERE place = $0
            """,
            static r => new PlaceRow(
                r.GetInt64(0),
                r.GetInt64(1),
                r.GetInt64(2),
                new LearnedCounts(
                    r.GetInt64(3),
                    r.GetInt64(4),
                    new LearnedExpiry(r.GetInt64(5), r.GetInt64(6), r.GetInt64(7)),
                    null
                )
            ),
            place
        );

    private sealed record PlaceRow(long Generation, long Base, long Change, LearnedCounts Counts);
}
