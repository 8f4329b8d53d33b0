namespace Postreiter.Storage;

/// <summary>What every engine is told when it opens.</summary>
public sealed record StoreOptions
{
    /// <summary>
    /// How long mail that was expunged can be brought back; zero keeps nothing. Default 14 days (<c>store.undelete</c>).
    /// </summary>
    public TimeSpan Undelete { get; init; } = TimeSpan.FromDays(14);
}
