using System.Diagnostics;
using System.Text.Json;
using Postreiter.Spam.Text;

namespace Postreiter.Spam.Tests.Text;

/// <summary>Charsets octet by octet beside Perl's Encode, which is what SpamAssassin reads mail with.</summary>
public sealed class CharsetTests
{
    [Theory]
    [InlineData("big5-eten")]
    [InlineData("big5-hkscs")]
    [InlineData("cp932")]
    [InlineData("cp936")]
    [InlineData("cp949")]
    [InlineData("cp950")]
    [InlineData("euc-cn")]
    [InlineData("euc-jp")]
    [InlineData("euc-kr")]
    [InlineData("johab")]
    [InlineData("shiftjis")]
    [InlineData("7bit-jis")]
    [InlineData("iso-2022-jp")]
    [InlineData("iso-2022-kr")]
    [InlineData("utf-7")]
    [InlineData("cp437")]
    [InlineData("cp1251")]
    [InlineData("cp1255")]
    [InlineData("iso-8859-2")]
    [InlineData("iso-8859-7")]
    [InlineData("iso-8859-8")]
    [InlineData("iso-8859-10")]
    [InlineData("iso-8859-11")]
    [InlineData("iso-8859-16")]
    [InlineData("koi8-r")]
    [InlineData("koi8-u")]
    [InlineData("macroman")]
    [InlineData("maccyrillic")]
    [InlineData("viscii")]
    public void Octets_are_read_as_SpamAssassins_platform_reads_them(string name)
    {
        Assert.SkipUnless(File.Exists("/usr/bin/perl"), "Perl is not installed");
        var charset = CharsetNames.Find(name);
        Assert.NotNull(charset);
        var lines = 0;
        foreach (var line in Oracle(name))
        {
            using var json = JsonDocument.Parse(line);
            var octets = json.RootElement[1].GetString()!;
            var shown = Convert.ToHexString([.. octets.Select(static c => (byte)c)]);
            Assert.True(json.RootElement[2].GetString() == charset.Decode(octets, strict: true), shown + ", strictly");
            Assert.True(
                json.RootElement[3].GetString() == charset.Decode(octets, strict: false),
                shown + ", leniently"
            );
            lines++;
        }

        Assert.True(lines >= 300, $"only {lines} lines");
    }

    [Theory]
    [InlineData("UTF-7", "utf-7")]
    [InlineData("unicode-1-1-utf-7", "utf-7")]
    [InlineData("latin1", "iso-8859-1")]
    [InlineData("ISO-Latin-5", "iso-8859-9")]
    [InlineData("iso8859_15", "iso-8859-15")]
    [InlineData("3D\"iso-8859-2", "iso-8859-2")]
    [InlineData("TIS-620", "iso-8859-11")]
    [InlineData("hebrew", "iso-8859-8")]
    [InlineData("eucJP", "euc-jp")]
    [InlineData("ujis", "euc-jp")]
    [InlineData("x-sjis", "shiftjis")]
    [InlineData("Shift_JIS", "shiftjis")]
    [InlineData("windows-31j", "cp932")]
    [InlineData("ks_c_5601-1987", "cp949")]
    [InlineData("GB2312", "euc-cn")]
    [InlineData("x-gbk", null)]
    [InlineData("gbk", "cp936")]
    [InlineData("CP 1251", "cp1251")]
    [InlineData("ms-1252", "cp1252")]
    [InlineData("x-mac-cyrillic", "maccyrillic")]
    [InlineData("macintosh", "macroman")]
    [InlineData("unknown-8bit", null)]
    [InlineData("iso-8859-12", null)]
    [InlineData("", null)]
    public void Names_mean_what_they_mean_there(string name, string? charset) =>
        Assert.Equal(charset is null ? null : CharsetNames.Find(charset), CharsetNames.Find(name));

    [Fact]
    public void A_name_longer_than_any_is_none() => Assert.Null(CharsetNames.Find(new string('a', 100_000) + "-utf-7"));

    private static IEnumerable<string> Oracle(string name)
    {
        var start = new ProcessStartInfo("/usr/bin/perl") { UseShellExecute = false, RedirectStandardOutput = true };
        start.ArgumentList.Add(Rulesets.Source("oracle/charsets.pl"));
        start.ArgumentList.Add(name);
        using var process = Process.Start(start)!;
        while (process.StandardOutput.ReadLine() is { } line)
            yield return line;
        process.WaitForExit();
        Assert.Equal(0, process.ExitCode);
    }
}
