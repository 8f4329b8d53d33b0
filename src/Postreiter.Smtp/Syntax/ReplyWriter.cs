using System.Buffers;
using System.Text;
using Postreiter.Core;

namespace Postreiter.Smtp.Syntax;

/// <summary>Writes replies in wire form (RFC 5321 §4.2, RFC 2034 §4).</summary>
internal static class ReplyWriter
{
    /// <summary>Writes every line with its code; characters that would break a line become <c>?</c>.</summary>
    public static void Write(IBufferWriter<byte> to, SmtpReply reply)
    {
        for (var i = 0; i < reply.Lines.Count; i++)
        {
            var text = reply.Lines[i];
            var span = to.GetSpan(24 + Encoding.UTF8.GetMaxByteCount(text.Length));
            var length = 0;
            reply.Code.TryFormat(span, out var used);
            length += used;
            span[length++] = (byte)(i + 1 < reply.Lines.Count ? '-' : ' ');
            if (reply.Enhanced is { } status)
            {
                length += Number(span[length..], status.Class);
                span[length++] = (byte)'.';
                length += Number(span[length..], status.Subject);
                span[length++] = (byte)'.';
                length += Number(span[length..], status.Detail);
                span[length++] = (byte)' ';
            }

            var begin = length;
            length += Encoding.UTF8.GetBytes(text, span[length..]);
            foreach (ref var b in span[begin..length])
            {
                if (b is < 32 or 127)
                    b = (byte)'?';
            }

            span[length++] = (byte)'\r';
            span[length++] = (byte)'\n';
            to.Advance(length);
        }
    }

    private static int Number(Span<byte> to, int number)
    {
        number.TryFormat(to, out var used);
        return used;
    }
}
