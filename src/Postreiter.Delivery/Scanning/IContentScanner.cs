using System.IO.Pipelines;

namespace Postreiter.Delivery.Scanning;

/// <summary>Looks at whole messages for what is not to be let through.</summary>
public interface IContentScanner
{
    /// <summary>What it is called in logs, traces and metrics: as the settings name it.</summary>
    string Name { get; }

    /// <summary>
    /// Reads a message to its end, while it may still be arriving, and says what it is. An answer may come before the end; the rest is
    /// then not read.
    /// </summary>
    /// <param name="content">The message. The caller completes it; a scanner only reads.</param>
    /// <param name="ct">Ends it: then an <see cref="OperationCanceledException"/> ends the task.</param>
    /// <returns>Never an exception for what the scanner did or did not do: that is <see cref="ScanState.Failed"/>.</returns>
    ValueTask<ScanAnswer> ScanAsync(PipeReader content, CancellationToken ct);
}
