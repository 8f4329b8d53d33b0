using Postreiter.Core;
using Postreiter.Storage.MailAuth;

namespace Postreiter.Testing.Memory;

internal sealed class MemoryMailAuth(MemoryState state) : IMailAuthStore
{
    public ValueTask<IReadOnlyList<DkimKeyRecord>> ListDkimKeysAsync(CancellationToken ct)
    {
        lock (state.Lock)
            return new([
                .. state
                    .DkimKeys.OrderBy(k => k.Domain)
                    .ThenBy(k => k.Created)
                    .ThenBy(k => k.Selector, StringComparer.Ordinal),
            ]);
    }

    public ValueTask<bool> AddDkimKeyAsync(DkimKeyRecord key, CancellationToken ct)
    {
        lock (state.Lock)
        {
            if (!state.Domains.Contains(key.Domain) || Find(key.Domain, key.Selector) >= 0)
                return new(false);
            state.DkimKeys.Add(key);
            state.Feed.DirectoryChanged();
            return new(true);
        }
    }

    public ValueTask<bool> ActivateDkimKeyAsync(
        DomainName domain,
        string selector,
        DateTimeOffset at,
        CancellationToken ct
    )
    {
        lock (state.Lock)
        {
            var found = Find(domain, selector);
            if (found < 0 || state.DkimKeys[found].State == DkimKeyState.Active)
                return new(false);
            var key = state.DkimKeys[found];
            for (var i = 0; i < state.DkimKeys.Count; i++)
            {
                var other = state.DkimKeys[i];
                if (other.Domain == domain && other.Algorithm == key.Algorithm && other.State == DkimKeyState.Active)
                    state.DkimKeys[i] = other with { State = DkimKeyState.Retired, Retired = at };
            }

            state.DkimKeys[found] = key with { State = DkimKeyState.Active, Activated = at, Retired = null };
            state.Feed.DirectoryChanged();
            return new(true);
        }
    }

    public ValueTask<bool> RemoveDkimKeyAsync(DomainName domain, string selector, CancellationToken ct)
    {
        lock (state.Lock)
        {
            var found = Find(domain, selector);
            if (found < 0)
                return new(false);
            state.DkimKeys.RemoveAt(found);
            state.Feed.DirectoryChanged();
            return new(true);
        }
    }

    public ValueTask<IReadOnlyList<SrsSecret>> ListSrsSecretsAsync(CancellationToken ct)
    {
        lock (state.Lock)
            return new([.. Enumerable.Reverse(state.SrsSecrets).OrderByDescending(s => s.Created)]);
    }

    public ValueTask AddSrsSecretAsync(SrsSecret secret, DateTimeOffset forget, CancellationToken ct)
    {
        lock (state.Lock)
        {
            state.SrsSecrets.RemoveAll(s => s.Created < forget);
            state.SrsSecrets.Add(secret);
            return ValueTask.CompletedTask;
        }
    }

    public ValueTask<bool> AddDmarcReportAsync(DmarcReportRecord report, CancellationToken ct)
    {
        lock (state.Lock)
        {
            if (!state.DmarcReports.Add((report.Reporter, report.ReportId, report.Domain)))
                return new(false);
            foreach (var row in report.Rows)
            {
                var key = (report.Domain, row with { Count = 1 });
                state.DmarcSums[key] = state.DmarcSums.GetValueOrDefault(key) + row.Count;
            }

            return new(true);
        }
    }

    public ValueTask<IReadOnlyList<DmarcSum>> ListDmarcSumsAsync(DomainName domain, DateOnly from, CancellationToken ct)
    {
        lock (state.Lock)
            return new([
                .. state
                    .DmarcSums.Where(s => s.Key.Domain == domain && s.Key.Row.Day >= from)
                    .Select(s => s.Key.Row with { Count = s.Value })
                    .OrderBy(s => s.Day)
                    .ThenBy(s => s.Source.ToString(), StringComparer.Ordinal)
                    .ThenBy(s => s.Reporter, StringComparer.Ordinal)
                    .ThenBy(s => s.HeaderFrom, StringComparer.Ordinal)
                    .ThenBy(s => s.Disposition, StringComparer.Ordinal)
                    .ThenBy(s => s.IsDkimAligned)
                    .ThenBy(s => s.IsSpfAligned),
            ]);
    }

    public ValueTask CountDmarcResultsAsync(IReadOnlyList<DmarcTally> tallies, CancellationToken ct)
    {
        lock (state.Lock)
        {
            foreach (var tally in tallies)
            {
                var key = (tally.Domain, tally.Day, tally.Kind);
                state.DmarcResults[key] = state.DmarcResults.GetValueOrDefault(key) + tally.Count;
            }

            return ValueTask.CompletedTask;
        }
    }

    public ValueTask<IReadOnlyList<DmarcTally>> ListDmarcResultsAsync(DateOnly day, CancellationToken ct)
    {
        lock (state.Lock)
            return new([
                .. state
                    .DmarcResults.Where(r => r.Key.Day < day)
                    .Select(r => new DmarcTally(r.Key.Day, r.Key.Domain, r.Key.Kind, r.Value))
                    .OrderBy(t => t.Domain)
                    .ThenBy(t => t.Day)
                    .ThenBy(t => t.Kind, StringComparer.Ordinal),
            ]);
    }

    public ValueTask RemoveDmarcResultsAsync(DomainName domain, DateOnly day, CancellationToken ct)
    {
        lock (state.Lock)
        {
            foreach (var key in state.DmarcResults.Keys.Where(k => k.Domain == domain && k.Day == day).ToList())
                state.DmarcResults.Remove(key);
            return ValueTask.CompletedTask;
        }
    }

    private int Find(DomainName domain, string selector) =>
        state.DkimKeys.FindIndex(k => k.Domain == domain && k.Selector == selector);
}
