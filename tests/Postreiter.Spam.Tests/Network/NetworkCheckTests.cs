using Postreiter.Spam.Scanning;

namespace Postreiter.Spam.Tests.Network;

/// <summary>What lint says of rules that ask the DNS.</summary>
public sealed class NetworkCheckTests
{
    [Theory]
    [InlineData("header R eval:check_rbl('s')", "takes a set, a zone and a test", true)]
    [InlineData("header R eval:check_rbl('s', 'bl.example', '(')", "never hits", true)]
    [InlineData("header R eval:check_rbl('s', 'bl.example', 'sb:1')", "SenderBase", true)]
    [InlineData("header R eval:check_rbl_sub('t', '2')", "no check_rbl asks for the set t", false)]
    [InlineData("body R eval:check_uridnsbl('R')", "which list is asked", true)]
    [InlineData("header R eval:check_dns_sender()", "as in SpamAssassin 4.0.1", false)]
    [InlineData("header R eval:check_hashbl_uris()", "takes a list", true)]
    [InlineData("header R eval:check_hashbl_uris('bl.example', 'sha1', '(')", "never hits", true)]
    [InlineData("body R eval:check_hashbl_bodyre('bl.example', 'sha1')", "what to look for", true)]
    [InlineData("body R eval:check_hashbl_bodyre('bl.example', 'sha1', '(')", "never hits", true)]
    [InlineData("urirhssub R bl.example A x-y", "no mask, address, range", true)]
    [InlineData("urirhssub R bl.example A", "takes a rule, a zone, A or TXT, and a test", true)]
    [InlineData("urirhsbl R bl.example AAAA", "A or TXT", true)]
    [InlineData("askdns R x.example NAPTR", "are not asked for here", true)]
    [InlineData("askdns R x.example A /(/", "left out", true)]
    [InlineData("askdns R x.example A [NOSUCHCODE]", "no test of an answer", true)]
    [InlineData("askdns R x.example A 1-b", "no test of an answer", true)]
    [InlineData("dns_server [192.0.2.53]:53", "dns.servers", false)]
    [InlineData("dns_options rotate", "dns.servers", false)]
    [InlineData("rbl_timeout soon", "takes a time", true)]
    [InlineData("rbl_timeout 5 2 1", "takes a time", true)]
    [InlineData("dns_query_restriction maybe x.example", "allow or deny", true)]
    [InlineData("dns_block_rule R", "a rule and zones", true)]
    public void What_is_not_in_force_is_told_with_its_place(string line, string message, bool isError)
    {
        var warning = Assert.Single(RuleCheck.Warnings(NetworkBed.Read(line + "\n")));
        Assert.Contains(message, warning.Message, StringComparison.Ordinal);
        Assert.Equal(("test.cf", 1, isError), (warning.File, warning.Line, warning.IsError));
    }

    [Theory]
    [InlineData(
        "header R eval:check_rbl('s', 'bl.example', '^127\\.0\\.0\\.[45]$')\nheader S eval:check_rbl_sub('s', '2')"
    )]
    [InlineData("urirhssub R bl.example. A 127.0.0.2\nbody R eval:check_uridnsbl('R')")]
    [InlineData("uridnsbl R bl.example TXT\nbody R eval:check_uridnsbl('R')")]
    [InlineData("askdns R _SENDERDOMAIN_ TXT /^v=spf1 \\+all$/")]
    [InlineData("askdns R _AUTHORDOMAIN_.x.example. any [NXDOMAIN, 2]")]
    [InlineData("rbl_timeout 15 3s\nrbl_timeout 1m .Zen.example")]
    [InlineData(
        "hashbl_acl_x a.example !b.example\nheader R eval:check_hashbl_emails('bl.example/TXT', '', '', '^x', 'x')"
    )]
    public void What_is_right_is_not_spoken_of(string lines) =>
        Assert.Empty(RuleCheck.Warnings(NetworkBed.Read(lines + "\n")));
}
