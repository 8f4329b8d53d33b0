using System.Text.RegularExpressions;

namespace Postreiter.Core.Tests;

/// <summary><c>rfc/index.tsv</c>: number, title, state (yes, partial, planned, no), room, note.</summary>
public sealed partial class RfcIndexTests
{
    private static readonly string[] States = ["yes", "partial", "planned", "no"];

    private static List<string[]> Rows() =>
        [
            .. File.ReadLines(Path.Combine(Repository.Root, "rfc", "index.tsv"))
                .Skip(1)
                .Where(line => line.Length > 0)
                .Select(line => line.Split('\t')),
        ];

    [Fact]
    public void Rows_are_whole_sorted_and_say_a_state()
    {
        var rows = Rows();
        Assert.All(rows, row => Assert.True(row.Length == 5, string.Join('|', row)));
        Assert.All(rows, row => Assert.Contains(row[2], States));
        var numbers = rows.ConvertAll(row => int.Parse(row[0], System.Globalization.CultureInfo.InvariantCulture));
        Assert.Equal(numbers.Distinct().Order(), numbers);
    }

    [Fact]
    public void Every_RFC_that_the_code_cites_is_in_the_index()
    {
        var known = Rows().Select(row => row[0]).ToHashSet(StringComparer.Ordinal);
        var missing = Repository
            .SourceFiles("*.cs")
            .SelectMany(file =>
                Citation().Matches(File.ReadAllText(file)).Select(match => match.Groups["number"].Value)
            )
            .Distinct(StringComparer.Ordinal)
            .Where(number => !known.Contains(number))
            .Order(StringComparer.Ordinal);
        Assert.Empty(missing);
    }

    [GeneratedRegex(@"\bRFC (?<number>\d{3,5})\b", RegexOptions.NonBacktracking)]
    private static partial Regex Citation();
}
