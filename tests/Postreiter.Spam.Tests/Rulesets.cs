using Postreiter.Spam.Configuration;
using Postreiter.Testing;

namespace Postreiter.Spam.Tests;

/// <summary>The rulesets that tests read: shared test data beside the repository, or the package's own files.</summary>
internal static class Rulesets
{
    private static readonly Lazy<Ruleset> Read = new(() =>
        RulesetReader.Load(RulesetFiles.Of(Rules!, Site, withSiteRules: false))
    );

    /// <summary>Folder of the stock rules.</summary>
    public static string Rules { get; } = Folder("spamassassin/rules", "/usr/share/spamassassin");

    /// <summary>Folder of its `.pre` files.</summary>
    public static string Site { get; } = Folder("spamassassin/etc", "/etc/spamassassin");

    /// <summary>Folder with the mails of the corpus.</summary>
    public static string Corpus { get; } = TestData.Folder("spam-corpus");

    /// <summary>The stock rules, read once; skips the test where they are missing.</summary>
    public static Ruleset Stock
    {
        get
        {
            Assert.SkipUnless(Directory.Exists(Rules), $"{Rules} is missing: SpamAssassin's rules are not shipped");
            return Read.Value;
        }
    }

    /// <summary>A file beside the sources of the tests.</summary>
    public static string Source(string name) => Path.Combine(TestData.Root, "tests", "Postreiter.Spam.Tests", name);

    private static string Folder(string shared, string packaged) =>
        TestData.Folder(shared) is var folder && Directory.Exists(folder) ? folder : packaged;
}
