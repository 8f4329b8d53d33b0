using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using Microsoft.Extensions.Time.Testing;
using Postreiter.MailAuth.Dkim;
using Postreiter.Testing;

namespace Postreiter.MailAuth.Tests.Dkim;

/// <summary>The public vectors for DKIM; each file is a test of its own, read as it is.</summary>
public sealed partial class DkimSuiteTests
{
    private static readonly string Folder = TestData.Folder("dkim");
    private static readonly string Corpus = Path.Combine(Folder, "mail-dkim");
    private static readonly string Modern = Path.Combine(Folder, "mail-auth");

    // All that RFC 8301 and the version tag forbid is allowed: what is left is the arithmetic.
    private static readonly DkimLimits Historic = new()
    {
        AcceptsHistoric = true,
        MinRsaBits = 512,
        AcceptsPartialBody = true,
    };

    public static TheoryData<string> CorpusFiles() => Files(Corpus);

    public static TheoryData<string> ModernFiles() => Files(Modern);

    [Theory, MemberData(nameof(CorpusFiles))]
    public async Task Corpus_of_Mail_DKIM_by_its_arithmetic(string file)
    {
        Assert.SkipUnless(Directory.Exists(Corpus), $"{Corpus} is missing: the public vectors are not shipped");
        var dns = CorpusDns();
        var message = WireMessage.From(
            await File.ReadAllBytesAsync(Path.Combine(Corpus, file), TestContext.Current.CancellationToken)
        );
        var outcomes = await message.VerifyAsync(new DkimVerifier(dns, Today(), Historic));

        var results = outcomes.Select(static outcome => outcome.Result).ToList();
        var told = string.Join('\n', outcomes);
        switch (Expected(file).Result)
        {
            case "pass":
                Assert.True(results.Contains(DkimResult.Pass), told);
                break;
            case "fail":
                Assert.True(results.Contains(DkimResult.Fail) && !results.Contains(DkimResult.Pass), told);
                break;
            // g= of the standard before is gone (RFC 6376 §C): only what it forbade may pass.
            default:
                Assert.True(!results.Contains(DkimResult.Pass) || HasGranularity(message), told);
                break;
        }
    }

    [Theory, MemberData(nameof(CorpusFiles))]
    public async Task Corpus_of_Mail_DKIM_by_todays_policy(string file)
    {
        Assert.SkipUnless(Directory.Exists(Corpus), $"{Corpus} is missing: the public vectors are not shipped");
        var message = WireMessage.From(
            await File.ReadAllBytesAsync(Path.Combine(Corpus, file), TestContext.Current.CancellationToken)
        );
        var outcomes = await message.VerifyAsync(new DkimVerifier(CorpusDns(), Today()));

        var (result, algorithms) = Expected(file);
        var told = string.Join('\n', outcomes);
        var isGood =
            result == "pass" && algorithms.Any(IsGood) && message.HeaderText.Contains("v=1", StringComparison.Ordinal);
        Assert.True(outcomes.Any(static outcome => outcome.Result == DkimResult.Pass) == isGood, told);
        Assert.DoesNotContain(
            outcomes,
            static outcome => outcome is { Algorithm: "rsa-sha1", Result: DkimResult.Pass or DkimResult.Fail }
        );
    }

    [Theory, MemberData(nameof(ModernFiles))]
    public async Task Every_signature_of_mail_auth_passes(string file)
    {
        Assert.SkipUnless(Directory.Exists(Modern), $"{Modern} is missing: the public vectors are not shipped");
        var text = Encoding
            .Latin1.GetString(
                await File.ReadAllBytesAsync(Path.Combine(Modern, file), TestContext.Current.CancellationToken)
            )
            .Replace("\r\n", "\n", StringComparison.Ordinal);
        var end = text.IndexOf("\n\n", StringComparison.Ordinal);
        var dns = new FakeDns();
        foreach (var line in text[..end].Split('\n'))
        {
            var (name, value) = Entry(line);
            dns.Txt(name, value);
        }

        var message = WireMessage.From(text[(end + 2)..]);
        var signed = TimeStamp()
            .Matches(message.HeaderText)
            .Select(static match => long.Parse(match.Groups["time"].ValueSpan, CultureInfo.InvariantCulture));
        var clock = new FakeTimeProvider(DateTimeOffset.FromUnixTimeSeconds(signed.Max()).AddMinutes(1));

        var outcomes = await message.VerifyAsync(new DkimVerifier(dns, clock));
        Assert.All(outcomes, static outcome => Assert.True(outcome.Result == DkimResult.Pass, outcome.ToString()));
        Assert.NotEmpty(outcomes[0].Domain);
    }

    private static FakeTimeProvider Today() => new(new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero));

    private static TheoryData<string> Files(string folder)
    {
        // One case that says why it is skipped: a theory without any counts as failed.
        if (!Directory.Exists(folder))
            return [""];
        var names = Directory.EnumerateFiles(folder).Select(Path.GetFileName).OfType<string>();
        return
        [
            .. names
                .Where(static name => !name.StartsWith("LICENSE", StringComparison.Ordinal))
                .Order(StringComparer.Ordinal),
        ];
    }

    private static bool IsGood(string algorithm) =>
        algorithm.Split('/') is [var name, var bits]
        && (
            name == "ed25519-sha256" || (name == "rsa-sha256" && int.Parse(bits, CultureInfo.InvariantCulture) >= 1024)
        );

    private static (string Result, string[] Algorithms) Expected(string file)
    {
        var line = File.ReadLines(Path.Combine(Folder, "mail-dkim-expected.tsv"))
            .Select(static line => line.Split('\t'))
            .Single(columns => columns[0] == file);
        return (line[1], line[2].Split(' '));
    }

    private static bool HasGranularity(WireMessage message) =>
        Selector().Match(message.HeaderText) is { Success: true } match
        && Zone()
            .Any(line =>
                line.StartsWith(match.Groups["selector"].Value + "._domainkey", StringComparison.Ordinal)
                && line.Contains("g=", StringComparison.Ordinal)
            );

    private static IEnumerable<string> Zone() =>
        File.ReadLines(Path.Combine(Folder, "FAKE_DNS.dat"))
            .Where(static line => line.Length > 0 && line[0] is not (';' or '#'));

    private static FakeDns CorpusDns()
    {
        var dns = new FakeDns();
        foreach (var line in Zone())
        {
            var (name, value) = Entry(line);
            if (value.StartsWith("~~", StringComparison.Ordinal))
                dns.Fail(name);
            else if (value != "NXDOMAIN")
                dns.Txt(name, value == "\"\"" ? "" : value);
        }

        return dns;
    }

    private static (string Name, string Value) Entry(string line)
    {
        var space = line.IndexOf(' ', StringComparison.Ordinal);
        return (line[..space], line[(space + 1)..].Trim());
    }

    [GeneratedRegex(@"\bt=(?<time>\d+)", RegexOptions.ExplicitCapture | RegexOptions.NonBacktracking)]
    private static partial Regex TimeStamp();

    [GeneratedRegex(@"\bs=(?<selector>[a-z0-9]+)", RegexOptions.ExplicitCapture | RegexOptions.NonBacktracking)]
    private static partial Regex Selector();
}
