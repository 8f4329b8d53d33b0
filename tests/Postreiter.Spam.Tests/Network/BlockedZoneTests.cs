using Postreiter.Spam.Rules;

namespace Postreiter.Spam.Tests.Network;

/// <summary>A list that says that it answers us no more is left alone for a time.</summary>
public sealed class BlockedZoneTests
{
    private const string Rules = """
        header LISTED eval:check_rbl('s-lastexternal', 'zen.example', '^127\.0\.0\.\d+$')
        header BLOCKED eval:check_rbl('s-lastexternal', 'zen.example', '^127\.255\.255\.255$')
        header OTHER eval:check_rbl('o-lastexternal', 'other.example')
        dns_block_rule BLOCKED zen.example dbl.example
        dns_block_time 300
        """;

    private readonly NetworkBed _bed = new();

    [Fact]
    public async Task It_is_asked_again_when_the_time_is_over()
    {
        _bed.Dns.Address("7.100.51.198.zen.example", "127.255.255.255")
            .Address("7.100.51.198.other.example", "127.0.0.2");
        var engine = _bed.Engine(Rules);
        var first = await NetworkBed.ScanAsync(engine);
        Assert.Equal("BLOCKED OTHER", NetworkBed.Hits(first));
        Assert.Equal(["zen.example", "dbl.example"], first.BlockedZones);

        Assert.Equal("OTHER", NetworkBed.Hits(await NetworkBed.ScanAsync(engine)));
        Assert.Equal(3, _bed.Dns.Questions.Count);
        // A new set of rules knows of it too.
        Assert.Equal("OTHER", NetworkBed.Hits(await _bed.ScanAsync(Rules)));

        _bed.Clock.Advance(TimeSpan.FromSeconds(301));
        _bed.Dns.Remove("7.100.51.198.zen.example").Address("7.100.51.198.zen.example", "127.0.0.4");
        var later = await NetworkBed.ScanAsync(engine);
        Assert.Equal("LISTED OTHER", NetworkBed.Hits(later));
        Assert.Empty(later.BlockedZones);
    }

    [Fact]
    public async Task A_zone_that_a_line_allows_is_asked_all_the_same()
    {
        _bed.Dns.Address("7.100.51.198.zen.example", "127.255.255.255");
        SpamEngine engine = _bed.Engine(Rules + "\ndns_query_restriction allow zen.example\n");
        await NetworkBed.ScanAsync(engine);
        Assert.Equal("BLOCKED", NetworkBed.Hits(await NetworkBed.ScanAsync(engine)));
    }
}
