using Microsoft.Extensions.Logging.Abstractions;
using Postreiter.Delivery.Scanning;

namespace Postreiter.Delivery.Tests.Inbound;

/// <content>The filter of viruses.</content>
internal sealed partial class InboundSite
{
    /// <summary>Has all mail scanned for viruses.</summary>
    public void Scan(VirusFilterOptions options, params IReadOnlyList<IContentScanner> scanners) =>
        _intake.Virus = new VirusFilter(Host, Clock, NullLogger.Instance)
        {
            Chain = new ScannerChain(scanners, Clock),
            Options = options,
        };
}
