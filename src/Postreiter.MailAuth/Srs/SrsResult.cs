using Postreiter.Core;

namespace Postreiter.MailAuth.Srs;

/// <summary>What became of an address.</summary>
public enum SrsStatus
{
    /// <summary>It was rewritten, or the sender was found.</summary>
    Done,

    /// <summary>The recipient is no SRS address: an ordinary one.</summary>
    NotSrs,

    /// <summary>It begins like an SRS address and is none: an unknown recipient.</summary>
    Malformed,

    /// <summary>None of our secrets made it.</summary>
    Forged,

    /// <summary>Ours, and too old: bounces come within days.</summary>
    Expired,

    /// <summary>The result would not fit into a local part (RFC 5321 §4.5.3.1.1).</summary>
    TooLong,
}

/// <summary>An address with the reason why.</summary>
/// <param name="Status">What became of it.</param>
/// <param name="Address">The new address on <see cref="SrsStatus.Done"/>; otherwise the default value.</param>
/// <param name="Reason">For people; it may hold a stranger's text, printable.</param>
public readonly record struct SrsResult(SrsStatus Status, EmailAddress Address, string Reason);

/// <summary>Choices of the rewriting.</summary>
public sealed record SrsOptions
{
    /// <summary>How long an address takes bounces. Default 30 days; 1 to 500.</summary>
    public int Days { get; init; } = 30;

    /// <summary>Characters of the hash, 5 bits each. Default 6, 4 to 20; as every one is missing to the sender's address.</summary>
    public int HashLength { get; init; } = 6;
}
