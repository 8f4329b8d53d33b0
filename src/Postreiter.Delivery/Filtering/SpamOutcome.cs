using Postreiter.Core;

namespace Postreiter.Delivery.Filtering;

/// <summary>What the rules say of a message, and what follows.</summary>
internal sealed record SpamOutcome
{
    /// <summary>The reply that refuses it for everybody, because it could not be scanned; null when it is taken.</summary>
    public SmtpReply? Refusal { get; init; }

    /// <summary>The reply that refuses it as spam, for those who do not want it all the same; null where its points are too few.</summary>
    public SmtpReply? Rejection { get; init; }

    /// <summary>Whether it goes to Junk.</summary>
    public bool IsJunk { get; init; }

    /// <summary>The rules' points; 0 when nothing was scanned.</summary>
    public double Points { get; init; }

    /// <summary>The rules that hit, for the trace.</summary>
    public string Tests { get; init; } = "";

    /// <summary>How long the scan took.</summary>
    public double Milliseconds { get; init; }

    /// <summary>The scan that goes on while the message is taken unscanned; null = none. To be disposed by who takes it.</summary>
    public LateScan? Late { get; init; }

    /// <summary>Fields to put in front, whole lines with CRLF.</summary>
    public string Marks { get; init; } = "";

    /// <summary>The header with its tagged subject, to be stored in place of the one that came; null where none is wanted.</summary>
    public TaggedHeader? Header { get; init; }
}

/// <summary>A header that is to take another's place.</summary>
/// <param name="Bytes">The new header, with the empty line where the old one had it.</param>
/// <param name="Replaced">Octets of the old one.</param>
internal sealed record TaggedHeader(ReadOnlyMemory<byte> Bytes, int Replaced);
