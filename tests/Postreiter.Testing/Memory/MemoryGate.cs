using Postreiter.Core;
using Postreiter.Storage.Gate;

namespace Postreiter.Testing.Memory;

internal sealed class MemoryGate(MemoryState state) : IGateStore
{
    private long _version;

    public ValueTask<long> ReadGreylistAsync(Action<GreylistState> each, CancellationToken ct)
    {
        lock (state.Lock)
        {
            foreach (var row in state.Greylist.Values)
                each(row.State);
            return new(_version);
        }
    }

    public ValueTask<IReadOnlyList<GreylistRow>> ListGreylistAsync(long afterVersion, int limit, CancellationToken ct)
    {
        lock (state.Lock)
            return new([
                .. state.Greylist.Values.Where(r => r.Version > afterVersion).OrderBy(r => r.Version).Take(limit),
            ]);
    }

    public ValueTask<GreylistRow?> FindGreylistAsync(long key, CancellationToken ct)
    {
        lock (state.Lock)
            return new(state.Greylist.GetValueOrDefault(key));
    }

    public ValueTask SaveGreylistAsync(IReadOnlyList<GreylistRow> rows, CancellationToken ct)
    {
        lock (state.Lock)
        {
            foreach (var row in rows)
            {
                var now = row.State;
                if (
                    state.Greylist.TryGetValue(now.Key, out var old)
                    && now.Passes >= 0
                    && old.State.Passes >= 0
                    && now.First <= (long)old.State.Last + IGateStore.JoinSeconds
                )
                    now = new GreylistState(
                        now.Key,
                        Math.Min(now.First, old.State.First),
                        Math.Max(old.State.Last, now.Last),
                        Math.Max(old.State.Passes, now.Passes)
                    );
                state.Greylist[now.Key] = (old ?? row) with { State = now, Version = ++_version };
            }

            return ValueTask.CompletedTask;
        }
    }

    public ValueTask<int> PruneGreylistAsync(long waitingBefore, long passedBefore, CancellationToken ct)
    {
        lock (state.Lock)
        {
            var over = state
                .Greylist.Values.Select(r => r.State)
                .Where(s => s.Passes <= 0 ? s.First < waitingBefore : s.Last < passedBefore)
                .Take(IGateStore.PruneStep)
                .ToList();
            foreach (var row in over)
                state.Greylist.Remove(row.Key);
            return new(over.Count);
        }
    }

    public ValueTask SaveTracesAsync(IReadOnlyList<TraceRecord> traces, CancellationToken ct)
    {
        lock (state.Lock)
        {
            foreach (var trace in traces)
                state.Traces[trace.Id.ToString()] = trace;
            return ValueTask.CompletedTask;
        }
    }

    public ValueTask<TraceRecord?> FindTraceAsync(TraceId id, CancellationToken ct)
    {
        lock (state.Lock)
            return new(state.Traces.GetValueOrDefault(id.ToString()));
    }

    public ValueTask<IReadOnlyList<TraceRecord>> ListTracesAsync(EmailAddress address, int limit, CancellationToken ct)
    {
        lock (state.Lock)
            return new([.. state.Traces.Values.Reverse().Where(t => t.Addresses.Contains(address)).Take(limit)]);
    }

    public ValueTask<int> PruneTracesAsync(DateTimeOffset before, CancellationToken ct)
    {
        lock (state.Lock)
        {
            var old = state.Traces.Where(t => t.Value.Id.Time < before).Take(IGateStore.PruneStep).ToList();
            foreach (var (id, _) in old)
                state.Traces.Remove(id);
            return new(old.Count);
        }
    }
}
