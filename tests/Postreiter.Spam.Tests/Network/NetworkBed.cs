using System.Text;
using Postreiter.Core;
using Postreiter.Dns;
using Postreiter.Spam.Configuration;
using Postreiter.Spam.Network;
using Postreiter.Spam.Rules;
using Postreiter.Testing;

namespace Postreiter.Spam.Tests.Network;

/// <summary>A few rules, a DNS and a clock that stands still.</summary>
internal sealed record NetworkBed
{
    /// <summary>What every ruleset of these tests begins with.</summary>
    public const string Plugins = """
        loadplugin Mail::SpamAssassin::Plugin::DNSEval
        loadplugin Mail::SpamAssassin::Plugin::URIDNSBL
        loadplugin Mail::SpamAssassin::Plugin::AskDNS
        loadplugin Mail::SpamAssassin::Plugin::HashBL
        util_rb_tld com net org example test
        util_rb_2tld co.test

        """;

    /// <summary>
    /// From outside, 198.51.100.7, which had it from 203.0.113.9 by way of 192.0.2.44; ours is 10.0.0.1. The envelope's sender is of
    /// mail.sender.example, the author of author.example.
    /// </summary>
    public const string Mail = """
        Return-Path: <bounce@mail.sender.example>
        Received: from relay.example (relay.example [198.51.100.7]) by mx.ours.example (Postfix) with ESMTP id 1; Thu, 1 Jan 2026 11:00:00 +0000
        Received: from middle.example (middle.example [192.0.2.44]) by relay.example (Postfix) with ESMTP id 2; Thu, 1 Jan 2026 10:59:00 +0000
        Received: from first.example (first.example [203.0.113.9]) by middle.example (Postfix) with ESMTP id 3; Thu, 1 Jan 2026 10:58:00 +0000
        From: Ann <ann@author.example>
        To: bob@ours.example
        Subject: hello
        Message-Id: <1@author.example>

        See http://www.spam.example/page and http://203.0.113.80/x, or write to joe+tag@free.example today.

        """;

    public FakeDns Dns { get; } = new();

    public TestClock Clock { get; init; } = new();

    /// <summary>The resolver that rules ask; the table itself unless told otherwise.</summary>
    public IDnsResolver? Resolver { get; init; }

    public SpamNetworkOptions Bounds { get; init; } = new();

    public TimeSpan Budget { get; init; } = TimeSpan.FromSeconds(15);

    public SpamNetwork Network => _network ??= new SpamNetwork(Resolver ?? Dns, Clock, Bounds);

    private SpamNetwork? _network;

    /// <summary>An engine for rules; the network is there.</summary>
    public SpamEngine Engine(string rules)
    {
        var ruleset = Read(rules);
        Assert.Empty(ruleset.Warnings);
        return new SpamEngine(
            ruleset,
            new SpamEngineOptions
            {
                Network = Network,
                NetworkBudget = Budget,
                KeepsAllSubRules = true,
            }
        );
    }

    public static Ruleset Read(string rules)
    {
        var reader = new RulesetReader(new RulesetOptions { IsLocal = false });
        reader.ReadText("plugins.cf", Plugins);
        reader.ReadText("test.cf", rules);
        return reader.Complete();
    }

    /// <summary>Scans the mail with rules.</summary>
    public Task<ScanResult> ScanAsync(string rules, string mail = Mail) => ScanAsync(Engine(rules), mail);

    public static async Task<ScanResult> ScanAsync(SpamEngine engine, string mail = Mail) =>
        await engine.ScanAsync(
            engine.Facts(engine.Read(Encoding.Latin1.GetBytes(mail))),
            TestContext.Current.CancellationToken
        );

    /// <summary>Names of the rules that hit, sub-rules too, in order of name.</summary>
    public static string Hits(ScanResult result) =>
        string.Join(
            ' ',
            result.Hits.Concat(result.SubHits).Select(static hit => hit.Name).Order(StringComparer.Ordinal)
        );

    /// <summary>What a rule found.</summary>
    public static string Details(ScanResult result, string rule) =>
        string.Join('|', result.Hits.Single(hit => hit.Name == rule).Details);
}

/// <summary>A resolver whose answers come after a time of the clock; null = never.</summary>
internal sealed class SlowDns(FakeDns inner, TimeProvider time, Func<string, TimeSpan?> delay) : IDnsResolver
{
    private int _inFlight;

    /// <summary>Most questions at one time.</summary>
    public int Most { get; private set; }

    /// <summary>Questions on their way.</summary>
    public int InFlight => _inFlight;

    public async ValueTask<DnsAnswer<string>> ResolveTextAsync(DomainName name, string type, CancellationToken ct)
    {
        Most = Math.Max(Most, Interlocked.Increment(ref _inFlight));
        try
        {
            var wait = delay(name.Ascii);
            if (wait is null)
                await Task.Delay(Timeout.InfiniteTimeSpan, time, ct);
            else if (wait > TimeSpan.Zero)
                await Task.Delay(wait.Value, time, ct);
            return await ((IDnsResolver)inner).ResolveTextAsync(name, type, ct);
        }
        finally
        {
            Interlocked.Decrement(ref _inFlight);
        }
    }

    public ValueTask<DnsAnswer<System.Net.IPAddress>> ResolveAAsync(DomainName name, CancellationToken ct) =>
        throw new NotSupportedException();

    public ValueTask<DnsAnswer<System.Net.IPAddress>> ResolveAaaaAsync(DomainName name, CancellationToken ct) =>
        throw new NotSupportedException();

    public ValueTask<DnsAnswer<MxRecord>> ResolveMxAsync(DomainName name, CancellationToken ct) =>
        throw new NotSupportedException();

    public ValueTask<DnsAnswer<string>> ResolveTxtAsync(DomainName name, CancellationToken ct) =>
        throw new NotSupportedException();

    public ValueTask<DnsAnswer<DomainName>> ResolvePtrAsync(System.Net.IPAddress address, CancellationToken ct) =>
        throw new NotSupportedException();
}
