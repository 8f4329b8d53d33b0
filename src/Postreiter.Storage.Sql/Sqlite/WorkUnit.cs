using Postreiter.Storage.Blobs;

namespace Postreiter.Storage.Sql.Sqlite;

/// <summary>One unit of work: all of it or nothing.</summary>
internal abstract class WorkUnit
{
    /// <summary>Contents that must be durable before the rows.</summary>
    public IReadOnlyList<PendingBlob> Contents { get; init; } = [];

    /// <summary>Runs with no other batch under way: what it takes away, nobody else has just been promised.</summary>
    public bool IsAlone { get; init; }

    /// <summary>Its contents are in the store already and go to another place.</summary>
    public bool Moves { get; init; }

    /// <summary>Does the work. May be called again after a roll-back: it keeps nothing but its result.</summary>
    public abstract void Run(WriteScope scope);

    public abstract void Complete();

    public abstract void Fail(Exception error);
}

internal sealed class WorkUnit<T>(Func<WriteScope, T> work) : WorkUnit
{
    private readonly TaskCompletionSource<T> _done = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private T? _result;

    public Task<T> Done => _done.Task;

    public override void Run(WriteScope scope) => _result = work(scope);

    public override void Complete() => _done.TrySetResult(_result!);

    public override void Fail(Exception error) => _done.TrySetException(error);
}
