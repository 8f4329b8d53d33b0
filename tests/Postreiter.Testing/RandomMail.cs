using System.Text;

namespace Postreiter.Testing;

/// <summary>
/// Messages with everything that canonicalization cares about, and changes to them that it must see or must not. The same
/// seed gives the same ones. Texts are octets as Latin-1 characters, lines end in CRLF.
/// </summary>
public sealed class RandomMail(int seed)
{
    private static readonly string[] Texts =
    [
        "plain",
        "two  spaces",
        "tab\there",
        "folded\r\n once",
        "folded\r\n\ttwice \r\n  over",
        "  spaces in front",
        "spaces behind  ",
        "",
        "\u00e9t\u00e9 as it came",
        "a; b=c; d=\"e\"",
        "=?utf-8?q?=C3=A9?=",
        "colon: another",
    ];

    private static readonly string[] Bodies =
    [
        "\r\n",
        "\r\n\r\n",
        "word",
        "a line of words",
        " ",
        "  ",
        "\t",
        " \t ",
        ".",
        "trailing \r\n",
        "\u00fcml\u00e4ut",
        "--boundary\r\n",
        new string('x', 900),
    ];

    private static readonly string[] Kinds =
    [
        "none",
        "body-text",
        "body-white-space",
        "body-lines-at-end",
        "body-cut",
        "body-appended",
        "subject-text",
        "subject-white-space",
        "header-unfolded",
        "names-in-capitals",
        "from-added",
        "from-added-below",
        "trace-added",
        "field-removed",
    ];

    private readonly Random _random = new(seed);

    /// <summary>The kinds of changes that <see cref="Changed"/> makes.</summary>
    public static IReadOnlyList<string> Changes => Kinds;

    /// <summary>One of several, by the seed.</summary>
    public T Pick<T>(IReadOnlyList<T> of) => of[_random.Next(of.Count)];

    /// <summary>Whether something happens that happens once in so many times.</summary>
    public bool Once(int inSoMany) => _random.Next(inSoMany) == 0;

    /// <summary>A header without the empty line, and a body.</summary>
    public (string Header, string Body) Next()
    {
        var header = new StringBuilder("Received: from there\r\n\tby here; now\r\n");
        header.Append("From: Ann <ann@a.example>\r\n");
        header.Append(Pick<string>(["Subject: ", "SUBJECT:", "subject:  "])).Append(Pick(Texts)).Append("\r\n");
        for (var i = _random.Next(3); i > 0; i--)
            header.Append("To: b").Append(i).Append("@b.example, \r\n c@c.example\r\n");
        for (var i = _random.Next(4); i > 0; i--)
        {
            var name = Pick<string>(["Comments", "X-Note", "Reply-To", "CC", "Message-Id", "x-note"]);
            header.Append(name).Append(':').Append(Pick<string>(["", " ", "\t"])).Append(Pick(Texts)).Append("\r\n");
        }

        header.Append("Date: Thu, 1 Jan 2026 12:00:00 +0000\r\n");
        var body = new StringBuilder();
        for (var i = _random.Next(25); i > 0; i--)
            body.Append(Pick(Bodies));
        // Over the wire every line has its end.
        body.Append("\r\n");
        return (header.ToString(), body.ToString());
    }

    /// <summary>Changes a message.</summary>
    /// <param name="kind">One of <see cref="Changes"/>.</param>
    /// <param name="header">The header.</param>
    /// <param name="body">The body.</param>
    public (string Header, string Body) Changed(string kind, string header, string body) =>
        kind switch
        {
            "none" => (header, body),
            "body-text" => (header, body.Length > 0 ? "X" + body[1..] : "X\r\n"),
            "body-white-space" => (header, body.Replace(" ", " \t", StringComparison.Ordinal)),
            "body-lines-at-end" => (header, body + "\r\n\r\n"),
            "body-cut" => (header, body[..(body[..(body.Length / 2)].LastIndexOf('\n') + 1)]),
            "body-appended" => (header, body + "Buy now!\r\n"),
            "subject-text" => (Replace(header, "Subject:", "Subject: re:"), body),
            "subject-white-space" => (Replace(header, "Subject:", "Subject: \t"), body),
            "header-unfolded" => (header.Replace("\r\n ", " ").Replace("\r\n\t", "\t"), body),
            "names-in-capitals" => (Replace(header, "From:", "FROM:"), body),
            "from-added" => ("From: eve@e.example\r\n" + header, body),
            "from-added-below" => (header + "From: eve@e.example\r\n", body),
            "trace-added" => ("Received: from here\r\n by there; later\r\nX-Trace: 1\r\n" + header, body),
            "field-removed" => (Replace(header, "Date: Thu, 1 Jan 2026 12:00:00 +0000\r\n", ""), body),
            _ => throw new ArgumentOutOfRangeException(nameof(kind), kind, "no such change"),
        };

    private static string Replace(string header, string part, string instead) =>
        header.Replace(part, instead, StringComparison.OrdinalIgnoreCase);
}
