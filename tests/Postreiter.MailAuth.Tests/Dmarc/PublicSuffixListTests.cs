using System.Text;
using Postreiter.Core;
using Postreiter.MailAuth.Dmarc;
using Postreiter.Testing;

namespace Postreiter.MailAuth.Tests.Dmarc;

public sealed class PublicSuffixListTests
{
    private static readonly string Folder = TestData.Folder("psl");

    private static readonly Lazy<PublicSuffixList> Foreign = new(static () =>
        PublicSuffixList.Load(Path.Combine(Folder, "public_suffix_list.dat"))
    );

    /// <summary>Every line of every test file, as it is.</summary>
    public static TheoryData<string, string, string> Cases()
    {
        var cases = new TheoryData<string, string, string>();
        if (!Directory.Exists(Folder))
        {
            // One case that says why it is skipped: a theory without any counts as failed.
            cases.Add("", "", "");
            return cases;
        }

        foreach (var file in Directory.EnumerateFiles(Folder, "*tests*.txt").Order(StringComparer.Ordinal))
        {
            foreach (var line in File.ReadLines(file))
            {
                if (
                    line.Split(' ', StringSplitOptions.RemoveEmptyEntries) is [var input, var expected]
                    && !line.StartsWith("//", StringComparison.Ordinal)
                )
                    cases.Add(Path.GetFileName(file), input, expected);
            }
        }

        return cases;
    }

    [Theory]
    [MemberData(nameof(Cases), DisableDiscoveryEnumeration = false)]
    public void Suite(string file, string input, string expected)
    {
        Assert.SkipUnless(Directory.Exists(Folder), $"{Folder} is missing: the list's tests are not shipped");
        var domain = Foreign.Value.OrganizationalDomain(input == "null" ? "" : input);
        Assert.True(
            (expected == "null" ? null : DomainName.Parse(expected).Ascii) == domain,
            $"{file}: {input} gave {domain ?? "null"}, not {expected}"
        );
    }

    [Theory]
    [InlineData("mail.example.com", "example.com")]
    [InlineData("a.b.example.co.uk.", "example.co.uk")]
    [InlineData("github.io", null)]
    [InlineData("someone.github.io", "someone.github.io")]
    [InlineData("[192.0.2.1]", null)]
    [InlineData("a..b", null)]
    public void The_list_that_ships_knows_both_sections(string domain, string? expected) =>
        Assert.Equal(expected, PublicSuffixList.Shipped.OrganizationalDomain(domain));

    [Theory]
    [InlineData("example.com", "com")]
    [InlineData("www.ck", "ck")]
    [InlineData("a.b.ck", "b.ck")]
    [InlineData("com", "com")]
    public void A_suffix_is_what_stands_above_the_organisation(string domain, string expected) =>
        Assert.Equal(expected, PublicSuffixList.Shipped.PublicSuffix(DomainName.Parse(domain))?.Ascii);

    [Fact]
    public void A_file_replaces_it()
    {
        var list = Load("// ours\nexample\n*.city.example behind a space nothing counts\n!hall.city.example\n*\n");

        Assert.Equal("a.example", list.OrganizationalDomain("x.a.example"));
        Assert.Equal("y.x.city.example", list.OrganizationalDomain("z.y.x.city.example"));
        Assert.Equal("hall.city.example", list.OrganizationalDomain("a.hall.city.example"));
        Assert.Equal("b.test", list.OrganizationalDomain("a.b.test"));
    }

    [Theory]
    [InlineData("")]
    [InlineData("// nothing\n")]
    [InlineData("com\na..b\n")]
    [InlineData("<html>\n")]
    public void A_file_that_is_no_list_is_refused(string text) => Assert.Throws<InvalidDataException>(() => Load(text));

    [Fact]
    public void A_name_of_many_labels_costs_no_more_than_the_longest_rule()
    {
        var name = string.Concat(Enumerable.Repeat("a.", 120)) + "example.com";

        Assert.Equal("example.com", PublicSuffixList.Shipped.OrganizationalDomain(name));
    }

    private static PublicSuffixList Load(string text) =>
        PublicSuffixList.Load(new MemoryStream(Encoding.UTF8.GetBytes(text)));
}
