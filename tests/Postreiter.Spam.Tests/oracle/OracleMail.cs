using System.Diagnostics;
using System.Text;
using System.Text.Json;
using Postreiter.Spam.Configuration;
using Postreiter.Spam.Mail;
using Postreiter.Spam.Rules;
using Postreiter.Spam.Uris;
using Postreiter.Testing;

namespace Postreiter.Spam.Tests.Oracle;

/// <summary>What SpamAssassin itself says of a mail: its hits, and the texts its rules looked at.</summary>
internal sealed class OracleMail : IRuleTexts
{
    private readonly JsonElement _dump;
    private readonly SpamMail _mail;

    private OracleMail(JsonElement line)
    {
        Id = line.GetProperty("id").GetString()!;
        Points = line.GetProperty("score").GetDouble();
        Hits = line.GetProperty("hits")
            .EnumerateObject()
            .ToDictionary(static hit => hit.Name, static hit => hit.Value.GetDouble());
        Subs = line.GetProperty("sub")
            .EnumerateObject()
            .ToDictionary(static hit => hit.Name, static hit => hit.Value.GetDouble());
        _dump = line.GetProperty("dump").Clone();
        Full = _dump.GetProperty("full").GetString().AsMemory();
        Body = Lines("body");
        RawBody = Lines("rawbody");
        Uris = Lines("uri");
        _mail = SpamMail.Parse(
            Encoding.Latin1.GetBytes(Full.ToString()),
            new SpamMailOptions { TrustedNetworks = NetworkSet.WithLoopback() }
        );
    }

    public string Id { get; }
    public double Points { get; }
    public IReadOnlyDictionary<string, double> Hits { get; }
    public IReadOnlyDictionary<string, double> Subs { get; }
    public SpamMail Mail => _mail;
    public IReadOnlyList<ReadOnlyMemory<char>> Body { get; }
    public IReadOnlyList<ReadOnlyMemory<char>> RawBody { get; }
    public ReadOnlyMemory<char> Full { get; }
    public IReadOnlyList<ReadOnlyMemory<char>> Uris { get; }
    public IReadOnlyList<FoundUri> FoundUris => [];

    public string? Header(RuleHeader header) => MailHeaders.Of(_mail, header);

    /// <summary>How often a rule hit; 0 = not.</summary>
    public double CountOf(string rule) =>
        Subs.TryGetValue(rule, out var count) ? count
        : Hits.ContainsKey(rule) ? 1
        : 0;

    public IEnumerable<string?> PartHeaders(RuleHeader header) => [];

    public IReadOnlyList<string> Tag(string name) => [];

    /// <summary>Mails of the corpus, every so manyeth, checked by the original now; or those of a file made before.</summary>
    public static IEnumerable<OracleMail> Corpus(int every)
    {
        var made = Environment.GetEnvironmentVariable("POSTREITER_SPAM_DUMP");
        foreach (var line in made is not null ? File.ReadLines(made) : Run(every))
        {
            using var json = JsonDocument.Parse(line);
            yield return new OracleMail(json.RootElement);
        }
    }

    private static IEnumerable<string> Run(int every)
    {
        var tool = Path.GetFullPath(Path.Combine(TestData.Root, "..", "shared", "tools", "sa-oracle"));
        Assert.SkipUnless(File.Exists(tool), $"{tool} is missing: it is not shipped");
        Assert.SkipUnless(File.Exists("/usr/share/perl5/Mail/SpamAssassin.pm"), "SpamAssassin is not installed");
        Assert.SkipUnless(
            Directory.Exists(Rulesets.Corpus),
            $"{Rulesets.Corpus} is missing: the corpus is not shipped"
        );
        var config = Path.GetTempFileName();
        File.WriteAllText(config, "trusted_networks 127.0.0.0/8\n");
        var start = new ProcessStartInfo(tool) { UseShellExecute = false, RedirectStandardOutput = true };
        string[] arguments =
        [
            "run",
            "--sub",
            "--dump",
            "body,rawbody,full,uri",
            "--config",
            config,
            "--rules",
            Rulesets.Rules,
            "--site",
            Rulesets.Site,
            .. Directory
                .EnumerateFiles(Rulesets.Corpus, "*.eml", SearchOption.AllDirectories)
                .Order(StringComparer.Ordinal)
                .Where((_, index) => index % every == 0),
        ];
        foreach (var argument in arguments)
            start.ArgumentList.Add(argument);
        using var process = Process.Start(start)!;
        while (process.StandardOutput.ReadLine() is { } line)
            yield return line;
        process.WaitForExit();
        File.Delete(config);
        Assert.Equal(0, process.ExitCode);
    }

    private ReadOnlyMemory<char>[] Lines(string name) =>
        [.. _dump.GetProperty(name).EnumerateArray().Select(static line => line.GetString().AsMemory())];
}
