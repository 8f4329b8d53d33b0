namespace Postreiter.Messages;

/// <summary>Reads a message in one pass while it arrives. Bounded: L4, L14, L15; what lies past a limit is opaque, never an error.</summary>
/// <remarks>Made by <see cref="MessageScanner.Create"/>; never throws for what stands in a message.</remarks>
public interface IMessageScanner
{
    /// <summary>
    /// Whether the message's own header passes L4: 256 KiB in all, 1,000 fields, 64 KiB a field. Known as soon as the bytes
    /// have been seen; fields past the limit are not kept.
    /// </summary>
    bool IsHeaderTooLarge { get; }

    /// <summary>The next bytes, in any cut.</summary>
    void Append(ReadOnlySpan<byte> bytes);

    /// <summary>The message is whole. Call once.</summary>
    MessageFacts Complete();
}
