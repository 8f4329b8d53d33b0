using static Postreiter.Spam.Mail.Received.Field;
using static Postreiter.Spam.Mail.Received.Piece;

namespace Postreiter.Spam.Mail.Received;

/// <summary>
/// Lines that hold no handover over the network, or none with an address: mail written on the machine itself, filters that log once more,
/// servers that write too little. To know them keeps a mail from being called unreadable.
/// </summary>
internal static class IgnoredFormats
{
    private static readonly ReceivedPattern QmailScanner = new(
        Word(),
        " by ",
        Word(),
        " (",
        Any(0, 100),
        ") with qmail-scanner"
    );

    private static readonly ReceivedFormat[] Local =
    [
        Ignore(Word(), " (", Except(" @"), "@", Localhost(), ") by ", Word(), " ("),
        Ignore(Word(), " ", Word(), " by ", Word(), " with local-", Optional("e"), "smtp "),
        Ignore("127.0.0.1 (AVG SMTP ", Word(), " [", Word(), "])"),
        Ignore(Word(), "@", Word(), " by ", Word(), " by uid ", Word(), " "),
        Ignore(Word(), "@", Word(), " by ", Word(), " "),
        Ignore("Unknown/Local ("),
        Ignore(Localhost(), " (", Optional(Word(), "@"), Localhost(), OneOf(None, ")", "[")),
        Ignore(Word(), " (", Optional(Word(), "@"), Localhost(), ") "),
        Ignore(Word(), " (", Word(), "@", Word(), " [", Localhost(), "]) "),
        Ignore("(AUTH: ", Word(), ") by ", Word(), " with "),
        Ignore("localhost (localhost [[UNIX: localhost]]) by "),
        Ignore(Word(), ".amazon.com by ", Word(), ".amazon.com with ESMTP (peer crosscheck: "),
        Ignore(Except("."), " by ", Word(), " with Novell_GroupWise"),
        Ignore("no.name.available by ", Word(), " via smtpd (for "),
    ];

    private static readonly ReceivedFormat[] TooLittle =
    [
        Ignore(Word(), " by ", Word(), " with local"),
        Ignore(
            Word(),
            " ([unix socket]) by ",
            Word(),
            " (Cyrus v",
            Only("0123456789", 0),
            ".",
            Only("0123456789", 0),
            ".",
            Only("0123456789", 0),
            ") with LMTPA"
        ),
        Ignore(Word(), " by ", Word(), " ", OneOf(None, "with", "via", "for", "(")),
        Ignore(Word(), " ", OneOf(None, "with", "via", "for"), " ", Word(), " by", NotBefore(WordChars)),
        Ignore(Word(), " (unverified) by", NotBefore(WordChars)),
        Ignore(Word(), " (unknown) by ", Word(), " (SG) with ", Only(WordChars, 1, 1)),
        Ignore(Word(), " (", Word(), " [local]) by ", Word(), " (OpenSMTPD) with ", Only(WordChars, 1, 1)),
        new((ReceivedPattern?)null, Reading.Ignore) { Needs = "(LSMTP for" },
        Ignore("([", Localhost(), "]) with MailEnable "),
        Ignore("facebook.com (", Except(")"), ") by facebook.com with Thrift id ", Word(), End()),
        Ignore(Word(), " named ", Word(), " by gmailapi.google.com with HTTPREST", End()),
        Ignore(Word(), " id ", Word(), End()),
        Ignore("[<", Least(), " (Jetsend"),
    ];

    /// <summary>Whether the line is one of these.</summary>
    /// <param name="line">The line.</param>
    /// <param name="envelopeFrom">The envelope's sender, where qmail-scanner logs the handover that the line below describes.</param>
    public static bool Has(ReceivedLine line, out string? envelopeFrom)
    {
        envelopeFrom = null;
        if (ReceivedFormat.ReadFirst(Local, line) != Reading.Other)
            return true;
        if (!QmailScanner.Match(line))
            return ReceivedFormat.ReadFirst(TooLittle, line) != Reading.Other;
        envelopeFrom = line.EnvelopeFrom is { } sender ? ReceivedParser.CleanSender(sender) : null;
        return true;
    }

    private static ReceivedFormat Ignore(params Piece[] pieces) => new(new ReceivedPattern(pieces), Reading.Ignore);
}
