using Microsoft.Extensions.Logging.Abstractions;
using Postreiter.Delivery.Scanning.Contents;

namespace Postreiter.Delivery.Tests.Inbound;

/// <content>The rules about contents.</content>
internal sealed partial class InboundSite
{
    /// <summary>Has what is attached looked at.</summary>
    public void LookInto(ContentRules? rules = null) =>
        _intake.Contents = new ContentFilter(Clock, NullLogger.Instance) { Rules = rules ?? new ContentRules() };
}
