using Postreiter.Core;

namespace Postreiter.Delivery.Filtering;

/// <summary>What the rules say of a message, and what follows.</summary>
internal sealed record SpamOutcome
{
    /// <summary>The reply that refuses it for everybody, because it could not be scanned; null when it is taken.</summary>
    public SmtpReply? Refusal { get; init; }

    /// <summary>Whether it is spam by the rules alone.</summary>
    public bool IsJunk { get; init; }

    /// <summary>The rules' points; 0 when nothing was scanned.</summary>
    public double Points { get; init; }

    /// <summary>The rules that hit, for the trace.</summary>
    public string Tests { get; init; } = "";

    /// <summary>How long the scan took.</summary>
    public double Milliseconds { get; init; }

    /// <summary>The scan that goes on while the message is taken unscanned; null = none. To be disposed by who takes it.</summary>
    public LateScan? Late { get; init; }

    /// <summary>What follows for whom; null when it was not scanned.</summary>
    public ScoredMessage? Score { get; init; }

    /// <summary>Whether the rules' points alone would have it refused.</summary>
    public bool IsRejected => Score is { } score && score.Verdict.Points >= score.RejectAt;

    /// <summary>Fields to put in front where it was not scanned, whole lines with CRLF.</summary>
    public string Marks { get; init; } = "";

    /// <summary>The header with its tagged subject, to be stored in place of the one that came; null where none is wanted.</summary>
    public TaggedHeader? Header { get; init; }
}

/// <summary>A header that is to take another's place.</summary>
/// <param name="Bytes">The new header, with the empty line where the old one had it.</param>
/// <param name="Replaced">Octets of the old one.</param>
internal sealed record TaggedHeader(ReadOnlyMemory<byte> Bytes, int Replaced);
