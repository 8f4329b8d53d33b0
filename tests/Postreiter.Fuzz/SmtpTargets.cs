using System.Buffers;
using System.Net;
using System.Text;
using Postreiter.Core;
using Postreiter.Delivery.Inbound;
using Postreiter.Net.Listeners;
using Postreiter.Net.Sasl;
using Postreiter.Smtp.Syntax;

namespace Postreiter.Fuzz;

/// <summary>Parsers on the way in: commands, message data, headers, the proxy's header, SCRAM names.</summary>
internal static class SmtpTargets
{
    /// <summary>Command lines, and the paths and parameters in them.</summary>
    public static void Commands(byte[] input)
    {
        var buffer = new ReadOnlySequence<byte>(input);
        while (!buffer.IsEmpty)
        {
            var before = buffer.Length;
            var status = CommandLineReader.TryRead(ref buffer, 512, 1024, out var line);
            Require((buffer.Length < before) == (status is LineStatus.Complete or LineStatus.TooLong));
            if (buffer.Length == before)
                return;
            var text = line.ToArray();
            Require(!text.AsSpan().ContainsAny((byte)'\r', (byte)'\n') && text.Length <= 1022);
            var colon = text.AsSpan().IndexOf((byte)':');
            if (colon < 0)
                continue;
            var found = PathSyntax.Read(text.AsSpan(colon + 1), out var address, out var rest, out var isAscii);
            Require((found == PathStatus.Address) == !address.IsEmpty);
            // What is taken for an address is the same address when we send it on.
            Require(
                found != PathStatus.Address
                    || (EmailAddress.TryParse(address.ToString(), out var again) && again == address)
            );
            Require(found != PathStatus.Address || isAscii || !Ascii.IsValid(text));
            if (!EsmtpParameters.TryRead(rest, out var parameters))
                continue;
            Require(parameters.Select(p => p.Key).Distinct(StringComparer.Ordinal).Count() == parameters.Count);
            foreach (var (_, value) in parameters)
            {
                if (value is not null && EsmtpParameters.TryDecodeXtext(value, utf8: true, out var decoded))
                    Require(!decoded.Any(char.IsControl));
            }
        }
    }

    /// <summary>DATA: the same however it is cut; what is kept has whole lines, and no bare CR or LF was passed over.</summary>
    public static void Data(byte[] input)
    {
        var whole = ReadData(input, input.Length + 1);
        Require(whole == ReadData(input, 1) && whole == ReadData(input, 3));
        if (whole.Stop != DataStop.EndOfData)
            return;
        var text = Encoding.Latin1.GetString(input, 0, whole.Used);
        Require(text == ".\r\n" || text.EndsWith("\r\n.\r\n", StringComparison.Ordinal));
        Require(!text.Replace("\r\n", "", StringComparison.Ordinal).AsSpan().ContainsAny('\r', '\n'));
        // Nothing before is an end of data to anybody who takes only CR LF . CR LF.
        Require(("\r\n" + text).IndexOf("\r\n.\r\n", StringComparison.Ordinal) == text.Length - 3);
    }

    /// <summary>The header of a message on its way in: the same however it is cut; fields only go, the body stays.</summary>
    public static void Header(byte[] input)
    {
        var whole = PassHeader(input, input.Length + 1);
        Require(whole == PassHeader(input, 1) && whole == PassHeader(input, 5));
    }

    /// <summary>A proxy's header.</summary>
    public static void Proxy(byte[] input)
    {
        var reader = new SequenceReader<byte>(new ReadOnlySequence<byte>(input));
        var status = ProxyHeader.TryRead(ref reader, out var header);
        Require((status == ParseStatus.Complete) == (header is not null));
        Require((status == ParseStatus.Complete) == (reader.Consumed > 0));
        Require(status != ParseStatus.NeedMoreData || input.Length < ProxyHeader.MaxBinaryBytes);
        Require(header?.Source is null || header.Source.Port is >= IPEndPoint.MinPort and <= IPEndPoint.MaxPort);
    }

    /// <summary>A saslname of SCRAM.</summary>
    public static void ScramName(byte[] input)
    {
        if (ScramExchange.TryReadName(Encoding.UTF8.GetString(input), out var name))
            Require(name.Length > 0 && !name.Any(char.IsControl));
    }

    private static (DataStop Stop, int Used, string Kept, long Longest) ReadData(byte[] input, int size)
    {
        var syntax = default(DataSyntax);
        var kept = new StringBuilder();
        var used = 0;
        foreach (var piece in input.Chunk(size))
        {
            var at = 0;
            DataStop stop;
            do
            {
                stop = syntax.Next(piece, ref at, out var run);
                kept.Append(Encoding.Latin1.GetString(piece[run]));
            } while (stop == DataStop.StuffedDot);
            used += at;
            if (stop != DataStop.NeedMoreData)
                return (stop, used, kept.ToString(), syntax.LongestLine);
        }

        return (DataStop.NeedMoreData, used, kept.ToString(), syntax.LongestLine);
    }

    private static (string Output, bool IsRefused, bool IsInBody) PassHeader(byte[] input, int size)
    {
        var pass = new HeaderPass("mx.our.example", 100, null);
        var output = new ArrayBufferWriter<byte>();
        foreach (var piece in input.Chunk(size))
        {
            var taken = pass.IsInBody ? 0 : pass.Append(piece, output);
            if (pass.Refusal is not null)
                return ("", true, false);
            output.Write(piece.AsSpan(taken));
        }

        pass.Complete(output);
        return (Encoding.Latin1.GetString(output.WrittenSpan), pass.Refusal is not null, pass.IsInBody);
    }

    private static void Require(bool holds)
    {
        if (!holds)
            throw new InvalidOperationException("A promise of the parser does not hold for this input");
    }
}
