using System.Text;
using Postreiter.Spam.Results;
using Postreiter.Spam.Rules;
using Postreiter.Spam.Scanning;

namespace Postreiter.Spam.Tests.Network;

/// <summary>What lists answered, in marks and reports.</summary>
public sealed class NetworkTagTests
{
    private readonly NetworkBed _bed = new();

    [Fact]
    public async Task Tags_and_reports_tell_what_was_found_and_no_answer_writes_a_line_of_its_own()
    {
        _bed.Dns.Address("7.100.51.198.bl.example", "127.0.0.2")
            .Txt("7.100.51.198.bl.example", "see us\r\nX-Forged: yes\r\n\r\nbody");
        var rules = NetworkBed.Read(
            """
            header BL eval:check_rbl('a-lastexternal', 'bl.example')
            describe BL On a list
            header TEXT eval:check_rbl_txt('t-lastexternal', 'bl.example')
            urirhsbl LINK uri.example A
            body LINK eval:check_uridnsbl('LINK')
            add_header all Lists _RBL_
            add_header all Hosts _URIHOSTS_ of _URIDOMAINS_
            add_header all Report _REPORT_
            """
        );
        var scans = new MailScans(rules, new SpamEngineOptions { Network = _bed.Network });
        var scanned = await scans.ScanAsync(
            Encoding.Latin1.GetBytes(NetworkBed.Mail),
            TestContext.Current.CancellationToken
        );
        var fields = new MailMarker(
            scanned.Verdict,
            scanned.Settings,
            new MarkContext { HostName = "mx.example", Now = DateTimeOffset.UnixEpoch }
        ).AddedFields();
        Assert.DoesNotContain("\nX-Forged", fields, StringComparison.Ordinal);
        Assert.DoesNotContain("\n\n", fields, StringComparison.Ordinal);
        Assert.Contains(
            "X-Spam-Hosts: 203.0.113.80 www.spam.example of 203.0.113.80",
            fields,
            StringComparison.Ordinal
        );
        Assert.Contains("<dns:7.100.51.198.bl.example> [127.0.0.2]", fields, StringComparison.Ordinal);
        Assert.Contains("RBL: On a list", fields, StringComparison.Ordinal);
        Assert.Contains("[198.51.100.7 listed in bl.example]", fields, StringComparison.Ordinal);
        // A line that is folded begins with a blank.
        Assert.All(
            fields.Split('\n', StringSplitOptions.RemoveEmptyEntries),
            static line =>
                Assert.True(line.StartsWith("X-Spam-", StringComparison.Ordinal) || line[0] is ' ' or '\t', line)
        );
    }
}
