using System.Collections.Immutable;

namespace Postreiter.Storage.Mail;

/// <summary>The system flags of RFC 9051 §2.3.2. \Recent is not stored: RFC 9051 has done away with it.</summary>
[Flags]
public enum SystemFlags
{
    /// <summary>None set.</summary>
    None = 0,

    /// <summary>\Seen.</summary>
    Seen = 1,

    /// <summary>\Answered.</summary>
    Answered = 2,

    /// <summary>\Flagged.</summary>
    Flagged = 4,

    /// <summary>\Deleted.</summary>
    Deleted = 8,

    /// <summary>\Draft.</summary>
    Draft = 16,
}

/// <summary>System flags and keywords of one message. Immutable; engines share one instance among the many that are equal.</summary>
public sealed class MessageFlags : IEquatable<MessageFlags>
{
    /// <summary>No flag, no keyword.</summary>
    public static readonly MessageFlags None = new(SystemFlags.None, []);

    /// <summary>Flags and keywords.</summary>
    /// <param name="system">System flags.</param>
    /// <param name="keywords">Keywords without backslash, any order; doubles (without regard to case) are dropped.</param>
    public MessageFlags(SystemFlags system, IEnumerable<string> keywords)
    {
        System = system;
        Keywords = [.. keywords.Distinct(StringComparer.OrdinalIgnoreCase).Order(StringComparer.OrdinalIgnoreCase)];
    }

    /// <summary>The system flags.</summary>
    public SystemFlags System { get; }

    /// <summary>Keywords, sorted, compared without regard to case (RFC 9051 §2.3.2).</summary>
    public ImmutableArray<string> Keywords { get; }

    /// <summary>Whether a system flag is set.</summary>
    public bool Has(SystemFlags flag) => (System & flag) != SystemFlags.None;

    /// <summary>Whether a keyword is set.</summary>
    public bool Has(string keyword) => Keywords.Contains(keyword, StringComparer.OrdinalIgnoreCase);

    /// <summary>These flags after a change.</summary>
    public MessageFlags After(FlagChange change) =>
        change.Kind switch
        {
            FlagChangeKind.Replace => change.Flags,
            FlagChangeKind.Add => new(System | change.Flags.System, Keywords.Concat(change.Flags.Keywords)),
            _ => new(
                System & ~change.Flags.System,
                Keywords.Except(change.Flags.Keywords, StringComparer.OrdinalIgnoreCase)
            ),
        };

    /// <inheritdoc/>
    public bool Equals(MessageFlags? other) =>
        other is not null
        && System == other.System
        && Keywords.AsSpan().SequenceEqual(other.Keywords.AsSpan(), StringComparer.OrdinalIgnoreCase);

    /// <inheritdoc/>
    public override bool Equals(object? obj) => Equals(obj as MessageFlags);

    /// <inheritdoc/>
    public override int GetHashCode()
    {
        var hash = new HashCode();
        hash.Add(System);
        foreach (var keyword in Keywords)
            hash.Add(keyword, StringComparer.OrdinalIgnoreCase);
        return hash.ToHashCode();
    }

    /// <inheritdoc/>
    public override string ToString() => Keywords.IsEmpty ? $"{System}" : $"{System} {string.Join(' ', Keywords)}";
}

/// <summary>How STORE changes flags (RFC 9051 §6.4.6).</summary>
public enum FlagChangeKind
{
    /// <summary>FLAGS.</summary>
    Replace,

    /// <summary>+FLAGS.</summary>
    Add,

    /// <summary>-FLAGS.</summary>
    Remove,
}

/// <summary>One STORE.</summary>
/// <param name="Kind">Replace, add or remove.</param>
/// <param name="Flags">The flags named.</param>
public sealed record FlagChange(FlagChangeKind Kind, MessageFlags Flags);
