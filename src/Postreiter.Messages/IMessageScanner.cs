namespace Postreiter.Messages;

/// <summary>Reads a message in one pass while it arrives. Bounded: L4, L14, L15; what lies past a limit is opaque, never an error.</summary>
/// <remarks>Made by <c>MessageScanner.Create()</c>; never throws for what stands in a message.</remarks>
public interface IMessageScanner
{
    /// <summary>The next bytes, in any cut.</summary>
    void Append(ReadOnlySpan<byte> bytes);

    /// <summary>The message is whole.</summary>
    MessageFacts Complete();
}
