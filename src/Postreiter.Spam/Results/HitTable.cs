using System.Text;

namespace Postreiter.Spam.Results;

/// <summary>The rules that hit as tables: short for a header field, long for a report.</summary>
internal static class HitTable
{
    private const string NoDescription = "No description available.";

    /// <summary>For <c>_REPORT_</c>: a star, points, name, area and description a line.</summary>
    public static string Short(IReadOnlyList<ReportedHit> hits, int width)
    {
        var text = new StringBuilder();
        foreach (var hit in hits)
        {
            var points = Points(hit.Points);
            var before = 4 + hit.Name.Length + points.Length + hit.Area.Length;
            text.Append("* ").Append(points).Append(' ').Append(hit.Name).Append(' ').Append(hit.Area);
            text.Append(Described(hit, before, "*      ", width)).Append('\n');
            var isFirst = true;
            foreach (var piece in hit.Details.SelectMany(Pieces))
            {
                text.Append(isFirst ? "*      [" : "[").Append(piece).Append("]\n");
                isFirst = false;
            }
        }

        return text.ToString();
    }

    /// <summary>For <c>_SUMMARY_</c>: points, name padded to 22, area and description.</summary>
    public static string Long(IReadOnlyList<ReportedHit> hits, int width)
    {
        var text = new StringBuilder();
        foreach (var hit in hits)
        {
            var points = Points(hit.Points);
            var before = 3 + hit.Name.Length + points.Length + hit.Area.Length;
            text.Append(points).Append(' ').Append(hit.Name.PadRight(22)).Append(' ').Append(hit.Area);
            text.Append(Described(hit, before, new string(' ', 28), width)).Append('\n');
            foreach (var piece in hit.Details.SelectMany(Pieces))
            {
                if (piece.Length > 47)
                    text.Append($"[{piece}]".PadLeft(78)).Append('\n');
                else
                    text.Append(' ', 28).Append('[').Append(piece).Append("]\n");
            }
        }

        return text.ToString();
    }

    private static string Points(double points) => CNumber.Fixed(points, points is >= 10 or <= -10 ? 0 : 1).PadLeft(4);

    private static string Described(ReportedHit hit, int before, string next, int width)
    {
        var description = hit.Description.Length == 0 ? NoDescription : hit.Description;
        var wrapped = TextWrap.Wrap(
            description,
            new string(' ', before),
            next,
            width,
            canPass: false,
            LineBreaks.AtBlanks
        );
        var start = 0;
        while (start < wrapped.Length && TextWrap.IsBlank(wrapped[start]))
            start++;
        return wrapped[start..];
    }

    // Pieces of 30 to 48 octets, as long as a blank ends one.
    private static IEnumerable<string> Pieces(string detail)
    {
        var rest = detail;
        while (BreakAt(rest) is var end and > 0)
        {
            yield return rest[..end];
            rest = rest[(end + 1)..];
        }

        yield return rest;
    }

    private static int BreakAt(string text)
    {
        var line = text.IndexOf('\n', StringComparison.Ordinal);
        var most = line < 0 ? 48 : Math.Min(48, line);
        for (var end = Math.Min(most, text.Length - 1); end >= 30; end--)
        {
            if (TextWrap.IsBlank(text[end]))
                return end;
        }

        return -1;
    }
}
