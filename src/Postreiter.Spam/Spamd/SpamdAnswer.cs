using System.Buffers;
using System.Text;
using Postreiter.Spam.Results;
using Postreiter.Spam.Scanning;
using Postreiter.Spam.Spamd.Syntax;

namespace Postreiter.Spam.Spamd;

/// <summary>Writes answers, each as the client's version of the protocol wants it.</summary>
internal static class SpamdAnswer
{
    /// <summary>To PING.</summary>
    public static void Pong(IBufferWriter<byte> output) => Write("SPAMD/1.5 0 PONG\r\n", output);

    /// <summary>To TELL.</summary>
    public static void Told(bool wasSet, bool wasRemoved, IBufferWriter<byte> output) =>
        Write(
            "SPAMD/1.1 0 EX_OK\r\n"
                + (wasSet ? "DidSet: local\r\n" : "")
                + (wasRemoved ? "DidRemove: local\r\n" : "")
                + "\r\n\r\n",
            output
        );

    /// <summary>When something is wrong.</summary>
    public static void Failed(SpamdFailure failure, IBufferWriter<byte> output) =>
        Write($"SPAMD/1.0 {failure.Status} {failure.Text}\r\n", output);

    /// <summary>To all that want a scan.</summary>
    /// <param name="request">What was asked for.</param>
    /// <param name="scanned">What was found.</param>
    /// <param name="marker">Writes marks and reports.</param>
    /// <param name="mail">The mail.</param>
    /// <param name="random">For the boundary of a report.</param>
    /// <param name="output">Where to.</param>
    public static void Scanned(
        SpamdRequest request,
        ScannedMail scanned,
        MailMarker marker,
        ReadOnlyMemory<byte> mail,
        Random random,
        IBufferWriter<byte> output
    )
    {
        var status = SpamStatus(request.Method, scanned.Verdict.IsSpam, marker);
        switch (request.Method)
        {
            case SpamdMethod.Process or SpamdMethod.Headers:
                var rewritten = new ArrayBufferWriter<byte>(mail.Length + 4096);
                marker.Rewrite(mail, rewritten, random);
                var whole = rewritten.WrittenMemory;
                Mail(request, status, request.Method == SpamdMethod.Headers ? Header(whole) : whole, output);
                return;
            case SpamdMethod.Check:
                Write($"SPAMD/1.1 0 EX_OK\r\n{status}\r\n\r\n", output);
                return;
            case SpamdMethod.Symbols:
                Text(request, status, marker.RuleNames() + (request.Version < 103 ? "\r\n" : ""), output);
                return;
            case SpamdMethod.ReportIfSpam when !scanned.Verdict.IsSpam:
                Text(request, status, "", output);
                return;
            default:
                Text(request, status, marker.Report(), output);
                return;
        }
    }

    private static string SpamStatus(SpamdMethod method, bool isSpam, MailMarker marker)
    {
        var word = method == SpamdMethod.ReportIfSpam ? (isSpam ? "Yes" : "No") : (isSpam ? "True" : "False");
        return $"Spam: {word} ; {marker.PrintedPoints} / {marker.PrintedThreshold}";
    }

    // Clients before 1.2 know no length, and before 1.3 no more than one header line.
    private static void Mail(SpamdRequest request, string status, ReadOnlyMemory<byte> mail, IBufferWriter<byte> output)
    {
        var head = request.Version switch
        {
            >= 103 => $"SPAMD/1.1 0 EX_OK\r\nContent-length: {mail.Length}\r\n{status}\r\n\r\n",
            >= 102 => $"SPAMD/1.1 0 EX_OK\r\nContent-length: {mail.Length}\r\n\r\n",
            _ => "SPAMD/1.0 0 EX_OK\r\n",
        };
        Write(head, output);
        output.Write(mail.Span);
    }

    private static void Text(SpamdRequest request, string status, string text, IBufferWriter<byte> output) =>
        Write(
            "SPAMD/1.1 0 EX_OK\r\n"
                + (request.Version >= 103 ? $"Content-length: {text.Length}\r\n" : "")
                + $"{status}\r\n\r\n{text}",
            output
        );

    // Up to the first empty line and with it.
    private static ReadOnlyMemory<byte> Header(ReadOnlyMemory<byte> mail)
    {
        var span = mail.Span;
        for (var i = 0; i < span.Length; )
        {
            var end = span[i..].IndexOf((byte)'\n');
            if (end < 0)
                break;
            i += end + 1;
            if (span[i..].StartsWith("\n"u8))
                return mail[..(i + 1)];
            if (span[i..].StartsWith("\r\n"u8))
                return mail[..(i + 2)];
        }

        return mail;
    }

    private static void Write(string octets, IBufferWriter<byte> output) => Encoding.Latin1.GetBytes(octets, output);
}
