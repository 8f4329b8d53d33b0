using static Postreiter.Spam.Mail.Received.Field;
using static Postreiter.Spam.Mail.Received.Piece;

namespace Postreiter.Spam.Mail.Received;

/// <summary>Formats of servers that give their name in the line. The first family whose name is there is the only one tried.</summary>
internal static class NamedServerFormats
{
    // from 142.169.110.122 (SquirrelMail authenticated user …) by HOST with HTTP
    private static readonly ReceivedFormat[] Webmail =
    [
        new(new ReceivedPattern(Ip(), NotBefore(WordChars + ".-"), Any(10, 80), "by ", Word(By), " with HTTP"))
        {
            Needs = "Mail authenticated user ",
            Anywhere = true,
            Then = static line =>
                line.Has(" (SquirrelMail authenticated user ") || line.Has(" (NaSMail authenticated user "),
        },
        // from 82.135.198.129 by HOST.aol.com (64.12.168.82) with HTTP (WebMailUI)
        new(new ReceivedPattern(Ip(), " by ", Word(By), " (", Ip(None), ") with HTTP (WebMailUI)"))
        {
            Needs = "aol.com",
            Anywhere = true,
        },
    ];

    // from HELO ([IP] unverified) by HOST with Microsoft SMTPSVC(5.0)
    private static readonly ReceivedFormat[] MicrosoftSmtpService =
    [
        new(
            new ReceivedPattern(
                MaybeWord(Helo),
                " ([",
                Ip(),
                "]",
                Except(")", 0, 40),
                ") by ",
                Word(By),
                " with Microsoft SMTPSVC"
            )
        ),
        new(new ReceivedPattern("mail pickup service by ", Word(), " with Microsoft SMTPSVC", End()), Reading.Ignore),
    ];

    // from HELO (IP) by HOST (IP) with Microsoft SMTP Server (version=…) id 15.1.1261.35
    private static readonly ReceivedFormat[] Exchange =
    [
        new(
            new ReceivedPattern(
                Word(Helo),
                " (",
                Optional("["),
                Ip(),
                Optional("%", Only("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._~-", 0)),
                Optional("]"),
                ") by ",
                Word(By),
                " "
            )
        )
        {
            Then = static line =>
            {
                line.Id = "";
                return true;
            },
        },
    ];

    private static readonly ReceivedPattern XMailId = new(" id <", Word(Id), ">");
    private static readonly ReceivedPattern XMailFrom = new(" from <", Word(EnvelopeFrom), ">");

    // from HELO (IP:PORT) by HOST (IP:PORT) with [XMail 1.20 ESMTP Server] id <S72E> for <TO> from <FROM>
    private static readonly ReceivedFormat[] XMail =
    [
        new(
            new ReceivedPattern(
                Word(Helo),
                " (",
                Optional("["),
                Ip(),
                Optional("]"),
                ":",
                Only("0123456789"),
                ") by ",
                Word(By),
                Optional(" (", Word(), ")"),
                " with [XMail"
            )
        )
        {
            Then = static line =>
            {
                XMailId.Search(line);
                XMailFrom.Search(line);
                return true;
            },
        },
    ];

    // from ([IP:PORT] helo=HELO) by HOST (ecelerity 2.1)
    private static readonly ReceivedFormat[] Ecelerity =
    [
        new(new ReceivedPattern("([", Ip(), ":", Only("0123456789"), "] helo=", Word(Helo), ") by ", Word(By), " ")),
        new(new ReceivedPattern(Word(), " ([", Ip(), ":", Only("0123456789"), "]) by ", Word(By), " ")),
    ];

    private static readonly ReceivedFormat[] Exim =
    [
        new(new ReceivedPattern("with local", Optional("-", Word()), " "), Reading.Ignore)
        {
            Anywhere = true,
            Then = static line => BehindBorder(line, "with local"),
        },
        // from [IP] (helo=HELO ident=IDENT) by HOST with smtp (Exim 3.35)
        new(new ReceivedPattern("[", Ip(), "] (", Least(Comment), ") by ", Word(By), " ")) { Then = LookIntoComment },
        // from RDNS ([IP] helo=HELO) by HOST with esmtp (Exim 4.50)
        new(new ReceivedPattern(Word(HeloAndRdns), " ([", Ip(), "]", Least(Comment), ") by ", Word(By), " "))
        {
            Then = LookIntoComment,
        },
        // from RDNS [IP] by HOST with esmtp (Exim 3.35)
        new(
            new ReceivedPattern(
                Word(HeloAndRdns),
                " [",
                Ip(),
                "]",
                Optional(":", Only("0123456789")),
                " by ",
                Word(By),
                " "
            )
        ),
        new((ReceivedPattern?)null) { Then = ReadEximPieces },
    ];

    private static readonly ReceivedPattern EximName = new(Word(Rdns), " ");
    private static readonly ReceivedPattern EximHelo = new(" (", Word(Helo), ") ");
    private static readonly ReceivedPattern EximIp = new(" [", Ip(), Optional(".", Only("0123456789")), "] ");
    private static readonly ReceivedPattern EximBy = new("by ", Word(By), " ");

    // from HELO (RDNS [IP]) by HOST (Postfix) with ESMTP
    private static readonly ReceivedFormat[] Postfix =
    [
        new(new ReceivedPattern(Word(Helo), " (", Word(Rdns), " [", Ip(), "]) by ", Word(By), " "))
        {
            LooksUpNames = true,
            Then = static line => UnknownIsNone(line),
        },
        new(new ReceivedPattern(Word(Helo), " (", Word(Rdns), "[", Ip(), "]) by ", Word(By), " "))
        {
            LooksUpNames = true,
            Then = static line => UnknownIsNone(line),
        },
    ];

    // from HELO ( IP) by HOST (Scalix SMTP Relay 10.0.1.3)
    private static readonly ReceivedFormat[] Scalix =
    [
        new(new ReceivedPattern(Word(Helo), " (", Optional(" "), Ip(), ") by ", Word(By))),
    ];

    // from HELO ([IP]) by HOST (Lotus Domino Release 5.0)
    private static readonly ReceivedFormat[] Domino =
    [
        new(new ReceivedPattern(Word(Helo), " ([", Ip(), "]) by ", Word(By), " (Lotus")),
    ];

    public static Reading Read(ReceivedLine line)
    {
        var reading = ReceivedFormat.ReadFirst(Webmail, line);
        if (reading != Reading.Other)
            return reading;
        var family = Family(line);
        return ReceivedFormat.ReadFirst(family, line);
    }

    private static ReadOnlySpan<ReceivedFormat> Family(ReceivedLine line)
    {
        if (line.Has(" SMTPSVC"))
            return MicrosoftSmtpService;
        if (IsExchange(line))
            return Exchange;
        if (line.Has("[XMail "))
            return XMail;
        if (IsEcelerity(line.Text))
            return Ecelerity;
        if (line.Has("Exim"))
            return Exim;
        if (line.Has(" (Postfix) with"))
            return Postfix;
        if (line.Has("(Scalix SMTP Relay"))
            return Scalix;
        return line.Has(" (Lotus Domino ") ? Domino : [];
    }

    // The version stands at the end or has a blank behind it.
    private static bool IsExchange(ReceivedLine line)
    {
        if (!line.Has(" with Microsoft SMTP Server ") && !line.Has(" with mapi id "))
            return false;
        return new[] { " with Microsoft SMTP Server ", " with mapi id " }.Any(name =>
        {
            for (var at = line.Text.IndexOf(name, StringComparison.Ordinal); at >= 0; )
            {
                var rest = line.Text.AsSpan(at + name.Length);
                if (rest is ['(', ..] && rest.IndexOf(')') is var close and > 1 && rest[(close + 1)..] is [' ', ..])
                    rest = rest[(close + 2)..];
                var end = rest.IndexOf(' ');
                if (IsVersion(end < 0 ? rest : rest[..end]))
                    return true;
                at = line.Text.IndexOf(name, at + 1, StringComparison.Ordinal);
            }

            return false;
        });
    }

    private static bool IsVersion(ReadOnlySpan<char> text)
    {
        var parts = 0;
        foreach (var part in text.Split('.'))
        {
            if (text[part].IsEmpty || text[part].ContainsAnyExceptInRange('0', '9'))
                return false;
            parts++;
        }

        return parts == 4;
    }

    private static bool IsEcelerity(string text)
    {
        const string name = "(ecelerity";
        for (var at = text.IndexOf(name, StringComparison.Ordinal); at >= 0; )
        {
            if (at + name.Length == text.Length || !Octets.IsWord(text[at + name.Length]))
                return true;
            at = text.IndexOf(name, at + 1, StringComparison.Ordinal);
        }

        return false;
    }

    private static bool BehindBorder(ReceivedLine line, string name)
    {
        var at = line.Text.IndexOf(name, StringComparison.Ordinal);
        return at == 0 || (at > 0 && !Octets.IsWord(line.Text[at - 1]));
    }

    private static bool UnknownIsNone(ReceivedLine line)
    {
        if (line.Rdns == "unknown")
            line.Rdns = "";
        return true;
    }

    /// <summary>Takes <c>helo=</c> and then <c>ident=</c> out of the comment behind an address.</summary>
    public static bool LookIntoComment(ReceivedLine line)
    {
        var comment = line.Comment;
        if (TakeWord(ref comment, "helo=", 1) is { } helo)
            line.Helo = helo;
        if (TakeWord(ref comment, "ident=", 0) is { } ident)
            line.Ident = ident;
        return true;
    }

    private static string? TakeWord(ref string comment, string key, int min)
    {
        for (var at = comment.IndexOf(key, StringComparison.Ordinal); at >= 0; )
        {
            var rest = comment.AsSpan(at + key.Length);
            var length = rest.IndexOfAny(Octets.Blanks);
            if (length < 0)
                length = rest.Length;
            if (length >= min)
            {
                var word = rest[..length].ToString();
                comment = comment.Remove(at, key.Length + length);
                return word;
            }

            at = comment.IndexOf(key, at + 1, StringComparison.Ordinal);
        }

        return null;
    }

    // Exim's format can be set freely; an address and the server's name are enough.
    private static bool ReadEximPieces(ReceivedLine line)
    {
        EximName.Match(line);
        EximHelo.Search(line);
        EximIp.Search(line);
        return EximBy.Search(line) && line.Ip.Length > 0;
    }
}
