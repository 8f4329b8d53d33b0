namespace Postreiter.MailAuth.Reports;

/// <summary>What reading one report may cost; reports come from strangers (limits-and-promises L16).</summary>
public sealed record ReportLimits
{
    /// <summary>Bytes of the attachment. Default 10 MiB.</summary>
    public int MaxArchiveBytes { get; init; } = 10 << 20;

    /// <summary>Bytes of what it holds. Default 32 MiB.</summary>
    public long MaxUnpackedBytes { get; init; } = 32L << 20;

    /// <summary>How many times larger than the attachment what it holds may be, above 1 MiB. Default 200.</summary>
    public int MaxRatio { get; init; } = 200;

    /// <summary>Files of a zip that are passed over before the report. Default 16.</summary>
    public int MaxEntries { get; init; } = 16;

    /// <summary>Nesting of elements. Default 16; the schema has 5.</summary>
    public int MaxDepth { get; init; } = 16;

    /// <summary>Bytes from one tag to the next. Default 64 KiB.</summary>
    public int MaxTag { get; init; } = 64 << 10;

    /// <summary>Different names of elements and attributes. Default 1,000; the schema has 40.</summary>
    public int MaxNames { get; init; } = 1_000;

    /// <summary>Rows; more are counted as skipped. Default 50,000.</summary>
    public int MaxRows { get; init; } = 50_000;

    /// <summary>Signatures, SPF checks, reasons of one row; more are passed over. Default 50.</summary>
    public int MaxItems { get; init; } = 50;

    /// <summary>Characters of one value; longer ones are cut. Default 1,000.</summary>
    public int MaxText { get; init; } = 1_000;

    /// <summary>Parts of a message that are looked at. Default 100.</summary>
    public int MaxParts { get; init; } = 100;
}
