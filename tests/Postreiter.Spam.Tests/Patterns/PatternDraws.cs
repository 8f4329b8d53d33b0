using System.Text;

namespace Postreiter.Spam.Tests.Patterns;

/// <summary>Draws patterns and texts for them; the same seed gives the same ones.</summary>
internal sealed class PatternDraws(int seed)
{
    private static readonly string[] Atoms =
    [
        "a",
        "b",
        "B",
        "c",
        "ab",
        "abc",
        "aab",
        " ",
        "1",
        "-",
        "_",
        "\\n",
        ".",
        "\\w",
        "\\W",
        "\\d",
        "\\s",
        "\\S",
        "\\h",
        "\\R",
        "\\N",
        "\\x{e9}",
        "\\xC9",
        "\\xd7",
        "\\303",
        "[ab]",
        "[^a]",
        "[a-c1]",
        "[^\\W_]",
        "[[:alpha:]]",
        "[[:^digit:]-]",
        "[\\xe0-\\xe9]",
        "[\\s\\d]",
        "\\b",
        "\\B",
        "^",
        "$",
        "\\A",
        "\\z",
        "\\Z",
        "(?m:^)",
        "(?m:$)",
        "(?s:.)",
        "\\x00",
        "\\ ",
        "\\#",
        "(?#x)a",
        "(?:)",
        "\\x{100}",
        "[\\x{100}a]",
    ];

    private static readonly string[] Opens =
    [
        "(",
        "(",
        "(",
        "(?:",
        "(?:",
        "(?:",
        "(?i:",
        "(?-i:",
        "(?>",
        "(?=",
        "(?!",
        "(?<=",
        "(?<!",
        "(?|",
        "(?<x>",
    ];

    private static readonly string[] Quantifiers =
    [
        "",
        "",
        "",
        "",
        "",
        "*",
        "+",
        "?",
        "*?",
        "+?",
        "??",
        "++",
        "*+",
        "?+",
        "{2}",
        "{1,2}",
        "{0,2}?",
        "{2,}",
        "{2,}?",
        "{1,3}+",
        "{0,3}",
    ];
    private static readonly string[] AllModifiers = ["", "", "i", "s", "m", "x", "im", "ims"];
    private const string Octets = "aaabbbcABC11 _-\n\n\t\u00e9\u00c9\u00d7\u00f7\u00c3\u00a0\u0085\0";
    private readonly Random _random = new(seed);
    private int _behind;

    /// <summary>A pattern, its modifiers and a text.</summary>
    public (string Pattern, string Modifiers, string Text) Next()
    {
        var pattern = new StringBuilder();
        var groups = 0;
        Alternation(pattern, depth: 0, ref groups);
        return (pattern.ToString(), Pick(AllModifiers), Text());
    }

    private void Alternation(StringBuilder pattern, int depth, ref int groups)
    {
        for (
            var branches = _random.Next(8) switch
            {
                < 5 => 1,
                < 7 => 2,
                _ => _random.Next(2, 8),
            };
            branches > 0;
            branches--
        )
        {
            for (var parts = _random.Next(depth == 0 ? 1 : 0, 4); parts > 0; parts--)
                Part(pattern, depth, ref groups);
            if (branches > 1)
                pattern.Append('|');
        }
    }

    private void Part(StringBuilder pattern, int depth, ref int groups)
    {
        if (depth < 3 && _random.Next(3) == 0)
        {
            var open = Pick(Opens);
            var isBehind = open.StartsWith("(?<", StringComparison.Ordinal) && open != "(?<x>";
            // Perl 5.36 forgets where it looked from when a possessive part inside ends.
            if (open == "(?>" && _behind > 0)
                open = "(?:";
            _behind += isBehind ? 1 : 0;
            pattern.Append(open);
            if (open is "(" or "(?<x>")
                groups++;
            Alternation(pattern, depth + 1, ref groups);
            pattern.Append(')');
            _behind -= isBehind ? 1 : 0;
        }
        else if (groups > 0 && _random.Next(6) == 0)
        {
            pattern.Append('\\').Append(_random.Next(1, groups + 1));
        }
        else
        {
            // A \K that is taken back is not always forgotten by Perl.
            pattern.Append(depth == 0 && _random.Next(40) == 0 ? "\\Ka" : Pick(Atoms));
        }
        var quantifier = Pick(Quantifiers);
        pattern.Append(_behind > 0 && quantifier.EndsWith('+') && quantifier.Length > 1 ? "" : quantifier);
    }

    private string Text() =>
        string.Create(
            _random.Next(0, 16),
            _random,
            static (text, drawn) =>
            {
                // Some of few octets, so that repeats and references have something to do.
                var octets = drawn.Next(3) == 0 ? Octets[..6] : Octets;
                for (var i = 0; i < text.Length; i++)
                    text[i] = octets[drawn.Next(octets.Length)];
            }
        );

    private string Pick(string[] from) => from[_random.Next(from.Length)];
}
