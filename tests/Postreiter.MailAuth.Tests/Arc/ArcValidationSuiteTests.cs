using Postreiter.MailAuth.Arc;
using Postreiter.MailAuth.Tests.Dkim;
using Postreiter.Testing;

namespace Postreiter.MailAuth.Tests.Arc;

/// <summary>The public suite's chains to validate; each case is a test of its own.</summary>
public sealed class ArcValidationSuiteTests
{
    // Where the suite, made for draft 18, and RFC 8617 differ.
    private static readonly Dictionary<string, string> Argued = new(StringComparer.Ordinal)
    {
        // "h=" with nothing behind it. RFC 8617 §4.1.2: syntax and semantics are those of DKIM-Signature. RFC 6376 §3.5: there is
        // one name at least; §5.4: From must be signed; §6.1.1: a verifier must not accept a signature that does not sign
        // it. A chain that passed without it would vouch for an author that anybody may have written in since.
        ["ams_fields_h_empty"] = "Fail",
    };

    public static TheoryData<string, int, int, string> Cases => ArcSuite.Cases("cv");

    [Theory, MemberData(nameof(Cases))]
    public async Task Validate(string file, int scenario, int place, string name)
    {
        Assert.SkipWhen(ArcSuite.IsMissing, $"{ArcSuite.Folder} is missing: the public ARC suite is not shipped");
        var (whole, test) = ArcSuite.Find(file, scenario, place);
        Assert.NotEmpty(name);
        var message = WireMessage.From(test["message"].Text);

        var outcome = await message.ValidateAsync(new ArcValidator(ArcSuite.Dns(whole), new TestClock()));

        // An empty status is the reference's answer to a seal that says cv=fail, which RFC 8617 §5.2 step 2 calls fail.
        var expected = test["cv"].Text.Trim() is { Length: > 0 } status ? status : "Fail";
        if (Argued.TryGetValue(name, out var argued))
            expected = argued;
        Assert.True(
            outcome.Result.ToString().Equals(expected, StringComparison.OrdinalIgnoreCase),
            $"expected {expected}, got {outcome}"
        );
    }
}
