namespace Postreiter.Storage.Blobs.Segments;

/// <summary>Sizes and limits of <see cref="SegmentStore"/>.</summary>
public sealed record SegmentOptions
{
    /// <summary>Bytes of a content kept in memory while it comes in. Default 256 KiB (P9).</summary>
    public int MemoryBytes { get; init; } = 256 * 1024;

    /// <summary>Contents of this size and more get a file of their own. Default 1 MiB.</summary>
    public long OwnFileBytes { get; init; } = 1024 * 1024;

    /// <summary>A segment that has reached this size is followed by a new one. Default 256 MiB.</summary>
    public long SegmentBytes { get; init; } = 256L * 1024 * 1024;

    /// <summary>No content is taken when less than this is free (F1). Default 512 MiB.</summary>
    public long MinFreeBytes { get; init; } = 512L * 1024 * 1024;

    /// <summary>No content is taken when less than this share is free (F1). Default 0.05.</summary>
    public double MinFreeShare { get; init; } = 0.05;
}
