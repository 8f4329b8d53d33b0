using System.Globalization;
using System.Text;

namespace Postreiter.Benchmarks;

/// <summary>Numbers of several runs and sites, and the Markdown table of their medians.</summary>
/// <param name="title">Heading.</param>
/// <param name="explanation">What is measured and how.</param>
internal sealed class ResultTable(string title, string explanation)
{
    private readonly Dictionary<(string Row, string Site), List<double>> _values = [];
    private readonly List<string> _rows = [];
    private readonly List<string> _sites = [];

    /// <summary>Adds one run's number.</summary>
    public void Add(string row, string site, double value)
    {
        if (!_rows.Contains(row))
            _rows.Add(row);
        if (!_sites.Contains(site))
            _sites.Add(site);
        if (!_values.TryGetValue((row, site), out var values))
            _values[(row, site)] = values = [];
        values.Add(value);
        Console.Error.WriteLine(string.Create(CultureInfo.InvariantCulture, $"  {site}: {row}: {value:0.###}"));
    }

    /// <summary>
    /// The table: a row for each thing measured, a column for each site, and ours divided by theirs, or by the better one of
    /// several: more messages a second, less of everything else.
    /// </summary>
    public string ToMarkdown()
    {
        var text = new StringBuilder();
        text.Append(CultureInfo.InvariantCulture, $"## {title}\n\n{explanation}\n\n");
        text.Append(
            CultureInfo.InvariantCulture,
            $"| | {string.Join(" | ", _sites)} |{(_sites.Count > 1 ? " ratio |" : "")}\n"
        );
        text.Append(
            CultureInfo.InvariantCulture,
            $"|---|{string.Concat(_sites.Select(static _ => "---:|"))}{(_sites.Count > 1 ? "---:|" : "")}\n"
        );
        foreach (var row in _rows)
        {
            var medians = _sites.Select(s => Median(row, s)).ToList();
            var cells = medians.Select(static m => m is { } value ? Round(value) : "–");
            text.Append(CultureInfo.InvariantCulture, $"| {row} | {string.Join(" | ", cells)} |");
            if (_sites.Count > 1)
            {
                var peers = medians.Skip(1).OfType<double>().Where(static m => m > 0).ToList();
                var best =
                    peers.Count == 0 ? (double?)null
                    : row.EndsWith("/s", StringComparison.Ordinal) ? peers.Max()
                    : peers.Min();
                text.Append(medians[0] is { } ours && best is { } theirs ? $" {Round(ours / theirs)} |" : " – |");
            }

            text.Append('\n');
        }

        return text.ToString();
    }

    private double? Median(string row, string site)
    {
        if (!_values.TryGetValue((row, site), out var values))
            return null;
        var sorted = values.Order().ToList();
        var middle = sorted.Count / 2;
        return sorted.Count % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
    }

    // Three digits that mean something.
    private static string Round(double value) =>
        value switch
        {
            >= 100 => value.ToString("#,0", CultureInfo.InvariantCulture),
            >= 10 => value.ToString("0.0", CultureInfo.InvariantCulture),
            _ => value.ToString("0.00", CultureInfo.InvariantCulture),
        };
}
