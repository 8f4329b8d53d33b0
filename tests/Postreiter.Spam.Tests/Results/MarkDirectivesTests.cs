using Postreiter.Spam.Results;

namespace Postreiter.Spam.Tests.Results;

public sealed class MarkDirectivesTests
{
    [Theory]
    [InlineData("add_header", "all")]
    [InlineData("add_header", "some Name x")]
    [InlineData("add_header", "all Na:me x")]
    [InlineData("add_header", "all Name")]
    [InlineData("remove_header", "all Name more")]
    [InlineData("remove_header", "Name")]
    [InlineData("clear_headers", "x")]
    [InlineData("report_safe", "3")]
    [InlineData("report_safe", "")]
    [InlineData("rewrite_header", "Date x")]
    [InlineData("rewrite_header", "")]
    [InlineData("subjprefix", "RULE")]
    [InlineData("report_safe_copy_headers", "")]
    [InlineData("clear_report_template", "x")]
    [InlineData("clear_unsafe_report_template", "x")]
    [InlineData("report_charset", "")]
    [InlineData("report_contact", "")]
    [InlineData("report_wrap_width", "wide")]
    [InlineData("report_wrap_width", "-1")]
    [InlineData("fold_headers", "2")]
    [InlineData("header", "X Subject =~ /x/")]
    public void A_wrong_line_changes_nothing(string key, string value)
    {
        var settings = new MarkSettings { ReportTemplate = "kept" };
        var before = settings;
        Assert.False(MarkDirectives.TryApply(ref settings, key, value));
        Assert.Same(before, settings);
    }

    [Fact]
    public void Fields_are_added_replaced_and_removed_by_verdict_in_any_case()
    {
        var settings = Of(
            "add_header all One 1",
            "add_header spam Two \"2 _SCORE_\"",
            "add_header ham one 3",
            "add_header all Gone x",
            "remove_header spam GONE",
            "remove_header all Checker-Version"
        );
        Assert.Equal(["Checker-Version", "One", "Two"], settings.SpamHeaders.Select(h => h.Name));
        Assert.Equal(["Checker-Version", "one", "Gone"], settings.HamHeaders.Select(h => h.Name));
        Assert.Equal("2 _SCORE_", settings.SpamHeaders[2].Template);
        Assert.Equal(["Checker-Version"], Of("add_header all One 1", "clear_headers").HamHeaders.Select(h => h.Name));
    }

    [Fact]
    public void Marks_without_an_enclosing_report_get_the_field_Report_once()
    {
        Assert.Equal(
            ["Checker-Version", "Report"],
            Of("report_safe 0", "report_safe 0").SpamHeaders.Select(h => h.Name)
        );
        Assert.Equal(
            ["Checker-Version", "report"],
            Of("add_header spam report mine", "report_safe 0").SpamHeaders.Select(h => h.Name)
        );
    }

    [Fact]
    public void A_comment_in_an_address_field_holds_no_parentheses()
    {
        var settings = Of("rewrite_header FROM a (b) c", "rewrite_header subject (x)", "rewrite_header to y");
        Assert.Equal("a [b] c", settings.Rewrites["From"]);
        Assert.Equal("(x)", settings.Rewrites["Subject"]);
        Assert.DoesNotContain("To", Of("rewrite_header to y", "rewrite_header To").Rewrites.Keys);
    }

    [Fact]
    public void The_packaged_contact_is_a_place_holder() =>
        Assert.Equal("the administrator of that system", Of("report_contact @@CONTACT_ADDRESS@@").ReportContact);

    private static MarkSettings Of(params string[] lines)
    {
        var settings = new MarkSettings();
        foreach (var line in lines)
        {
            var end = (line + " ").IndexOf(' ', StringComparison.Ordinal);
            Assert.True(MarkDirectives.TryApply(ref settings, line[..end], line[end..].Trim()), line);
        }

        return settings;
    }
}
