using System.Text;
using Postreiter.Imap.Syntax;

namespace Postreiter.Imap.Tests;

public sealed class SearchReaderTests
{
    public static TheoryData<string> Good =>
        [
            " ALL",
            " all seen Answered UNDRAFT",
            " 1",
            " 1:*,7 UID 5:9 $ UID $",
            " (1 2) (SEEN (DELETED))",
            " NOT NOT SEEN OR SEEN (OR DELETED 7)",
            " BCC a BODY b CC c FROM d SUBJECT e TEXT f TO g HEADER h i",
            " SUBJECT \"a \\\" b\" TEXT {3}\r\na b",
            " BEFORE 1-Feb-1994 ON \"01-Feb-1994\" SINCE 28-feb-1994 SENTBEFORE 1-Feb-1994 SENTON 1-Feb-1994 SENTSINCE 1-Feb-1994",
            " KEYWORD $Junk UNKEYWORD x LARGER 0 SMALLER 9223372036854775807",
            " NEW OLD RECENT",
            " RETURN () ALL",
            " return (min MAX Count all SAVE) ALL",
            " CHARSET utf-8 ALL",
            " CHARSET \"US-ASCII\" TEXT a",
            " RETURN (SAVE) CHARSET KOI8-R TEXT {1}\r\n\u00ff",
            " TEXT {2}\r\nü",
        ];

    public static TheoryData<string> Bad =>
        [
            "",
            " ",
            " FOO",
            " SEEN ",
            " SEEN  DELETED",
            " ()",
            " (SEEN",
            " SEEN)",
            " OR SEEN",
            " NOT",
            " UID",
            " UID SEEN",
            " 0",
            " LARGER -1",
            " LARGER 9223372036854775808",
            " KEYWORD \\Seen",
            " BEFORE 31-Feb-1994",
            " BEFORE 1994-02-01",
            " BEFORE",
            " SENTSEEN",
            " UNALL",
            " HEADER a",
            " HEADER \"\" a",
            " HEADER \"a b\" c",
            " RETURN ALL",
            " RETURN (FOO) ALL",
            " RETURN (ALL)",
            " RETURN (MIN  MAX) ALL",
            " CHARSET ALL",
            " CHARSET US-ASCII TEXT {2}\r\nü",
            " TEXT {1}\r\n\u00ff",
        ];

    [Theory, MemberData(nameof(Good))]
    public void Good_searches(string text)
    {
        var bytes = Bytes(text);
        Assert.True(SearchReader.TryRead(new ImapReader(bytes), out _));
        // Cut anywhere, it is either still whole or refused; nothing is thrown.
        for (var cut = 0; cut < bytes.Length; cut++)
            SearchReader.TryRead(new ImapReader(bytes.AsMemory(0, cut)), out _);
    }

    [Theory, MemberData(nameof(Bad))]
    public void Bad_searches(string text) => Assert.False(SearchReader.TryRead(new ImapReader(Bytes(text)), out _));

    [Theory]
    [InlineData("NOT ", "", 32, true)]
    [InlineData("NOT ", "", 33, false)]
    [InlineData("(", ")", 32, true)]
    [InlineData("(", ")", 33, false)]
    [InlineData("OR SEEN ", "", 32, true)]
    [InlineData("OR SEEN ", "", 33, false)]
    [InlineData("(NOT ", ")", 16, true)]
    [InlineData("(NOT ", ")", 17, false)]
    public void L23_keys_nest_32_deep(string open, string close, int depth, bool good)
    {
        var text = " " + Repeat(open, depth) + "ALL" + Repeat(close, depth);
        Assert.Equal(good, SearchReader.TryRead(new ImapReader(Bytes(text)), out _));
    }

    [Theory]
    [InlineData(1000, true)]
    [InlineData(1001, false)]
    public void L23_a_search_has_1000_keys(int keys, bool good) =>
        Assert.Equal(good, SearchReader.TryRead(new ImapReader(Bytes(Repeat(" SEEN", keys))), out _));

    [Fact]
    public void Keys_that_the_row_answers_are_told_from_others()
    {
        Assert.IsType<EnvelopeKey>(Read(" HEADER message-id x"));
        Assert.IsType<EnvelopeKey>(Read(" FROM x"));
        Assert.IsType<HeaderKey>(Read(" HEADER FROM x"));
        Assert.IsType<AllKey>(Read(" BODY \"\""));
        Assert.Equal("A B", Assert.IsType<TextKey>(Read(" TEXT \"a \t b\"")).Text);
    }

    private static SearchKey Read(string text)
    {
        Assert.True(SearchReader.TryRead(new ImapReader(Bytes(text)), out var request));
        return request.Key;
    }

    private static string Repeat(string text, int count) => string.Concat(Enumerable.Repeat(text, count));

    // Characters up to U+00FF that stand for a byte each, but for ü, which is UTF-8.
    private static byte[] Bytes(string text) =>
        [.. text.SelectMany(c => c == 'ü' ? Encoding.UTF8.GetBytes("ü") : [(byte)c])];
}
