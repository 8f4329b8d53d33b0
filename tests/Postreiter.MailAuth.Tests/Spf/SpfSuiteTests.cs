using System.Net;
using Microsoft.Extensions.Time.Testing;
using Postreiter.Core;
using Postreiter.Dns;
using Postreiter.MailAuth.Spf;
using Postreiter.Testing;
using YamlDotNet.RepresentationModel;

namespace Postreiter.MailAuth.Tests.Spf;

/// <summary>The public suite for RFC 7208; each case is a test of its own, read from the file as it is.</summary>
public sealed class SpfSuiteTests
{
    private static readonly string Folder = TestData.Folder("spf");

    public static TheoryData<string, string, int> Cases()
    {
        var cases = new TheoryData<string, string, int>();
        if (!Directory.Exists(Folder))
        {
            // One case that says why it is skipped: a theory without any counts as failed.
            cases.Add("", "", 0);
            return cases;
        }

        foreach (var file in Directory.EnumerateFiles(Folder, "*.yml").Order(StringComparer.Ordinal))
        {
            var documents = Load(file);
            for (var i = 0; i < documents.Count; i++)
            {
                foreach (var name in ((YamlMappingNode)documents[i]["tests"]).Children.Keys)
                    cases.Add(Path.GetFileName(file), name.ToString(), i);
            }
        }

        return cases;
    }

    [Theory]
    [MemberData(nameof(Cases), DisableDiscoveryEnumeration = false)]
    public async Task Suite(string file, string name, int scenario)
    {
        Assert.SkipUnless(Directory.Exists(Folder), $"{Folder} is missing: the public SPF suite is not shipped");
        var document = Load(Path.Combine(Folder, file))[scenario];
        var test = (YamlMappingNode)document["tests"][name];
        var dns = new ZoneDns((YamlMappingNode)document["zonedata"]);
        var evaluator = new SpfEvaluator(dns, new FakeTimeProvider());
        var request = new SpfRequest(
            IPAddress.Parse(test["host"].ToString()),
            test["mailfrom"].ToString(),
            test["helo"].ToString(),
            "receiver.example.com"
        );

        var outcome = await evaluator.CheckMailFromAsync(request, TestContext.Current.CancellationToken);

        var expected = test["result"] is YamlSequenceNode many
            ? many.Select(static node => node.ToString()).ToArray()
            : [test["result"].ToString()];
        Assert.True(
            expected.Contains(outcome.Result.ToString(), StringComparer.OrdinalIgnoreCase),
            $"expected {string.Join(" or ", expected)}, got {outcome.Result}: {outcome.Reason}\n{string.Join('\n', outcome.Lookups)}"
        );
        if (test.Children.TryGetValue("explanation", out var explanation))
            Assert.Equal(explanation.ToString(), outcome.Explanation ?? "DEFAULT", ignoreCase: true);
    }

    private static List<YamlMappingNode> Load(string file)
    {
        var stream = new YamlStream();
        using var reader = new StreamReader(file);
        stream.Load(reader);
        return [.. stream.Documents.Select(static document => (YamlMappingNode)document.RootNode)];
    }

    /// <summary>Serves a scenario's zone as its README says.</summary>
    private sealed class ZoneDns(YamlMappingNode zone) : IDnsResolver
    {
        private readonly Dictionary<string, YamlSequenceNode> _names = zone.Children.ToDictionary(
            static entry => entry.Key.ToString(),
            static entry => (YamlSequenceNode)entry.Value,
            StringComparer.OrdinalIgnoreCase
        );

        public ValueTask<DnsAnswer<IPAddress>> ResolveAAsync(DomainName name, CancellationToken ct) =>
            Find(name.Ascii, "A", static node => IPAddress.Parse(node.ToString()));

        public ValueTask<DnsAnswer<IPAddress>> ResolveAaaaAsync(DomainName name, CancellationToken ct) =>
            Find(name.Ascii, "AAAA", static node => IPAddress.Parse(node.ToString()));

        public ValueTask<DnsAnswer<MxRecord>> ResolveMxAsync(DomainName name, CancellationToken ct) =>
            Find(
                name.Ascii,
                "MX",
                static node => new MxRecord(
                    int.Parse(node[0].ToString(), System.Globalization.CultureInfo.InvariantCulture),
                    DomainName.TryParseQuery(node[1].ToString(), out var host) ? host : null
                )
            );

        public ValueTask<DnsAnswer<string>> ResolveTxtAsync(DomainName name, CancellationToken ct) =>
            Find(
                name.Ascii,
                "TXT",
                static node => node is YamlSequenceNode strings ? string.Concat(strings) : node.ToString()
            );

        public ValueTask<DnsAnswer<DomainName>> ResolvePtrAsync(IPAddress address, CancellationToken ct)
        {
            var bytes = address.GetAddressBytes();
            var name =
                bytes.Length == 4
                    ? string.Join('.', bytes.Reverse()) + ".in-addr.arpa"
                    : string.Join('.', Convert.ToHexStringLower(bytes).Reverse()) + ".ip6.arpa";
            return Find(name, "PTR", static node => DomainName.Parse(node.ToString()));
        }

        private ValueTask<DnsAnswer<T>> Find<T>(string name, string type, Func<YamlNode, T> read)
        {
            for (var hops = 0; ; hops++)
            {
                if (hops > 8)
                    return new(DnsAnswer.TemporaryFailure<T>("CNAME chain"));
                if (!_names.TryGetValue(name, out var entries))
                {
                    return name.StartsWith("error.", StringComparison.OrdinalIgnoreCase)
                        ? new(DnsAnswer.TemporaryFailure<T>("TIMEOUT"))
                        : new(new DnsAnswer<T>(DnsStatus.NoSuchName, []));
                }

                var isTxtServed = entries
                    .OfType<YamlMappingNode>()
                    .Any(static entry => entry.Children.ContainsKey("TXT"));
                var records = new List<T>();
                string? alias = null;
                foreach (var entry in entries)
                {
                    if (entry is not YamlMappingNode mapping)
                    {
                        if (records.Count == 0)
                            return new(DnsAnswer.TemporaryFailure<T>("TIMEOUT"));
                        continue;
                    }

                    var (key, value) = mapping.Children.Single();
                    var kind = key.ToString() == "SPF" && !isTxtServed ? "TXT" : key.ToString();
                    if (kind == "CNAME")
                        alias = value.ToString();
                    if (kind != type || value.ToString() == "NONE")
                        continue;
                    if (value.ToString() == "TIMEOUT")
                        return new(DnsAnswer.TemporaryFailure<T>("TIMEOUT"));
                    records.Add(read(value));
                }

                if (records.Count > 0)
                    return new(new DnsAnswer<T>(DnsStatus.Success, records));
                if (alias is null)
                    return new(new DnsAnswer<T>(DnsStatus.NoData, []));
                name = alias;
            }
        }
    }
}
