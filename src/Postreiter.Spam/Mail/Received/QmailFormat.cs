using static Postreiter.Spam.Mail.Received.Field;
using static Postreiter.Spam.Mail.Received.Piece;

namespace Postreiter.Spam.Mail.Received;

/// <summary>
/// qmail and its many patches: <c>from NAME (HELO x) (IDENT@IP) (envelope-sender &lt;y&gt;) by HOST (qmail-ldap-1.03) with SMTP</c>.
/// Without HELO the client's name was what it said; without IDENT no ident server answered.
/// </summary>
internal static class QmailFormat
{
    private static readonly Piece Helloed = OneOf(None, "HELO ", "EHLO ");
    private static readonly Piece Envelope = Optional(" (envelope-sender <", Word(), ">)");
    private static readonly Piece[] Address = [Optional("["), Ip(), Optional("]"), ")", Envelope, " by "];

    // "with" something, then SMTP or QMQP; a sendmail line has an id behind it.
    private static readonly ReceivedPattern Whole = new([
        Word(),
        Optional(" (", Helloed, MaybeWord(), ")"),
        " (",
        Optional(Word(), "@"),
        Optional("["),
        Ip(None),
        Optional("]"),
        ")",
        Envelope,
        " by ",
        Word(),
        Optional(" (", Any(1), ")"),
        " with ",
        Optional(Any(), " "),
        OneOf(None, "SMTP", "QMQP"),
        NotThen(" id "),
    ]);

    private static readonly ReceivedPattern[] Shapes =
    [
        new([
            Word(Rdns),
            " (",
            Helloed,
            Except(" ()", 0, int.MaxValue, Helo),
            ") (",
            MaybeWord(Ident),
            "@",
            .. Address,
            Word(By),
        ]),
        new([Word(Rdns), " (", Helloed, Except(" ()", 0, int.MaxValue, Helo), ") (", .. Address, Word(By)]),
        new([Word(HeloAndRdns), " (", MaybeWord(Ident), "@", .. Address, Word(By)]),
        new([Word(HeloAndRdns), " (", .. Address, Word(By)]),
    ];

    private static readonly ReceivedPattern LdapSign = new(" by ", Word(), " (qmail-", Word(), ") with ");

    /// <summary>Whether the line is of qmail-ldap, which looks like sendmail's.</summary>
    public static bool IsQmailLdap(ReceivedLine line) => line.Has(" (qmail-") && LdapSign.Search(line);

    public static Reading Read(ReceivedLine line)
    {
        if (!Whole.Match(line))
            return Reading.Other;
        foreach (var shape in Shapes)
        {
            if (shape.Match(line))
                break;
        }

        // qmail itself asks nobody for names; the program in front of it does, and "unknown" says that it did not or found none.
        if (line.Rdns == "unknown")
            line.Rdns = "";
        else
            line.LooksUpNames = true;
        return Reading.Relay;
    }
}
