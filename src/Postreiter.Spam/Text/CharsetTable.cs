using System.Globalization;
using System.Text;
using Postreiter.Spam.Configuration;

namespace Postreiter.Spam.Text;

/// <summary>The charsets that are made of tables: the runtime's code pages, and what charsets.tsv changes in them or adds to them.</summary>
internal static class CharsetTable
{
    // Of the runtime alone.
    private static readonly Dictionary<string, int> Pages = new(StringComparer.Ordinal)
    {
        ["koi8-r"] = 20866,
        ["cp424"] = 20424,
        ["cp37"] = 37,
        ["cp500"] = 500,
        ["cp875"] = 875,
        ["cp1026"] = 1026,
        ["cp1047"] = 1047,
        ["iso-8859-1"] = 28591,
        ["iso-8859-2"] = 28592,
        ["iso-8859-3"] = 28593,
        ["iso-8859-4"] = 28594,
        ["iso-8859-5"] = 28595,
        ["iso-8859-6"] = 28596,
        ["iso-8859-9"] = 28599,
        ["iso-8859-13"] = 28603,
        ["iso-8859-15"] = 28605,
    };

    private static readonly int[] CodePages =
    [
        437,
        737,
        775,
        850,
        852,
        855,
        857,
        858,
        860,
        861,
        862,
        863,
        865,
        866,
        874,
        1250,
        1251,
        1252,
        1253,
        1254,
        1256,
        1257,
        1258,
    ];

    private static readonly Dictionary<string, string> Rows = EmbeddedTable
        .Lines("charsets.tsv", typeof(CharsetTable))
        .ToDictionary(
            static line => line[..line.IndexOf('\t', StringComparison.Ordinal)].ToLowerInvariant(),
            static line => line[(line.IndexOf('\t', StringComparison.Ordinal) + 1)..],
            StringComparer.Ordinal
        );

    static CharsetTable()
    {
        foreach (var page in CodePages)
            Pages.Add($"cp{page}", page);
    }

    /// <summary>Whether there is one of this name, in lower case.</summary>
    public static bool Has(string name) => Rows.ContainsKey(name) || Pages.ContainsKey(name);

    /// <summary>The charset of a name that there is.</summary>
    public static CharsetDecoder Make(string name)
    {
        if (!Rows.TryGetValue(name, out var row))
            return new SingleOctetCharset(Pages[name], isWindows: Pages[name] is 874 or (>= 1250 and <= 1258));
        var tab = row.IndexOf('\t', StringComparison.Ordinal);
        return tab == 0
            ? new SingleOctetCharset(Unescape(row[1..]))
            : new DoubleOctetCharset(int.Parse(row[..tab], CultureInfo.InvariantCulture), Changes(row[(tab + 1)..]));
    }

    // Places and what they hold; null = nothing.
    private static IEnumerable<(int Place, string? Text)> Changes(string runs)
    {
        foreach (var run in runs.Split(' '))
        {
            var mark = run.AsSpan().IndexOfAny('=', '-');
            var first = int.Parse(run.AsSpan(0, mark), NumberStyles.HexNumber, CultureInfo.InvariantCulture);
            if (run[mark] == '-')
            {
                var last = int.Parse(run.AsSpan(mark + 1), NumberStyles.HexNumber, CultureInfo.InvariantCulture);
                for (var place = first; place <= last; place++)
                    yield return (place, null);
                continue;
            }

            var text = Unescape(run[(mark + 1)..]);
            // Two units are one character of one place, be it beyond U+FFFF or made of two.
            if (text.Length == 2 && (char.IsHighSurrogate(text[0]) || text[1] is '\u0304' or '\u030C'))
                yield return (first, text);
            else
            {
                for (var i = 0; i < text.Length; i++)
                    yield return (first + i, text[i].ToString());
            }
        }
    }

    private static string Unescape(string text)
    {
        var to = new StringBuilder(text.Length);
        for (var i = 0; i < text.Length; i++)
        {
            if (text[i] != '\\')
            {
                to.Append(text[i]);
                continue;
            }

            to.Append((char)int.Parse(text.AsSpan(i + 1, 4), NumberStyles.HexNumber, CultureInfo.InvariantCulture));
            i += 4;
        }

        return to.ToString();
    }
}
