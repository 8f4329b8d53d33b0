using System.Collections.Concurrent;

namespace Postreiter.Storage;

/// <summary>The change feed of an engine that lives in one process.</summary>
public sealed class LocalChangeFeed : IChangeFeed
{
    // Account ids are 1 and more; the others share the table with them.
    private const long Queue = -1;
    private const long Directory = -2;
    private const long Lists = -3;
    private readonly Lock _lock = new();
    private readonly ConcurrentDictionary<long, Subscription[]> _topics = new();

    /// <inheritdoc/>
    public ChangeSubscription SubscribeToAccount(long accountId) => Add(accountId);

    /// <inheritdoc/>
    public ChangeSubscription SubscribeToQueue() => Add(Queue);

    /// <inheritdoc/>
    public ChangeSubscription SubscribeToDirectory() => Add(Directory);

    /// <inheritdoc/>
    public ChangeSubscription SubscribeToLists() => Add(Lists);

    /// <summary>Tells the listeners of an account; called after the commit.</summary>
    public void AccountChanged(long accountId) => Tell(accountId);

    /// <summary>Tells the listeners of the queue; called after the commit.</summary>
    public void QueueChanged() => Tell(Queue);

    /// <summary>Tells the listeners of the directory; called after the commit.</summary>
    public void DirectoryChanged() => Tell(Directory);

    /// <summary>Tells the listeners of lists of senders; called after the commit.</summary>
    public void ListsChanged() => Tell(Lists);

    private Subscription Add(long topic)
    {
        var subscription = new Subscription(this, topic);
        lock (_lock)
            _topics[topic] = _topics.TryGetValue(topic, out var others) ? [.. others, subscription] : [subscription];
        return subscription;
    }

    private void Remove(Subscription subscription, long topic)
    {
        lock (_lock)
        {
            if (!_topics.TryGetValue(topic, out var all))
                return;
            var rest = all.Where(s => s != subscription).ToArray();
            if (rest.Length == 0)
                _topics.TryRemove(topic, out _);
            else
                _topics[topic] = rest;
        }
    }

    private void Tell(long topic)
    {
        if (!_topics.TryGetValue(topic, out var subscriptions))
            return;
        foreach (var subscription in subscriptions)
            subscription.Signal();
    }

    private sealed class Subscription(LocalChangeFeed feed, long topic) : ChangeSubscription
    {
        // Holds 1 at most, so that changes which come while nobody waits are one.
        private readonly SemaphoreSlim _signal = new(0, 1);
        private readonly Lock _guard = new();
        private bool _disposed;

        public void Signal()
        {
            lock (_guard)
            {
                if (!_disposed && _signal.CurrentCount == 0)
                    _signal.Release();
            }
        }

        public override ValueTask WaitAsync(CancellationToken ct) => new(_signal.WaitAsync(ct));

        public override bool TryTake()
        {
            lock (_guard)
                return !_disposed && _signal.Wait(0, CancellationToken.None);
        }

        protected override void Dispose(bool disposing)
        {
            feed.Remove(this, topic);
            lock (_guard)
            {
                if (_disposed)
                    return;
                _disposed = true;
                _signal.Dispose();
            }
        }
    }
}
