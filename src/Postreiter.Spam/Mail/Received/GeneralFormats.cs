using static Postreiter.Spam.Mail.Received.Field;
using static Postreiter.Spam.Mail.Received.Piece;

namespace Postreiter.Spam.Mail.Received;

/// <summary>
/// Formats told by their shape alone, in the order in which they are tried: an earlier one may fit lines of a later one, and which one
/// reads a line decides what is taken for the client's name. The line above each shows its shape.
/// </summary>
internal static partial class GeneralFormats
{
    private const string Digits = "0123456789";

    private static readonly Piece Helloed = OneOf(None, "HELO ", "EHLO ");

    private static readonly ReceivedFormat[] BeforeQmail =
    [
        // from IP ([IP]) by HOST (IMP) with HTTP
        new(new ReceivedPattern(Ip(), " ([", Ip(None), "]) by ", Word(By))) { Needs = "with HTTP", Then = IsWithHttp },
        // from HELO (IDENT:x@RDNS [IP] (may be forged)) by HOST (8.11.6/8.11.6): sendmail, not qmail-ldap
        new(new ReceivedPattern(Word(Helo), " (", Word(Rdns), " [", Ip(), "]", Any(), ") by ", Word(By), " ("))
        {
            LooksUpNames = true,
            Then = SplitIdent,
        },
        // from HELO (RDNS [IP]) by HOST with SMTP (Microsoft Exchange Internet Mail Service)
        new(new ReceivedPattern(Word(Helo), " (", Word(Rdns), " [", Ip(), "]) by ", Word(By), " with ", Word(), " ("))
        {
            LooksUpNames = true,
        },
        // from RDNS ([IP] helo=HELO) by HOST with smtp
        new(new ReceivedPattern(Word(Rdns), " ([", Ip(), "] helo=", Word(Helo), ") by ", Word(By), " with ")),
        // from HELO (<unknown.domain>[IP]) by HOST
        new(new ReceivedPattern(Word(Helo), " (<unknown", MaybeWord(), ">[", Ip(), "]) by ", Word(By), " ")),
        // from HELO (RDNS.with.dot[IP]) by HOST
        new(new ReceivedPattern(Word(Helo), " (", Word(Rdns), "[", Ip(), "]) by ", Word(By), " "))
        {
            LooksUpNames = true,
            Then = static line => line.Rdns.IndexOf('.', 1) is var dot && dot > 0 && dot < line.Rdns.Length - 1,
        },
        // from HELO (IDENT@[IP]) by HOST (8.11.6/8.11.6)
        new(new ReceivedPattern(Word(Helo), " (", MaybeWord(Ident), "@[", Ip(), "]", Any(), ") by ", Word(By), " ("))
        {
            LooksUpNames = true,
        },
        // from IP by HOST.hotmail.msn.com with HTTP
        new((ReceivedPattern?)null) { Needs = ".hotmail.msn.com ", Then = ReadHotmail },
        // from RDNS (HELO x) (IP) by HOST (qpsmtpd/0.27) with SMTP
        new(
            new ReceivedPattern(
                Word(Rdns),
                " (",
                Helloed,
                MaybeWord(Helo),
                ") (",
                Ip(),
                ") by ",
                Word(By),
                " (qpsmtpd/",
                Word(),
                ") with ",
                OneOf(None, "ESMTP", "SMTP")
            )
        ),
        // from RDNS (LHLO x) (IP) by HOST with LMTP
        new(new ReceivedPattern(Word(Rdns), " (LHLO ", MaybeWord(Helo), ") (", Ip(), ") by ", Word(By), " with LMTP")),
        // from RDNS (EHLO x) [IP] by HOST (mp010) with SMTP
        new(
            new ReceivedPattern(
                Word(Rdns),
                " (",
                Helloed,
                MaybeWord(Helo),
                ") [",
                Ip(),
                "] by ",
                Word(By),
                " (",
                Except(")"),
                ") with ",
                OneOf(None, "ESMTP", "SMTP")
            )
        ),
        // from HELO ([IP]) by HOST via smtpd (for [IP]) with SMTP(
        new(
            new ReceivedPattern(Word(Helo), " ([", Ip(), "]) by ", Word(By), " via smtpd (for ", Word(), ") with SMTP(")
        ),
    ];

    private static readonly ReceivedFormat[] AfterQmail =
    [
        // from x ( [IP]) as user y by HOST
        new(new ReceivedPattern(Word(), " ( [", Ip(), "])", Least(), " by ", Word(By), " ")),
        // from (HELO [IP]) by HOST
        new(new ReceivedPattern("(", Word(Helo), " [", Ip(), "]) by ", Word(By), " ")),
        // from [IP] by HOST
        new(new ReceivedPattern("[", Ip(), "] by ", Word(By), " ")),
        // from ([IP]) by HOST
        new(new ReceivedPattern("(", Optional("["), Ip(), Optional("]"), ") by ", Word(By), " ")),
        // from HELO [IP] by HOST [IP] with SMTP (MDaemon)
        new(new ReceivedPattern(Word(Helo), " [", Ip(), "] by ", Word(By), " [", Ip(None), "] with "))
        {
            LooksUpNames = true,
        },
        // from HELO [(IP)] by HOST (IP)
        new(new ReceivedPattern(Word(Helo), " [(", Ip(), ")] by ", Word(By), " (", Ip(None), ") ")),
        // from HELO ([IP]) by HOST (8.11.6/8.11.6)
        new(new ReceivedPattern(Word(Helo), " ([", Ip(), "]) by ", Word(By), " (")) { LooksUpNames = true },
        // from HELO (RDNS [IP]) … by HOST; courier writes softdnserr where it has no name
        new(new ReceivedPattern(Word(Helo), " (", Word(Comment), " [", Ip(), "])", Least(), " by ", Word(By)))
        {
            Then = EndByAtWord,
        },
        // from HELO ([IP.PORT]) … by HOST
        new(
            new ReceivedPattern(
                Word(Helo),
                " ([",
                Ip(),
                Optional(OneOf(None, ".", ":"), Only(Digits)),
                "])",
                Least(),
                " by ",
                Word(By),
                " "
            )
        )
        {
            LooksUpNames = true,
        },
        // from HELO (RDNS [IP]) (authenticated bits=0) by HOST (8.12.6)
        new(
            new ReceivedPattern(
                Word(Helo),
                " (",
                Word(Rdns),
                " [",
                Ip(),
                "])",
                Optional(" (authenticated bits=", Only(Digits), ")"),
                " by ",
                Word(By),
                " ("
            )
        )
        {
            LooksUpNames = true,
        },
        // from HOST [127.0.0.1] by HOST with IMAP (fetchmail-5.9.0)
        new(new ReceivedPattern("with ", OneOf(None, "POP3", "IMAP")), Reading.Fetcher) { Anywhere = true },
        // from RDNS (HELO x) (IDENT@IP) … by HOST
        new(
            new ReceivedPattern(
                Word(Rdns),
                " (",
                Helloed,
                Except(")", 0, int.MaxValue, Helo),
                ") (",
                MaybeIdent,
                Optional("["),
                Ip(),
                Optional("]"),
                ")",
                Any(),
                " by ",
                Word(By),
                " "
            )
        )
        {
            LooksUpNames = true,
        },
        // from RDNS (IDENT@IP) … by HOST
        new(
            new ReceivedPattern(
                Word(HeloAndRdns),
                " (",
                MaybeIdent,
                Optional("["),
                Ip(),
                Optional("]"),
                ")",
                Any(),
                " by ",
                Word(By),
                " "
            )
        )
        {
            LooksUpNames = true,
        },
        // from RDNS(IP) by HOST via smap
        new(new ReceivedPattern(Word(Rdns), "(", Ip(), ") by ", Word(By), " via smap ")) { LooksUpNames = true },
        // from RDNS(IP, HELO x) by HOST via smap
        new(new ReceivedPattern(Word(Rdns), "(", Ip(), ", ", Helloed, MaybeWord(Helo), ") by ", Word(By), " via smap "))
        {
            LooksUpNames = true,
        },
        // from IP by HOST (InterScan E-Mail VirusWall NT)
        new(new ReceivedPattern(Ip(), " by ", Word(By), " (", OneOf(None, "SMTPL", "InterScan"), NotBefore(WordChars))),
        // from x by y with BSMTP: no network in between
        new(new ReceivedPattern(Word(), " by ", Word(), " with BSMTP"), Reading.Ignore),
        // from HELO (RDNS [IP]) by HOST with SMTP
        new(new ReceivedPattern(Word(Helo), " (", Word(Rdns), " [", Ip(), "]) by ", Word(By), " with "))
        {
            LooksUpNames = true,
        },
        // from RDNS (HELO x) (IDENT@IP with plain) by HOST with SMTP
        new(
            new ReceivedPattern(
                Word(Rdns),
                " (",
                Helloed,
                MaybeWord(Helo),
                ") (",
                Optional(Word(Ident), "@"),
                Ip(),
                Least(),
                ") by ",
                Word(By),
                " with "
            )
        )
        {
            LooksUpNames = true,
        },
        // from [IP] (account x HELO [IP]) by HOST (CommuniGate Pro SMTP)
        new(
            new ReceivedPattern(
                "[",
                Ip(),
                "] (",
                Optional("account ", Word(), " "),
                Helloed,
                MaybeWord(Helo),
                ") by ",
                Word(By),
                " ("
            )
        ),
        // from RDNS ([IP] verified) by HOST (CommuniGate Pro SMTP)
        new(new ReceivedPattern(Word(HeloAndRdns), " ([", Ip(), "] verified) by ", Word(By), " ("))
        {
            Needs = " (CommuniGate Pro",
            LooksUpNames = true,
        },
        // from HELO (IP) by HOST
        new(new ReceivedPattern(Word(Helo), " (", Ip(), ") by ", Word(By), " "))
        {
            Then = static line => line.Helo.Length > 1 && !char.IsAsciiDigit(line.Helo[0]),
        },
        // from x (y) by z (Content Technologies SMTPRS): no address
        new(new ReceivedPattern(Word(), " (", Word(), ") by ", Word(), " (Content Technologies "), Reading.Ignore),
        // from HELO ([IP] [IP]) by HOST with ESMTP
        new(new ReceivedPattern(Word(Helo), " ([", Ip(), "] [", Word(), "]) by ", Word(By), " with ")),
        // from IP by HOST with ESMTP (Tumbleweed MMS)
        new(new ReceivedPattern(Ip(), " by ", Word(By), " with ")),
        // from HELO (RDNS[IP]) by HOST
        new(new ReceivedPattern(Word(Helo), " (", Word(Rdns), "[", Ip(), "]) by ", Word(By), " "))
        {
            LooksUpNames = true,
        },
        // from [IP]:PORT (HELO x) by HOST
        new(new ReceivedPattern("[", Ip(), "]", Word(), " (", Helloed, MaybeWord(Helo), ") by ", Word(By), " ")),
        // from IP (HELO x) by HOST
        new(new ReceivedPattern(Ip(), " (", Helloed, MaybeWord(Helo), ") by ", Word(By), " ")),
        // from HELO [IP] by HOST
        new(new ReceivedPattern(Word(Helo), " [", Ip(), "] by ", Word(By), " ")),
        // from RDNS(IP) by HOST
        new(new ReceivedPattern(Word(Rdns), "(", Ip(), ") by ", Word(By), " ")),
        // from HELO (unverified [IP]) by HOST
        new(new ReceivedPattern(Word(Helo), " (unverified [", Ip(), "]) by ", Word(By), " ")),
        // from IP (Something else) by HOST with HTTP
        new(
            new ReceivedPattern(
                Ip(),
                " (",
                Only("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz", 1, 1),
                Except(")"),
                ") by ",
                Word(By),
                " with "
            )
        ),
        // from [IP] (helo=x ident=y) by HOST
        new(new ReceivedPattern("[", Ip(), "] (", Except(")", 1, int.MaxValue, Comment), ") by ", Word(By), " "))
        {
            Then = NamedServerFormats.LookIntoComment,
        },
        // from RDNS (x@IP) by HOST with SMTP
        new(new ReceivedPattern(Word(Rdns), " (", Optional(Word(), "@"), Ip(), ") by ", Word(By), " with ")),
        // from RDNS(IP), claiming to be "x" via SMTP by HOST, id: Obtuse smtpd
        new(
            new ReceivedPattern(
                Word(Rdns),
                "(",
                Ip(),
                ")",
                Optional(", claiming to be \"", Word(Comment), "\""),
                " via ",
                Word(),
                " by ",
                Word(By),
                ","
            )
        )
        {
            Then = ReadObtuse,
        },
        // from HELO (x@IP with login) by HOST.yahoo.com with SMTP
        new(new ReceivedPattern(Word(Helo), " (", Word(), "@", Ip(), " with login) by ", Word(By), " with SMTP"))
        {
            Then = static line => line.By.Length > 10 && line.By.EndsWith(".yahoo.com", StringComparison.Ordinal),
        },
        // what an originating-address header is made into
        new(new ReceivedPattern("X-Originating-IP: ", Ip(), End()))
        {
            Then = static line =>
            {
                line.By = "";
                return true;
            },
        },
    ];

    private static Piece MaybeIdent => Optional(MaybeWord(Ident), "@");

    public static Reading Read(ReceivedLine line)
    {
        var reading = ReceivedFormat.ReadFirst(BeforeQmail, line);
        if (reading == Reading.Other)
            reading = QmailFormat.Read(line);
        return reading != Reading.Other ? reading : ReceivedFormat.ReadFirst(AfterQmail, line);
    }
}
