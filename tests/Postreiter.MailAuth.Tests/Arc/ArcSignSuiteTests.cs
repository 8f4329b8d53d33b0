using System.Globalization;
using System.Text.RegularExpressions;
using Microsoft.Extensions.Time.Testing;
using Postreiter.Core;
using Postreiter.MailAuth.Arc;
using Postreiter.MailAuth.Dkim;
using Postreiter.MailAuth.Tests.Dkim;
using Postreiter.Testing;

namespace Postreiter.MailAuth.Tests.Arc;

/// <summary>The public suite's messages to seal; each case is a test of its own, and compares tag by tag, signatures included.</summary>
public sealed partial class ArcSignSuiteTests
{
    public static TheoryData<string, int, int, string> Cases => ArcSuite.Cases("AS");

    [Theory, MemberData(nameof(Cases))]
    public async Task Seal(string file, int scenario, int place, string name)
    {
        Assert.SkipWhen(ArcSuite.IsMissing, $"{ArcSuite.Folder} is missing: the public ARC suite is not shipped");
        var (whole, test) = ArcSuite.Find(file, scenario, place);
        Assert.NotEmpty(name);
        var message = WireMessage.From(test["message"].Text);
        using var key = DkimKey.TryImportPem(whole["privatekey"].Text, out var reason);
        Assert.True(key is not null, reason);
        var signer = new DkimSigningKey(DomainName.Parse(whole["domain"].Text), whole["sel"].Text, key);
        var time = DateTimeOffset.FromUnixTimeSeconds(long.Parse(test["t"].Text, CultureInfo.InvariantCulture));
        var options = new DkimSigningOptions { ExactFields = test["sig-headers"].Text.Split(':') };
        var dns = ArcSuite.Dns(whole);
        var received = await message.ValidateAsync(new ArcValidator(dns, new TestClock()));

        var after = message.Sealed(
            new ArcSealer(signer, new FakeTimeProvider(time), options),
            received,
            Merged(message.HeaderText, test["srv-id"].Text)
        );

        if (test["AS"].Text.Trim().Length == 0)
        {
            Assert.Same(message, after);
            return;
        }

        var fields = after.HeaderText[..^message.HeaderText.Length];
        Assert.Equal(Plain(test["AAR"].Text), Plain(Value(fields, "ARC-Authentication-Results")));
        Assert.Equal(Plain(test["AMS"].Text), Plain(Value(fields, "ARC-Message-Signature")));
        Assert.Equal(Plain(test["AS"].Text), Plain(Value(fields, "ARC-Seal")));
        var again = await after.ValidateAsync(new ArcValidator(dns, new TestClock()));
        Assert.Equal(received.Result == ArcResult.Fail ? ArcResult.Fail : ArcResult.Pass, again.Result);
        Assert.Equal(received.Sets + 1, again.Sets);
    }

    // As the suite's README describes it: the results of all fields with our name, in their order.
    private static string Merged(string header, string ours)
    {
        var values = Field()
            .Matches(header)
            .Select(static match => Unfolded(match.Groups["value"].Value).Split(';', 2));
        var results = values
            .Where(parts => parts[0].Trim() == ours)
            .SelectMany(static parts => parts[1].Split(';', StringSplitOptions.TrimEntries));
        return $"{ours}; {string.Join(";\r\n\t", results)}";
    }

    private static string Value(string fields, string name) =>
        Regex
            .Match(
                fields,
                $@"^{name}:(?<value>(.|\r\n[ \t])*)\r\n",
                RegexOptions.Multiline | RegexOptions.ExplicitCapture | RegexOptions.NonBacktracking,
                TimeSpan.FromSeconds(1)
            )
            .Groups["value"]
            .Value;

    private static string Unfolded(string text) => White().Replace(text, " ").Trim();

    // Without white space: where the suite folds a signature is its own affair.
    private static string Plain(string text) => White().Replace(text, "");

    [GeneratedRegex(
        @"^Authentication-Results:(?<value>(.|\r\n[ \t])*)\r\n",
        RegexOptions.Multiline | RegexOptions.ExplicitCapture | RegexOptions.NonBacktracking
    )]
    private static partial Regex Field();

    [GeneratedRegex(@"\s+", RegexOptions.NonBacktracking)]
    private static partial Regex White();
}
