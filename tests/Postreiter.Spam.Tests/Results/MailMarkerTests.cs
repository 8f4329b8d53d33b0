using System.Buffers;
using System.Text;
using System.Text.Json.Nodes;
using Postreiter.Spam.Results;

namespace Postreiter.Spam.Tests.Results;

/// <summary>
/// Marks and reports against those of SpamAssassin 4.0.1, recorded by <c>recorded/record</c>: every mail there with every file of
/// settings, byte for byte.
/// </summary>
public sealed class MailMarkerTests
{
    private static readonly string Recorded = Path.Combine(AppContext.BaseDirectory, "Results", "recorded");

    private static readonly Lazy<Dictionary<(string Settings, string Mail), JsonNode>> Expected = new(Read);
    private const string Taken = "----------=_69248100.80000000";

    public static TheoryData<string, string> Pairs()
    {
        var pairs = new TheoryData<string, string>();
        foreach (var (settings, mail) in Expected.Value.Keys)
            pairs.Add(settings, mail);
        return pairs;
    }

    [Theory, MemberData(nameof(Pairs))]
    public void The_rewritten_mail_is_SpamAssassins(string settings, string mail)
    {
        var (marker, expected) = Marker(settings, mail);
        var theirs = (string)expected["rewritten"]!;
        // Theirs leaves a CR in the middle of a line where it adds a comment to a field that ends in CRLF.
        theirs = theirs.Replace("\r\t(", "\t(", StringComparison.Ordinal);
        // Theirs looks for a boundary without the hyphens in front of it, so it does not see that the mail has it.
        if (mail == "boundary" && theirs.Contains($"boundary=\"{Taken}\"", StringComparison.Ordinal))
            theirs = WithOtherBoundary(theirs);
        Assert.Equal(theirs, Rewritten(marker, mail));
    }

    [Theory, MemberData(nameof(Pairs))]
    public void The_report_is_SpamAssassins(string settings, string mail)
    {
        var (marker, expected) = Marker(settings, mail);
        Assert.Equal((string?)expected["report"], marker.Report());
        Assert.Equal((string?)expected["names"], string.Join(',', marker.RuleNames().Split(',')));
    }

    private static string WithOtherBoundary(string theirs)
    {
        var original = File.ReadAllText(Path.Combine(Recorded, "mails", "boundary.eml"));
        const string place = "\0";
        return theirs
            .Replace(original, place, StringComparison.Ordinal)
            .Replace(Taken, Taken + "/80000000", StringComparison.Ordinal)
            .Replace(place, original, StringComparison.Ordinal);
    }

    private static string Rewritten(MailMarker marker, string mail)
    {
        var output = new ArrayBufferWriter<byte>();
        marker.Rewrite(File.ReadAllBytes(Path.Combine(Recorded, "mails", mail + ".eml")), output, new Middle());
        return Encoding.Latin1.GetString(output.WrittenSpan);
    }

    private static (MailMarker Marker, JsonNode Expected) Marker(string settings, string mail)
    {
        var expected = Expected.Value[(settings, mail)];
        var headers = expected["headers"]!.AsObject();
        var verdict = new SpamVerdict
        {
            Points = (double)expected["points"]!,
            Required = (double)expected["required"]!,
            Autolearn = (string)expected["autolearn"]!,
            SubHits = Strings(expected["sub"]),
            Body = [.. Strings(expected["body"]).Select(l => l.AsMemory())],
            Tags = expected["tags"]!.AsObject().ToDictionary(t => t.Key, t => (string?)t.Value ?? ""),
            Header = name => (string?)headers[name],
            Hits =
            [
                .. expected["hits"]!
                    .AsArray()
                    .Select(h => new ReportedHit(
                        (string)h!["name"]!,
                        (double)h["points"]!,
                        (string)h["area"]!,
                        (string)h["description"]!
                    )
                    {
                        Details = Strings(h["details"]),
                    }),
            ],
        };
        var context = new MarkContext
        {
            HostName = "mx.our.example",
            Now = DateTimeOffset.FromUnixTimeSeconds(1764000000),
        };
        return (new MailMarker(verdict, MarkSettingsOf(settings), context), expected);
    }

    private static MarkSettings MarkSettingsOf(string name)
    {
        var settings = new MarkSettings();
        foreach (var line in File.ReadLines(Path.Combine(Recorded, "settings", name + ".cf"), Encoding.Latin1))
        {
            var text = line.Trim();
            var end = text.IndexOf(' ', StringComparison.Ordinal);
            var key = end < 0 ? text : text[..end];
            if (MarkDirectives.Keys.Contains(key))
                Assert.True(MarkDirectives.TryApply(ref settings, key, end < 0 ? "" : text[end..].Trim()), line);
        }

        return settings;
    }

    private static Dictionary<(string Settings, string Mail), JsonNode> Read() =>
        Directory
            .GetFiles(Path.Combine(Recorded, "expected"), "*.jsonl")
            .SelectMany(file => File.ReadLines(file).Select(line => (file, node: JsonNode.Parse(line)!)))
            .ToDictionary(e => (Path.GetFileNameWithoutExtension(e.file), (string)e.node["mail"]!), e => e.node);

    private static string[] Strings(JsonNode? node) => [.. node!.AsArray().Select(n => (string)n!)];

    /// <summary>The number that the recorder's boundary was made of.</summary>
    private sealed class Middle : Random
    {
        public override long NextInt64(long maxValue) => maxValue / 2;
    }
}
