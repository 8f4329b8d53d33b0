namespace Postreiter.Delivery.Scanning;

/// <summary>What a scanner says of a message.</summary>
public enum ScanState
{
    /// <summary>It found nothing.</summary>
    Clean,

    /// <summary>It found something.</summary>
    Infected,

    /// <summary>It could not look at all of it: nothing is known.</summary>
    Failed,
}

/// <summary>A scanner's answer.</summary>
/// <param name="State">What it says.</param>
/// <param name="Detail">The name of what was found, or why it failed; empty when clean. Printable ASCII, at most 200 characters.</param>
public sealed record ScanAnswer(ScanState State, string Detail)
{
    private const int MaxDetail = 200;

    /// <summary>Nothing was found.</summary>
    public static ScanAnswer Clean { get; } = new(ScanState.Clean, "");

    /// <summary>Something was found.</summary>
    /// <param name="name">Its name as the scanner gives it.</param>
    public static ScanAnswer Infected(string name) => new(ScanState.Infected, Printable(name));

    /// <summary>The scanner failed.</summary>
    /// <param name="reason">Why.</param>
    public static ScanAnswer Failed(string reason) => new(ScanState.Failed, Printable(reason));

    // It goes into replies, fields and log lines, and comes from another program.
    private static string Printable(string text)
    {
        var trimmed = text.AsSpan().Trim();
        if (trimmed.Length > MaxDetail)
            trimmed = trimmed[..MaxDetail];
        return string.Create(
            trimmed.Length,
            trimmed,
            static (to, from) =>
            {
                for (var i = 0; i < to.Length; i++)
                    to[i] = from[i] is >= ' ' and <= '~' ? from[i] : '?';
            }
        );
    }
}
