using System.Security.Cryptography;
using System.Text;
using System.Text.RegularExpressions;
using Postreiter.MailAuth.Dkim;

namespace Postreiter.MailAuth.Tests.Dkim;

/// <summary>The canonical body against a few lines that do it on the whole text (RFC 6376 §3.4.3, §3.4.4).</summary>
public sealed partial class BodyCanonicalizerTests
{
    [Theory]
    [InlineData("", "\r\n", "")]
    [InlineData("\r\n", "\r\n", "")]
    [InlineData("\r\n\r\n\r\n", "\r\n", "")]
    [InlineData(" \r\n\t\r\n", " \r\n\t\r\n", "")]
    [InlineData("x", "x\r\n", "x\r\n")]
    [InlineData("x\r", "x\r\r\n", "x\r\r\n")]
    [InlineData("x\r\r\n", "x\r\r\n", "x\r\r\n")]
    [InlineData("x\n\r\n", "x\n\r\n", "x\n\r\n")]
    [InlineData(" x \t y \r\n\r\n\r\nz\r\n\r\n", " x \t y \r\n\r\n\r\nz\r\n", " x y\r\n\r\n\r\nz\r\n")]
    // The example of RFC 6376 §3.4.5.
    [InlineData(" C \r\nD \t E\r\n\r\n\r\n", " C \r\nD \t E\r\n", " C\r\nD E\r\n")]
    public void Bodies_are_canonicalized_in_any_cut(string body, string simple, string relaxed)
    {
        for (var cut = 0; cut <= body.Length; cut++)
        {
            Assert.Equal(Hash(simple), Hash(Canonicalization.Simple, body[..cut], body[cut..]));
            Assert.Equal(Hash(relaxed), Hash(Canonicalization.Relaxed, body[..cut], body[cut..]));
        }
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    public void Random_bodies_are_canonicalized_like_the_whole_text(int seed)
    {
        var random = new Random(seed);
        string[] pieces =
        [
            "\r\n",
            "\r\n",
            "\r",
            "\n",
            " ",
            "\t",
            "a",
            "words of text",
            "  ",
            "\r\n\r\n",
            ".",
            new string('x', 5000),
        ];
        // The second pool has little to change: it goes the short way.
        string[] plain = ["\r\n", "\r\n\r\n", "\r", " ", "a", "words of text", "words of text", new string('x', 5000)];
        for (var round = 0; round < 1000; round++)
        {
            var pool = round % 2 == 0 ? pieces : plain;
            var body = string.Concat(Enumerable.Range(0, random.Next(30)).Select(_ => pool[random.Next(pool.Length)]));
            var cuts = Enumerable.Range(0, random.Next(5)).Select(_ => random.Next(body.Length + 1)).Order().ToList();
            var parts = cuts.Prepend(0).Zip(cuts.Append(body.Length), (from, to) => body[from..to]).ToArray();
            Assert.Equal(Hash(Simple(body)), Hash(Canonicalization.Simple, parts));
            Assert.Equal(Hash(Relaxed(body)), Hash(Canonicalization.Relaxed, parts));
            var length = random.Next(Relaxed(body).Length + 1);
            Assert.Equal(Hash(Relaxed(body)[..length]), Hash(Canonicalization.Relaxed, length, parts));
        }
    }

    [Fact]
    public void One_hash_serves_every_length()
    {
        using var message = new SignedMessage("From: a@a.example\r\n"u8);
        long?[] lengths = [null, 0, 3, 3, 7, 1000, long.MaxValue];
        var hashes = lengths.Select(l => message.Want(Canonicalization.Relaxed, HashAlgorithmName.SHA256, l)).ToList();
        Assert.Single(hashes.Distinct());
        message.AppendBody("ab"u8);
        message.AppendBody("cdefg\r\n"u8);
        message.CompleteBody();
        Assert.Equal(Hash("abcdefg\r\n"), hashes[0].Of(null));
        Assert.Equal(Hash(""), hashes[0].Of(0));
        Assert.Equal(Hash("abc"), hashes[0].Of(3));
        Assert.Equal(Hash("abcdefg"), hashes[0].Of(7));
        Assert.Null(hashes[0].Of(1000));
        Assert.Null(hashes[0].Of(long.MaxValue));
        Assert.Throws<InvalidOperationException>(() => message.AppendBody("more"u8));
    }

    [Fact]
    public void A_hash_that_is_wanted_too_late_is_an_error_of_ours()
    {
        using var message = new SignedMessage("From: a@a.example\r\n"u8);
        message.AppendBody("ab"u8);
        Assert.Throws<InvalidOperationException>(() =>
            message.Want(Canonicalization.Simple, HashAlgorithmName.SHA256, null)
        );
    }

    private static byte[] Hash(string canonical) => SHA256.HashData(Encoding.Latin1.GetBytes(canonical));

    private static byte[] Hash(Canonicalization kind, params string[] parts) => Hash(kind, null, parts)!;

    private static byte[]? Hash(Canonicalization kind, long? length, params string[] parts)
    {
        using var message = new SignedMessage([]);
        var hash = message.Want(kind, HashAlgorithmName.SHA256, length);
        foreach (var part in parts)
            message.AppendBody(Encoding.Latin1.GetBytes(part));
        message.CompleteBody();
        return hash.Of(length);
    }

    private static string Simple(string body) => EmptyLines().Replace(body, "") + "\r\n";

    private static string Relaxed(string body)
    {
        body = WhiteAtEnd().Replace(White().Replace(body, " "), "${end}");
        body = EmptyLines().Replace(body, "");
        return body.Length == 0 ? "" : body + "\r\n";
    }

    [GeneratedRegex(@"(\r\n)+\z", RegexOptions.NonBacktracking | RegexOptions.ExplicitCapture)]
    private static partial Regex EmptyLines();

    [GeneratedRegex(@"[ \t]+", RegexOptions.NonBacktracking)]
    private static partial Regex White();

    [GeneratedRegex(@" (?<end>\r\n|\z)", RegexOptions.NonBacktracking | RegexOptions.ExplicitCapture)]
    private static partial Regex WhiteAtEnd();
}
