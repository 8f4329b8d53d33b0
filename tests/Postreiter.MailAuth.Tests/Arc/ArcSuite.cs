using System.Text.RegularExpressions;
using Postreiter.Testing;
using YamlDotNet.Core;
using YamlDotNet.Core.Events;

namespace Postreiter.MailAuth.Tests.Arc;

/// <summary>
/// The public suite for ARC, as its files are: also with names that occur twice in a scenario, of which each is a case.
/// </summary>
internal static partial class ArcSuite
{
    public static readonly string Folder = TestData.Folder("arc");

    public static bool IsMissing => !Directory.Exists(Folder);

    /// <summary>File, scenario, place and name of each case that has an entry of this name, in all files.</summary>
    public static TheoryData<string, int, int, string> Cases(string entry)
    {
        var cases = new TheoryData<string, int, int, string>();
        // One case that says why it is skipped: a theory without any counts as failed.
        if (IsMissing)
            cases.Add("", 0, 0, "");
        string[] files = IsMissing ? [] : Directory.GetFiles(Folder, "*.yml");
        // What its authors have taken out is theirs to explain.
        foreach (var file in files.Where(static f => !f.Contains("unused")).Order(StringComparer.Ordinal))
        {
            var scenarios = Load(file);
            for (var i = 0; i < scenarios.Count; i++)
            {
                var tests = scenarios[i]["tests"].Entries;
                for (var j = 0; j < tests.Count; j++)
                {
                    if (tests[j].Value.Has(entry))
                        cases.Add(Path.GetFileName(file), i, j, tests[j].Key);
                }
            }
        }

        return cases;
    }

    /// <summary>A case with its scenario.</summary>
    public static (Node Scenario, Node Case) Find(string file, int scenario, int place)
    {
        var document = Load(Path.Combine(Folder, file))[scenario];
        return (document, document["tests"].Entries[place].Value);
    }

    public static FakeDns Dns(Node scenario)
    {
        var dns = new FakeDns();
        foreach (var (name, text) in scenario["txt-records"].Entries)
            dns.Txt(name, text.Text.Trim());
        return dns;
    }

    private static List<Node> Load(string file)
    {
        // A block that begins with a line of spaces is a fault to this reader, and an empty line to the suite's own.
        var text = SpacesFirst().Replace(File.ReadAllText(file), "${key}\n");
        var parser = new Parser(new StringReader(text));
        var documents = new List<Node>();
        parser.Consume<StreamStart>();
        while (parser.TryConsume<DocumentStart>(out _))
        {
            documents.Add(Read(parser));
            parser.Consume<DocumentEnd>();
        }

        return documents.FindAll(static document => document.Entries.Count > 0);
    }

    private static Node Read(Parser parser)
    {
        if (parser.TryConsume<Scalar>(out var scalar))
            return new Node(scalar.Value, []);
        var entries = new List<KeyValuePair<string, Node>>();
        parser.Consume<MappingStart>();
        while (!parser.TryConsume<MappingEnd>(out _))
        {
            var key = parser.Consume<Scalar>().Value;
            entries.Add(new KeyValuePair<string, Node>(key, Read(parser)));
        }

        return new Node("", entries);
    }

    [GeneratedRegex(@"(?<key>: *\| *\n) +\n", RegexOptions.ExplicitCapture | RegexOptions.NonBacktracking)]
    private static partial Regex SpacesFirst();

    /// <summary>A text, or entries in the order of the file.</summary>
    internal sealed record Node(string Text, IReadOnlyList<KeyValuePair<string, Node>> Entries)
    {
        public bool Has(string key) => Entries.Any(entry => entry.Key == key);

        public Node this[string key] => Entries.First(entry => entry.Key == key).Value;
    }
}
