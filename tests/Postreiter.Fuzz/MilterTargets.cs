using System.Buffers;
using System.Text;
using Postreiter.Core;
using Postreiter.Delivery.Milters;
using Postreiter.Milter;
using Postreiter.Milter.Client;
using Postreiter.Milter.Policy;
using Postreiter.Milter.Server;
using Postreiter.Milter.Syntax;

namespace Postreiter.Fuzz;

/// <summary>The milter protocol from both ends, what milters make of a header, and Postfix's policy delegation.</summary>
internal static class MilterTargets
{
    // Bounds of a milter's changes, as the options have them.
    private static readonly MilterClientOptions Options = new();

    /// <summary>Packets of either side: in any cut the same ones; whatever their data are, what is read keeps its promises.</summary>
    public static void Packets(byte[] input)
    {
        var all = new ReadOnlySequence<byte>(input);
        var changes = new MilterChangeReader(MilterActions.All, Options);
        var macros = new MilterMacros();
        while (true)
        {
            var before = all.Length;
            var cut = all.Slice(0, Math.Min(all.Length, MilterPacket.LengthBytes));
            var early = MilterPacket.TryRead(ref cut, MilterPacket.MaxData, out _, out _);
            var status = MilterPacket.TryRead(ref all, MilterPacket.MaxData, out var code, out var data);
            // What is wrong is known by the length alone.
            Require((status == ParseStatus.Invalid) == (early == ParseStatus.Invalid));
            if (status != ParseStatus.Complete)
            {
                Require(all.Length == before);
                break;
            }

            Require(all.Length == before - MilterPacket.LengthBytes - 1 - data.Length);
            var bytes = data.ToArray();
            changes.TryRead(code, bytes);
            macros.TryRead(bytes);
            if (MilterReplyText.TryRead(bytes) is { } reply)
                Require(
                    reply.Code is >= 400 and < 600
                        && reply.Lines.All(static l =>
                            !l.AsSpan().ContainsAnyExceptInRange('\t', '~') && l.Length <= 480
                        )
                );
            if (MilterOffer.TryRead(bytes, out var offer))
                Require(offer.Macros.Values.All(static m => m.Count <= 100));
        }

        Require(changes.Changes.Count <= Options.MaxChanges);
        Headers(changes.Changes);
        Require(macros.Find("i") is null or { Length: < 65_536 });
    }

    /// <summary>A header stays one: what is read is written again, and no change writes a line of its own.</summary>
    public static void Header(byte[] input)
    {
        var end = input.AsSpan().IndexOf("\0"u8);
        var message = end < 0 ? input : input[..end];
        var header = MilterHeader.Read(message);
        Require(header.Length <= message.Length);
        var wrote = header.Write();
        Require(wrote.Span.EndsWith("\r\n"u8));
        // Octet by octet what was there, but for the empty line, and for the end of a last field that has none.
        var fields = wrote.Span[..^2];
        Require(
            message.AsSpan().StartsWith(fields)
                || (fields.EndsWith("\r\n"u8) && message.AsSpan().SequenceEqual(fields[..^2]))
        );
        var value = Encoding
            .Latin1.GetString(end < 0 ? input : input[(end + 1)..])
            .Replace("\0", "", StringComparison.Ordinal);
        Headers([
            new MilterAddHeader("X-A", value),
            new MilterInsertHeader(0, "X-B", value),
            new MilterChangeHeader(1, "X-A", value),
        ]);
    }

    /// <summary>In any cut the same questions.</summary>
    public static void Policy(byte[] input)
    {
        var whole = Read(input, input.Length);
        Require(whole.SequenceEqual(Read(input, 1)) && whole.SequenceEqual(Read(input, 7)));
    }

    private static List<string> Read(byte[] input, int piece)
    {
        var reader = new PolicyRequestReader();
        var found = new List<string>();
        for (var (taken, end) = (0, Math.Min(piece, input.Length)); ; )
        {
            var part = new SequenceReader<byte>(new ReadOnlySequence<byte>(input, taken, end - taken));
            var status = reader.Read(ref part, out var request);
            taken += (int)part.Consumed;
            if (status == ParseStatus.Complete)
            {
                Require(request!.Attributes is { Count: > 0 and <= PolicyRequestReader.MaxLines });
                found.Add(string.Join('\n', request.Attributes.Select(static a => $"{a.Key}={a.Value}")));
            }
            else if (status == ParseStatus.Invalid)
            {
                found.Add("invalid");
                return found;
            }
            else if (end == input.Length)
                return found;
            else
                end = Math.Min(end + piece, input.Length);
        }
    }

    private static void Headers(IReadOnlyList<MilterChange> changes)
    {
        var header = MilterHeader.Read("Subject: x\r\n\r\n"u8.ToArray());
        var fields = 1;
        foreach (var change in changes)
        {
            var had = header.Fields.Count();
            header.Apply(change, hasLeadingSpace: true);
            fields = header.Fields.Count();
            Require(Math.Abs(fields - had) <= 1);
        }

        // Read again there are as many fields: no value began another one, or ended the header.
        Require(MilterHeader.Read(header.Write()).Fields.Count() == fields);
    }

    private static void Require(bool holds)
    {
        if (!holds)
            throw new InvalidOperationException("A promise of the parser does not hold for this input");
    }
}
