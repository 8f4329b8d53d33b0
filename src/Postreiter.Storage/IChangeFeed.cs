namespace Postreiter.Storage;

/// <summary>Tells of committed changes. It says that something changed, not what: the reader asks the store.</summary>
public interface IChangeFeed
{
    /// <summary>Changes of an account's mailboxes and messages, from now on.</summary>
    ChangeSubscription SubscribeToAccount(long accountId);

    /// <summary>New, released or changed queue items, from now on.</summary>
    ChangeSubscription SubscribeToQueue();

    /// <summary>Changes of domains, accounts and aliases, for caches.</summary>
    ChangeSubscription SubscribeToDirectory();

    /// <summary>Changes of lists of senders and of thresholds, for caches.</summary>
    ChangeSubscription SubscribeToLists();
}

/// <summary>One listener. Changes that come while it does not wait are kept as one.</summary>
public abstract class ChangeSubscription : IDisposable
{
    /// <summary>Waits for the next change; at once when one came since the last wait. One waiter at a time.</summary>
    public abstract ValueTask WaitAsync(CancellationToken ct);

    /// <summary>Takes a change without waiting: true when one came since the last wait.</summary>
    public abstract bool TryTake();

    /// <inheritdoc/>
    public void Dispose()
    {
        Dispose(true);
        GC.SuppressFinalize(this);
    }

    /// <summary>Ends the subscription.</summary>
    protected abstract void Dispose(bool disposing);
}
