using Microsoft.Extensions.Logging.Abstractions;
using Postreiter.Delivery.Filtering;
using Postreiter.Spam.Scanning;

namespace Postreiter.Delivery.Tests.Inbound;

/// <content>The filter of spam.</content>
internal sealed partial class InboundSite
{
    /// <summary>Has mail from outside scanned.</summary>
    public void Filter(IMailScanner scanner, SpamFilterOptions options) =>
        _intake.Spam = new SpamFilter(scanner, Host, Clock, NullLogger.Instance) { Options = options };
}
