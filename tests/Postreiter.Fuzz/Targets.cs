using System.Buffers;
using System.Text;
using System.Text.Json.Nodes;
using Postreiter.Core;
using Postreiter.Dns;
using Postreiter.Dns.Wire;
using Postreiter.Imap.Session;
using Postreiter.Imap.Syntax;
using Postreiter.Messages;
using Postreiter.Net.Sasl;
using Postreiter.Pop3;
using Postreiter.Pop3.Syntax;
using Postreiter.Replay;
using Postreiter.Settings;
using Postreiter.Smtp.Client;
using Postreiter.Transfer;

namespace Postreiter.Fuzz;

/// <summary>
/// One entry per parser: it must take any bytes without an exception, and keep what its name promises. The corpus of a
/// target is the folder of its name.
/// </summary>
internal static class Targets
{
    private static readonly SortedDictionary<string, Action<byte[]>> All = new(StringComparer.Ordinal)
    {
        ["arc-header"] = DkimTargets.ArcHeader,
        ["attachment"] = ContentTargets.Attachment,
        ["authentication-results"] = MailAuthTargets.Results,
        ["byte-size"] = input => Require(!ByteSize.TryParse(Text(input), out var bytes) || bytes >= 0),
        ["dkim-key"] = DkimTargets.KeyRecord,
        ["dkim-message"] = DkimTargets.Message,
        ["dkim-signature"] = DkimTargets.Signature,
        ["dmarc-authors"] = MailAuthTargets.Authors,
        ["dmarc-record"] = MailAuthTargets.DmarcRecords,
        ["dns-message"] = DnsMessages,
        ["domain-name"] = DomainNames,
        ["duration"] = input => Require(!Durations.TryParse(Text(input), out var span) || span >= TimeSpan.Zero),
        ["email-address"] = Addresses,
        ["end-point"] = EndPointTexts,
        ["enhanced-status"] = Statuses,
        ["feedback-report"] = MailAuthTargets.Feedback,
        ["imap-append"] = ImapLiterals,
        ["imap-fetch"] = ImapFetches,
        ["imap-list"] = ImapLists,
        ["imap-search"] = static input => SearchReader.TryRead(new ImapReader(input), out _),
        ["imap-utf7"] = input =>
            Require(!ModifiedUtf7.TryDecode(input, out var name) || Ascii.IsValid(ModifiedUtf7.Encode(name))),
        ["large-header"] = SigningTargets.LargeHeaders,
        ["line-ends"] = input => Require(LineEnds.ToCrLf(LineEnds.ToCrLf(input)).SequenceEqual(LineEnds.ToCrLf(input))),
        ["message"] = Messages,
        ["milter-header"] = MilterTargets.Header,
        ["milter-packet"] = MilterTargets.Packets,
        ["policy-request"] = MilterTargets.Policy,
        ["pop3-command"] = Pop3Lines,
        ["pop3-dots"] = Pop3Dots,
        ["proxy-header"] = SmtpTargets.Proxy,
        ["report-archive"] = MailAuthTargets.Archives,
        ["resolv-conf"] = input => Require(ResolvConf.Parse(Text(input)).Count is > 0 and <= 3),
        ["sasl-plain"] = input =>
            Require(!PlainExchange.TryRead(input, out var user, out var password) || !(user + password).Contains('\0')),
        ["scram-name"] = SmtpTargets.ScramName,
        ["scram-server-first"] = input =>
            Require(
                new ScramClient("u", "p", "n").Answer(Text(input)) is not { } answer
                    || answer.StartsWith("c=biws,r=n", StringComparison.Ordinal)
            ),
        ["smtp-command"] = SmtpTargets.Commands,
        ["smtp-data"] = SmtpTargets.Data,
        ["smtp-header"] = SmtpTargets.Header,
        ["smtp-reply"] = SmtpReplies,
        ["spam-functions"] = SpamScanTargets.Functions,
        ["spam-html"] = SpamTextTargets.Html,
        ["spam-mail"] = SpamTextTargets.Mail,
        ["spam-marks"] = SpamdTargets.Mails,
        ["spam-pattern"] = SpamRuleTargets.Patterns,
        ["spam-received"] = SpamTextTargets.Received,
        ["spam-rules"] = SpamRuleTargets.Files,
        ["spam-uris"] = SpamScanTargets.Uris,
        ["spamd-request"] = SpamdTargets.Request,
        ["spf-macro"] = MailAuthTargets.SpfMacroTexts,
        ["spf-record"] = MailAuthTargets.SpfRecords,
        ["batv-address"] = MailAuthTargets.BatvAddresses,
        ["srs-address"] = MailAuthTargets.SrsAddresses,
        ["spam-status"] = static input => EarlierVerdict.FromStatus(Text(input)),
        ["stored-mail"] = StoredMails,
        ["status-flags"] = input => StatusFlags.Read(input),
    };

    public static IEnumerable<string> Names => All.Keys;

    public static Action<byte[]>? Find(string name) => All.GetValueOrDefault(name);

    private static string Text(byte[] input) => Encoding.UTF8.GetString(input);

    private static void Require(bool holds)
    {
        if (!holds)
            throw new InvalidOperationException("A promise of the parser does not hold for this input");
    }

    private static void DomainNames(byte[] input)
    {
        if (!DomainName.TryParse(Text(input), out var name))
            return;
        Require(name.Ascii.Length <= DomainName.MaxLength && name.Unicode.Length > 0);
        Require(DomainName.TryParse(name.Ascii, out var again) && again == name);
    }

    private static void DnsMessages(byte[] input)
    {
        if (!DnsMessage.TryParse(input, out var message))
            return;
        // Each record has 11 bytes at least, each name 254 characters of which each may be written as four.
        Require(message!.Answers.Count + message.Authorities.Count <= input.Length / 11);
        Require(message.Answers.All(static r => r.Owner.Length is > 0 and <= 4 * 254));
    }

    private static void Addresses(byte[] input)
    {
        if (!EmailAddress.TryParse(Text(input), out var address))
            return;
        Require(EmailAddress.TryParse(address.ToString(), out var again) && again == address);
        Require(!address.ToString().AsSpan().ContainsAny('\r', '\n', '\0'));
    }

    private static void EndPointTexts(byte[] input)
    {
        Require(!EndPoints.TryParseListener(Text(input), out var listener) || EndPoints.Format(listener) != "");
        Require(!EndPoints.TryParseDnsServer(Text(input), out var server) || EndPoints.Format(server) != "");
        Require(
            !EndPoints.TryParseHostAndPort(Text(input), 25, out var host, out var port) || (port > 0 && host != "")
        );
    }

    private static void Statuses(byte[] input)
    {
        if (EnhancedStatus.TryParse(Text(input), out var status))
            Require(EnhancedStatus.TryParse(status.ToString(), out var again) && again == status);
    }

    private static void SmtpReplies(byte[] input)
    {
        var reader = new SequenceReader<byte>(new ReadOnlySequence<byte>(input));
        var before = reader.Consumed;
        while (new ReplyReader().TryRead(ref reader, out var reply) == ParseStatus.Complete)
        {
            Require(reader.Consumed > before && reply is { Code: >= 200 and < 600, Lines.Count: > 0 });
            Require(reply!.Lines.Sum(static l => l.Length) <= ReplyReader.MaxText);
            before = reader.Consumed;
        }
    }

    // sequence-set SP fetch-att, as behind the name of the command.
    private static void ImapFetches(byte[] input)
    {
        var reader = new ImapReader(input);
        if (
            !reader.TrySequenceSet(out var set)
            || !reader.TrySpace()
            || !FetchItemReader.TryRead(reader, out var items)
        )
            return;
        Require(set.IsSavedResult || set.Ranges.Count is > 0 and <= SequenceSet.MaxRanges);
        Require(items.Count is > 0 and <= FetchItemReader.MaxItems);
        // The label goes back to the client: it must be one line of ASCII, whatever a quoted field name held.
        Require(
            items.TrueForAll(static i => Ascii.IsValid(i.Label) && !i.Label.AsSpan().ContainsAny('\r', '\n', '\0'))
        );
    }

    // In any cut the same tree, whose places lie inside the message, and whose stored form can be read again.
    // However much of it is the server's own.
    private static void StoredMails(byte[] input)
    {
        foreach (var prefix in (int[])[0, input.Length / 2, input.Length])
        {
            var row = new JsonObject { ["prefix"] = (long)prefix, ["octets"] = Convert.ToBase64String(input) };
            var mail = StoredMail.FromRow(row, out _)!;
            Require(mail.AsItCame().Length <= input.Length && mail.Subject.Length <= 60 && mail.Name.Length > 0);
        }
    }

    private static void Messages(byte[] input)
    {
        var (whole, cut) = (MessageScanner.Create(), MessageScanner.Create());
        whole.Append(input);
        foreach (var piece in input.Chunk(7))
            cut.Append(piece);
        var facts = whole.Complete();
        Require(facts.Structure.Span.SequenceEqual(cut.Complete().Structure.Span));
        var read = MessageStructure.Read(facts.Structure);
        Require(MessageStructure.Write(read).Span.SequenceEqual(facts.Structure.Span));
        RequireInside(read, input.Length);
    }

    private static void RequireInside(MimePart part, long end)
    {
        Require(part.HeaderOffset >= 0 && part.HeaderOffset <= part.BodyOffset && part.BodyLength >= 0);
        Require(part.BodyOffset + part.BodyLength <= end && part.BodyLines >= 0);
        foreach (var child in part.Parts)
            RequireInside(child, part.BodyOffset + part.BodyLength);
        if (part.Message is { } message)
            RequireInside(message, part.BodyOffset + part.BodyLength);
    }

    private static void ImapLists(byte[] input)
    {
        var reader = new ImapReader(input);
        if (!ListRequest.TryRead(reader, out var request))
            return;
        Require(reader.AtEnd && request.Patterns.Count is > 0 and <= ListPattern.MaxPatterns);
        foreach (var pattern in request.Patterns)
            ListPattern.Create(Encoding.Latin1.GetString(pattern))?.Matches("INBOX/some/where");
    }

    // "date-time" SP flag-list SP literal-header, as before the message of APPEND.
    private static void ImapLiterals(byte[] input)
    {
        var reader = new ImapReader(input);
        if (ImapDate.TryReadDateTime(reader, out var date))
            Require(ImapDate.Write(date).Length == 26);
        if (reader.TrySpace() && reader.TryFlagList(out var flags))
            Require(flags.Keywords.All(static k => k.Length > 0 && Ascii.IsValid(k)));
        if (LiteralHeader.Find(input) is { } literal)
            Require(literal.Length >= 0 && input[literal.HeaderAt] is (byte)'{' or (byte)'~');
    }

    private static void Pop3Lines(byte[] input)
    {
        var reader = new SequenceReader<byte>(new ReadOnlySequence<byte>(input));
        while (Pop3Command.TryReadLine(ref reader, out var line, out _) is var status)
        {
            if (status == ParseStatus.NeedMoreData)
                break;
            if (!Pop3Command.TryParse(line.ToArray(), out var command) || command.Argument is not { } argument)
                continue;
            Require(!MessageNumbers.TryParse(argument.Span, out var number) || number > 0);
            Require(!MessageNumbers.TryParseWithCount(argument.Span, out number, out var count) || count >= 0);
        }
    }

    // A client that takes only CRLF as a line's end, and one that takes LF too, both find the end where it is.
    private static void Pop3Dots(byte[] input)
    {
        var output = new ArrayBufferWriter<byte>();
        var stuffing = new DotStuffing(bodyLines: null);
        foreach (var piece in input.Chunk(7))
            stuffing.Write(piece, output);
        stuffing.Complete(output);
        var text = Encoding.Latin1.GetString(output.WrittenSpan);
        Require(("\r\n" + text).IndexOf("\r\n.\r\n", StringComparison.Ordinal) == text.Length - 3);
        var lines = text.Replace("\r\n", "\n", StringComparison.Ordinal).Split('\n');
        Require(Array.IndexOf(lines, ".") == lines.Length - 2);
    }
}
