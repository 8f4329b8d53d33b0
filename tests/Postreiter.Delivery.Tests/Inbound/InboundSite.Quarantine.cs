using Microsoft.Extensions.Logging.Abstractions;
using Postreiter.Core;
using Postreiter.Delivery.Quarantine;
using Postreiter.Delivery.Reports;
using Postreiter.Messages;

namespace Postreiter.Delivery.Tests.Inbound;

/// <content>The quarantine.</content>
internal sealed partial class InboundSite
{
    /// <summary>How much may be kept apart.</summary>
    public QuarantineOptions Quarantine
    {
        get => _intake.Quarantine;
        set => _intake.Quarantine = value;
    }

    /// <summary>What is kept apart: of whom, from whom, for whom and why.</summary>
    public async Task<List<string>> QuarantinedAsync() =>
        [
            .. (await _memory.Quarantine.ListAsync(null, 0, 100, Ct)).Select(static q =>
                $"{q.AccountId} <{q.Sender}> {string.Join(' ', q.Recipients)}: {q.Reason}"
            ),
        ];

    /// <summary>Delivers all that is kept apart.</summary>
    public async Task ReleaseAllAsync()
    {
        foreach (var message in await _memory.Quarantine.ListAsync(null, 0, 100, Ct))
            await _memory.Quarantine.ReleaseAsync(message.Id, Clock.GetUtcNow(), Ct);
    }

    /// <summary>Looks after what is kept apart.</summary>
    public QuarantineUpkeep Upkeep(QuarantineOptions options) =>
        new(
            _store,
            new NoticeFiler(_store, _resolver, MessageScanner.Create, Host, Clock, new SafeRandom(9)),
            Clock,
            NullLogger<QuarantineUpkeep>.Instance
        )
        {
            Options = options,
        };
}
