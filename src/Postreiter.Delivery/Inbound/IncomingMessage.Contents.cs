using Postreiter.Delivery.Scanning.Contents;
using Postreiter.Messages;
using Postreiter.Storage.Blobs;

namespace Postreiter.Delivery.Inbound;

/// <content>The rules about contents.</content>
internal sealed partial class IncomingMessage
{
    private Task<ContentOutcome?> LookedIntoAsync(PendingBlob content, MessageFacts facts, CancellationToken ct) =>
        intake.Contents is { } filter
            ? filter.CheckAsync(peer, envelope, facts.Root, content, ct)
            : Task.FromResult<ContentOutcome?>(null);
}
