using System.Diagnostics.CodeAnalysis;
using System.Text.Json.Nodes;
using Postreiter.Spam.Mail;
using Postreiter.Testing;

namespace Postreiter.Interop.Tests.Spam;

/// <summary>
/// What Postreiter makes of a mail before a rule sees it, beside what SpamAssassin makes of the same mail: relays, headers in all
/// forms, parts, body and rawbody lines, and everything noted of HTML.
/// </summary>
[SuppressMessage("Security", "CA5394", Justification = "The same mails every time are the point.")]
public sealed class SpamTextTests
{
    private static readonly SpamMailOptions Site = new()
    {
        TrustedNetworks = NetworkSet.WithLoopback(),
        Domains = new FewDomains(),
    };

    private static readonly string Folder = Path.Combine(TestData.Root, "tests/Postreiter.Interop.Tests/Spam");

    [Theory]
    [InlineData("spam-corpus")]
    [InlineData("mime")]
    [InlineData("bounces")]
    [InlineData("smtp")]
    public async Task Mails_of_others_are_read_alike(string collection)
    {
        var root = TestData.Folder(collection);
        Assert.SkipUnless(Directory.Exists(root), $"{root} is missing: these mails are not shipped");
        var files = Directory
            .EnumerateFiles(root, "*", SearchOption.AllDirectories)
            .Where(static file => Path.GetExtension(file) is ".eml" or ".txt" or ".msg" or "")
            .Order(StringComparer.Ordinal)
            .ToList();
        await CompareAsync(files);
    }

    /// <summary>Mails that were written for the fuzz corpus, with pieces of one another put in, cut, doubled and taken out.</summary>
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public async Task Mangled_mails_are_read_alike(int seed)
    {
        var random = new Random(seed);
        var corpus = Path.Combine(TestData.Root, "tests/Postreiter.Fuzz/corpus");
        var pieces = Directory
            .GetFiles(Path.Combine(corpus, "spam-html"))
            .Order(StringComparer.Ordinal)
            .Select(File.ReadAllBytes)
            .ToList();
        var mails = Directory
            .GetFiles(Path.Combine(corpus, "spam-mail"))
            .Order(StringComparer.Ordinal)
            .Select(File.ReadAllBytes)
            .ToList();
        mails.AddRange(
            pieces.Select(static html => (byte[])[.. "Content-Type: text/html; charset=utf-8\n\n"u8, .. html])
        );
        pieces.AddRange(mails);
        using var folder = new TemporaryFolder();
        var files = new List<string>();
        for (var i = 0; i < 400; i++)
        {
            var mail = mails[i % mails.Count];
            for (var changes = random.Next(4); changes >= 0; changes--)
                mail = Mangle(mail, pieces, random);
            var file = Path.Combine(folder.Root, $"{i:000}");
            await File.WriteAllBytesAsync(file, mail, TestContext.Current.CancellationToken);
            files.Add(file);
        }

        await CompareAsync(files);
    }

    private static byte[] Mangle(byte[] mail, List<byte[]> pieces, Random random)
    {
        var at = random.Next(mail.Length + 1);
        var piece = pieces[random.Next(pieces.Count)];
        var start = random.Next(piece.Length);
        return random.Next(5) switch
        {
            0 => [.. mail[..at], .. piece[start..random.Next(start, piece.Length)], .. mail[at..]],
            1 => mail[..at],
            2 => [.. mail[..at], .. mail[Math.Min(mail.Length, at + random.Next(20))..]],
            3 => [.. mail[..at], (byte)"\0\r\n <>&;=-\"'"[random.Next(12)], .. mail[at..]],
            _ => [.. mail[..at], .. mail[Math.Max(0, at - 30)..]],
        };
    }

    private static async Task CompareAsync(IReadOnlyList<string> files)
    {
        using var folder = new TemporaryFolder();
        Assert.SkipUnless(
            File.Exists("/usr/share/perl5/Mail/SpamAssassin.pm"),
            "spamassassin is not installed: run tests/setup as root"
        );
        var differences = new List<string>();
        foreach (var some in files.Chunk(500))
        {
            var (exit, output) = await ForeignProgram.RunAsync(
                "perl",
                folder.Root,
                string.Join('\n', some) + "\n",
                Path.Combine(Folder, "dump.pl"),
                Path.Combine(Folder, "dump.cf")
            );
            Assert.True(exit == 0, output);
            var dumps = output
                .Split('\n')
                .Where(static line => line.StartsWith('{'))
                .Select(static line => JsonNode.Parse(line)!.AsObject())
                .ToList();
            Assert.Equal(some, dumps.Select(static dump => dump["id"]!.ToString()));
            foreach (var theirs in dumps)
                differences.AddRange(Differences(theirs).Take(3));
        }

        Assert.True(
            differences.Count == 0,
            $"{differences.Count} differences:\n{string.Join('\n', differences.Take(20))}"
        );
    }

    private static IEnumerable<string> Differences(JsonObject theirs)
    {
        var file = theirs["id"]!.ToString();
        var forms = theirs["headers"]!.AsObject().Select(static pair => pair.Key);
        var ours = SpamMailDump.Make(SpamMail.Parse(File.ReadAllBytes(file), Site), forms);
        return ours.SelectMany(layer =>
            Differences($"{Path.GetFileName(file)} {layer.Key}", theirs[layer.Key], layer.Value)
        );
    }

    private static IEnumerable<string> Differences(string where, JsonNode? theirs, JsonNode? ours)
    {
        switch (theirs, ours)
        {
            case (JsonObject a, JsonObject b):
                foreach (var key in a.Select(static pair => pair.Key).Union(b.Select(static pair => pair.Key)))
                {
                    foreach (var difference in Differences($"{where}.{key}", a[key], b[key]))
                        yield return difference;
                }

                break;
            case (JsonArray a, JsonArray b) when a.Count == b.Count:
                // A hash of Perl's has no order.
                var isSet = where.EndsWith(".uri", StringComparison.Ordinal);
                var (left, right) = (a.ToList(), b.ToList());
                if (isSet)
                    left = [.. left.OrderBy(static one => one!.ToString(), StringComparer.Ordinal)];
                for (var i = 0; i < left.Count; i++)
                {
                    foreach (var difference in Differences($"{where}[{i}]", left[i], right[i]))
                        yield return difference;
                }

                break;
            default:
                if (theirs?.ToString() != ours?.ToString())
                    yield return $"{where}: {Short(theirs)} and not {Short(ours)}";
                break;
        }
    }

    private static string Short(JsonNode? node) =>
        node?.ToJsonString() is { } text ? text[..Math.Min(text.Length, 200)] : "nothing";

    /// <summary>The domains that <c>dump.cf</c> lists.</summary>
    private sealed class FewDomains : IDomainBoundaries
    {
        private static readonly string[] Top = ["com", "org", "net", "edu", "gov", "mil", "de", "uk", "ie"];

        public bool IsTopLevel(ReadOnlySpan<char> label)
        {
            foreach (var top in Top)
            {
                if (label.Equals(top, StringComparison.OrdinalIgnoreCase))
                    return true;
            }

            return false;
        }

        public string RegisteredDomain(string host)
        {
            var labels = string.Concat(host.Select(static c => char.IsAsciiLetterUpper(c) ? (char)(c | 0x20) : c))
                .Split('.');
            var isShared = labels.Length > 2 && labels[^1] == "uk" && labels[^2] is "co" or "ac";
            return string.Join('.', labels.TakeLast(isShared ? 3 : 2));
        }
    }
}
