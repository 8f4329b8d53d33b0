using static Postreiter.Spam.Mail.Received.Field;
using static Postreiter.Spam.Mail.Received.Piece;

namespace Postreiter.Spam.Mail.Received;

/// <summary>How servers write down that a client logged in: RFC 3848 has words for it, older servers their own.</summary>
internal static class ReceivedAuthentication
{
    private const string LowerAndDigits = "abcdefghijklmnopqrstuvwxyz0123456789";
    private const string Lower = "abcdefghijklmnopqrstuvwxyz";
    private const string Digits = "0123456789";

    // with ESMTPA, ESMTPSA, LMTPA, LMTPSA, UTF8SMTPA…; ASMTP of Exim 4.34; HTTP of webmail
    private static readonly string[] Protocols =
    [
        "ESMTPSA",
        "ESMTPA",
        "LMTPSA",
        "LMTPA",
        "UTF8SMTPSA",
        "UTF8SMTPA",
        "UTF8LMTPSA",
        "UTF8LMTPA",
        "ASMTP",
        "HTTPS",
        "HTTPU",
        "HTTP",
    ];

    // GMail says ESMTPS of clients that logged in; their ids have "sm" in them.
    private static readonly ReceivedPattern Google = new(
        " by mx.google.com with ESMTPS id ",
        Only(LowerAndDigits, 1, 4),
        "sm",
        Only(Digits, 2, 9),
        Only(Lower, 3, 3),
        ".",
        Only(Digits, 1, 3),
        ".",
        Only(Digits, 4, 4),
        ".",
        Only(Digits, 2, 2),
        ".",
        Only(Digits, 2, 2),
        ".",
        Only(Digits, 2, 2),
        ".",
        Only(Digits, 2, 2),
        ".",
        Only(Digits, 2, 2)
    );

    private static readonly ReceivedPattern GoogleCipher = new(
        "(version=",
        Except(" ", 1, int.MaxValue, Auth),
        " cipher=",
        Except(")", 1, int.MaxValue, Comment),
        ")"
    );

    // courier: (AUTH: LOGIN user) behind the address
    private static readonly ReceivedPattern Courier = new(
        "from ",
        Least(),
        OneOf(None, "])", ")]"),
        " (AUTH: ",
        OneOf(Auth, "LOGIN", "PLAIN", "DIGEST-MD5", "CRAM-MD5"),
        " ",
        Word(),
        Optional(", ", Least()),
        ") by "
    );

    private static readonly ReceivedPattern Gmx = new(
        "from ",
        MaybeWord(),
        " (",
        OneOf(None, "HELO ", "EHLO "),
        MaybeWord(Helo),
        ") [",
        Ip(None),
        "] by ",
        OneOf(By, "mail.gmx.net", "mail.gmx.com"),
        " (",
        Except(")"),
        ") with ",
        OneOf(Auth, "ESMTP", "SMTP")
    );

    // Critical Path: by HOST (7.0.020) (authenticated as USER) id
    private static readonly ReceivedPattern CriticalPath = new(
        ") by ",
        Any(1),
        " (",
        Only(Digits, 1, 2),
        ".",
        Only(Digits, 1, 1),
        ".",
        Only(Digits, 3, 3),
        Optional(".", Only(Digits, 1, 3)),
        ") (authenticated as ",
        Any(1),
        ") id "
    );

    // Postfix: (Authenticated sender: USER) by HOST (NAME) with
    private static readonly ReceivedPattern Postfix = new(
        ") (Authenticated sender: ",
        Word(),
        ") by ",
        Word(),
        " (",
        Except(")", 1, int.MaxValue, Auth),
        ") with "
    );

    // from … ([IP] (may be forged)) … (… authenticated …) … by
    private static readonly ReceivedPattern[] Sendmail =
    [
        new(["from ", Least(), "]", Optional(" (", Except(")", 0), ")"), ")", .. Authenticated]),
        new(["from ", Least(), ")]", .. Authenticated]),
    ];

    private static Piece[] Authenticated => [" ", Least(), "(", Least(), "authenticated", Least(), ")", Least(), " by"];

    /// <summary>The method, or null if nothing is said of a login. Fields of <paramref name="line"/> are as before.</summary>
    public static string? Method(ReceivedLine line)
    {
        var before = line.Save();
        var method = Find(line);
        line.Restore(before);
        return method;
    }

    private static string? Find(ReceivedLine line)
    {
        var hasBy = line.Has(" by ");
        if (hasBy && FindBehind(line.Text, " with ", Protocols, "") is { } protocol)
            return protocol;
        if (line.Has("google") && Google.Search(line) && GoogleCipher.Search(line))
            return $"GMail - transport={line.Auth} cipher={line.Comment}";
        if (line.Has(" (AUTH: ") && Courier.Match(line))
            return line.Auth;
        if (line.Has("authenticated") && Array.Exists(Sendmail, pattern => pattern.Match(line)))
            return "Sendmail";
        if (line.Has("mail.gmx.") && Gmx.Search(line))
            return $"GMX ({line.Auth} / {line.By})";
        if (line.Has(" (authenticated as ") && CriticalPath.Search(line))
            return "CriticalPath";
        if (line.Has(") (Authenticated sender: ") && Postfix.Search(line))
            return line.Auth == "Postfix" ? line.Auth : $"Postfix ({line.Auth})";
        if (line.Has(" (account ") && IsCommuniGate(line))
            return "Communigate";
        if (FindWord(line.Text, " with Microsoft Exchange Server HTTP-DAV"))
            return "HTTP-DAV";
        return hasBy ? FindViaHttp(line.Text) : null;
    }

    private static bool IsCommuniGate(ReceivedLine line) =>
        line.Has("CommuniGate Pro HTTP")
        || line.Has("CommuniGate Pro SMTP")
        || line.Has("CommuniGate Pro XIMSS")
        || line.Has("CommuniGate Pro IMAP");

    // One of the words in any case, with a blank, a semicolon or the end behind it.
    private static string? FindBehind(string text, string before, string[] words, string after)
    {
        for (var at = text.IndexOf(before, StringComparison.OrdinalIgnoreCase); at >= 0; )
        {
            var rest = text.AsSpan(at + before.Length);
            foreach (var word in words)
            {
                if (
                    rest.StartsWith(word, StringComparison.OrdinalIgnoreCase)
                    && rest[word.Length..].StartsWith(after)
                    && rest[(word.Length + after.Length)..] is [] or [' ' or ';', ..]
                )
                {
                    return rest[..word.Length].ToString();
                }
            }

            at = text.IndexOf(before, at + 1, StringComparison.OrdinalIgnoreCase);
        }

        return null;
    }

    // "(via HTTP)", with one more letter if there is one.
    private static string? FindViaHttp(string text)
    {
        const string before = " (via HTTP";
        for (var at = text.IndexOf(before, StringComparison.OrdinalIgnoreCase); at >= 0; )
        {
            var rest = text.AsSpan(at + 6);
            foreach (var length in (ReadOnlySpan<int>)[5, 4])
            {
                if (rest.Length > length && rest[length] == ')' && rest[(length + 1)..] is [] or [' ' or ';', ..])
                    return rest[..length].ToString();
            }

            at = text.IndexOf(before, at + 1, StringComparison.OrdinalIgnoreCase);
        }

        return null;
    }

    private static bool FindWord(string text, string words)
    {
        var at = text.IndexOf(words, StringComparison.Ordinal);
        return at >= 0 && (at + words.Length == text.Length || !Octets.IsWord(text[at + words.Length]));
    }
}
