using System.Security.Cryptography;
using System.Text;
using Postreiter.Spam.Functions;

namespace Postreiter.Spam.Tests.Network;

/// <summary>Lists of hashes.</summary>
public sealed class HashBlTests
{
    private readonly NetworkBed _bed = new();

    [Theory]
    [InlineData("check_hashbl_emails('bl.example', 'raw/host')", "author.example mail.sender.example free.example")]
    [InlineData("check_hashbl_emails('bl.example', 'raw/domain')", "author.example sender.example free.example")]
    [InlineData("check_hashbl_emails('bl.example', 'raw/user/notag', 'From/body')", "ann joe")]
    [InlineData("check_hashbl_emails('bl.example', 'raw/user/nodot', 'X-Reply')", "jackjoy+q")]
    [InlineData("check_hashbl_emails('bl.example', 'raw/user/max=1', 'From/body')", "ann")]
    [InlineData("check_hashbl_emails('bl.example', 'raw/user', 'X-Office')", "")]
    [InlineData("check_hashbl_emails('bl.example', 'raw/user', 'X-Reply/body', '', 'freemail')", "joe+tag")]
    [InlineData("check_hashbl_tag('bl.example', 'raw/ip/revip', 'LASTEXTERNALIP')", "7.100.51.198")]
    [InlineData("check_hashbl_tag('bl.example', 'raw/ipv6', '_LASTEXTERNALIP_')", "")]
    [InlineData("check_hashbl_tag('bl.example', 'raw/trim', 'SENDERDOMAIN')", "sender.example")]
    [InlineData("check_hashbl_tag('bl.example', 'raw/fqdn', 'NOSUCH')", "")]
    public async Task The_values_that_are_asked_for(string call, string asked)
    {
        var mail = NetworkBed.Mail.Replace(
            "Subject: hello",
            "X-Reply: Jack.Joy+q@other.example\nX-Office: abuse@other.example, postmaster@other.example, a=b=c@other.example\nSubject: hello",
            StringComparison.Ordinal
        );
        await _bed.ScanAsync($"hashbl_acl_freemail free.example\nheader R eval:{call}\ntflags R net\n", mail);
        Assert.Equal(asked, string.Join(' ', _bed.Dns.Questions.Select(static q => q[2..^".bl.example".Length])));
    }

    [Fact]
    public async Task Quoted_addresses_and_those_in_links_are_left_out_on_demand()
    {
        var mail = """
            From: a@author.example
            Subject: quotes

            Write to one@other.example or two@other.example Tel: 1
            On Monday three@other.example wrote: x
            Also <four@other.example> said so, see http://x.example/?u=five@other.example&z=1 end

            """;
        await _bed.ScanAsync(
            "header R eval:check_hashbl_emails('bl.example', 'raw/user/noquote/nouri', 'body')\n",
            mail
        );
        Assert.Equal("A one.bl.example A two.bl.example", string.Join(' ', _bed.Dns.Questions));
    }

    [Theory]
    [InlineData("md5", "5d41402abc4b2a76b9719d911017c592")]
    [InlineData("sha1", "aaf4c61ddcc5e8a2dabede0f3b482cd9aea9434d")]
    [InlineData("sha256", "ftze3os7wcrq4jxihmvmlopctynrmhs4d6tuexttaqzwfe4ltasa")]
    [InlineData("raw", "hello")]
    public void Hashes_are_those_of_the_lists(string option, string hash) =>
        Assert.Equal(hash, new HashOptions(option, "").Hash("hello"));

    [Fact]
    public void Base32_is_that_of_the_standard()
    {
        // RFC 4648 §10, small and without padding.
        string[] expected = ["", "my", "mzxq", "mzxw6", "mzxw6yq", "mzxw6ytb", "mzxw6ytboi"];
        for (var i = 0; i < expected.Length; i++)
            Assert.Equal(expected[i], HashOptions.ToBase32(Encoding.ASCII.GetBytes("foobar"[..i])));
        Assert.Equal(52, HashOptions.ToBase32(SHA256.HashData("x"u8)).Length);
    }

    [Fact]
    public async Task Links_text_and_parts_are_asked_for_by_their_hashes()
    {
        static string Sha1(string text) => Convert.ToHexStringLower(SHA1.HashData(Encoding.Latin1.GetBytes(text)));
        _bed.Dns.Address(Sha1("http://www.spam.example/page") + ".uri.example", "127.0.0.2")
            .Address(Sha1("page") + ".body.example", "127.0.0.3")
            .Address("113.num.example", "127.0.0.3");
        var result = await _bed.ScanAsync(
            """
            header URI eval:check_hashbl_uris('uri.example/A')
            tflags URI net
            body BODY eval:check_hashbl_bodyre('body.example', 'sha1', '/(p[a-z]+)', '^127\.0\.0\.3')
            tflags BODY net
            body NUM eval:check_hashbl_bodyre('num.example', 'raw/num', '\.(1[0-9]+)\.')
            tflags NUM net
            body PART eval:check_hashbl_attachments('part.example', 'sha1/minsize=10')
            tflags PART net
            meta M URI && BODY && !PART
            """
        );
        Assert.Equal("BODY M NUM URI", NetworkBed.Hits(result));
        Assert.Equal("http://www.spam.example/page", NetworkBed.Details(result, "URI"));
        Assert.Contains(_bed.Dns.Questions, static q => q.EndsWith(".part.example", StringComparison.Ordinal));
    }

    [Fact]
    public async Task What_is_ignored_is_not_asked_for()
    {
        await _bed.ScanAsync(
            "hashbl_ignore ann@author.example joe@free.example\nuridnsbl_skip_domain sender.example\nhashbl_email_domain_alias author.example alias.example\nheader R eval:check_hashbl_emails('bl.example')\n",
            NetworkBed.Mail.Replace("To: bob", "Reply-To: ann@alias.example\nTo: bob", StringComparison.Ordinal)
        );
        Assert.Empty(_bed.Dns.Questions);
    }
}
