using Postreiter.Core;

namespace Postreiter.Storage.Gate;

/// <summary>What the gate keeps: whom greylisting knows, and why each message was taken or not.</summary>
public interface IGateStore
{
    /// <summary>Reads every greylist row, in no order.</summary>
    /// <param name="each">Is given each row's key, times and passes.</param>
    /// <param name="ct">Stops it.</param>
    /// <returns>The highest version: what is saved later has a higher one.</returns>
    ValueTask<long> ReadGreylistAsync(Action<GreylistState> each, CancellationToken ct);

    /// <summary>Rows saved after a version, by version, at most <paramref name="limit"/>.</summary>
    ValueTask<IReadOnlyList<GreylistRow>> ListGreylistAsync(long afterVersion, int limit, CancellationToken ct);

    /// <summary>The row of a key, or null.</summary>
    ValueTask<GreylistRow?> FindGreylistAsync(long key, CancellationToken ct);

    /// <summary>
    /// Saves rows, each as a whole, and gives them new versions. Where another process saw the same caller at the same time nothing is lost:
    /// a row that begins before the stored one was last used, or a moment after, adds to it: the earlier beginning, the later use and the higher
    /// number of passes count.
    /// </summary>
    ValueTask SaveGreylistAsync(IReadOnlyList<GreylistRow> rows, CancellationToken ct);

    /// <summary>Removes up to some thousand rows that are over.</summary>
    /// <param name="waitingBefore">Those that never passed and began before this, seconds since 1970.</param>
    /// <param name="passedBefore">Those that passed and were used last before this.</param>
    /// <param name="ct">Stops before the work begins.</param>
    /// <returns>How many; less than <see cref="PruneStep"/> when none is left.</returns>
    ValueTask<int> PruneGreylistAsync(long waitingBefore, long passedBefore, CancellationToken ct);

    /// <summary>Saves traces of attempts that ended without a filing; those of messages that are filed go with <see cref="Mail.Filing.Trace"/>.</summary>
    ValueTask SaveTracesAsync(IReadOnlyList<TraceRecord> traces, CancellationToken ct);

    /// <summary>The trace of a message or attempt, or null.</summary>
    ValueTask<TraceRecord?> FindTraceAsync(TraceId id, CancellationToken ct);

    /// <summary>Traces in which an address is the sender or a recipient, the newest first, at most <paramref name="limit"/>.</summary>
    ValueTask<IReadOnlyList<TraceRecord>> ListTracesAsync(EmailAddress address, int limit, CancellationToken ct);

    /// <summary>Removes up to <see cref="PruneStep"/> traces of attempts before a moment.</summary>
    /// <returns>How many; less than <see cref="PruneStep"/> when none is left.</returns>
    ValueTask<int> PruneTracesAsync(DateTimeOffset before, CancellationToken ct);

    /// <summary>The moment: as long as processes may not have heard of each other's rows.</summary>
    const int JoinSeconds = 5;

    /// <summary>Most rows that one step of pruning removes: others' work waits no longer than that takes.</summary>
    const int PruneStep = 2_000;
}
