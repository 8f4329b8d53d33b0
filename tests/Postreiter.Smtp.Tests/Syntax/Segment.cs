using System.Buffers;

namespace Postreiter.Smtp.Tests.Syntax;

/// <summary>Bytes in pieces, as they come from a pipe.</summary>
internal sealed class Segment : ReadOnlySequenceSegment<byte>
{
    private Segment(byte[] bytes, long at) => (Memory, RunningIndex) = (bytes, at);

    public static ReadOnlySequence<byte> Join(params byte[][] pieces)
    {
        var first = new Segment([], 0);
        var last = first;
        foreach (var piece in pieces)
        {
            var next = new Segment(piece, last.RunningIndex + last.Memory.Length);
            last.Next = next;
            last = next;
        }

        return new ReadOnlySequence<byte>(first, 0, last, last.Memory.Length);
    }
}
