using System.Net;
using Microsoft.AspNetCore.Connections;
using Microsoft.Extensions.Logging;

namespace Postreiter.Net.Listeners;

/// <summary>Kestrel's sockets, that accept only while there are file handles to spare (F13).</summary>
/// <param name="inner">Makes the listeners.</param>
/// <param name="budget">Says when.</param>
/// <param name="logger">Told when accepting pauses.</param>
public sealed class PausingListenerFactory(IConnectionListenerFactory inner, HandleBudget budget, ILogger logger)
    : IConnectionListenerFactory,
        IConnectionListenerFactorySelector
{
    /// <inheritdoc/>
    public bool CanBind(EndPoint endpoint) =>
        inner is not IConnectionListenerFactorySelector selector || selector.CanBind(endpoint);

    /// <inheritdoc/>
    public async ValueTask<IConnectionListener> BindAsync(
        EndPoint endpoint,
        CancellationToken cancellationToken = default
    ) => new Listener(await inner.BindAsync(endpoint, cancellationToken), budget, logger);

    private sealed class Listener(IConnectionListener inner, HandleBudget budget, ILogger logger) : IConnectionListener
    {
        private readonly CancellationTokenSource _unbound = new();

        public EndPoint EndPoint => inner.EndPoint;

        public async ValueTask<ConnectionContext?> AcceptAsync(CancellationToken cancellationToken = default)
        {
            try
            {
                await budget.WaitAsync(
                    () => logger.LogWarning("{EndPoint} does not accept: file handles are short", EndPoint),
                    _unbound.Token
                );
            }
            catch (OperationCanceledException)
            {
                // Unbound: as the inner one says it.
                return null;
            }

            return await inner.AcceptAsync(cancellationToken);
        }

        public async ValueTask UnbindAsync(CancellationToken cancellationToken = default)
        {
            await _unbound.CancelAsync();
            await inner.UnbindAsync(cancellationToken);
        }

        public async ValueTask DisposeAsync()
        {
            await _unbound.CancelAsync();
            await inner.DisposeAsync();
            _unbound.Dispose();
        }
    }
}
