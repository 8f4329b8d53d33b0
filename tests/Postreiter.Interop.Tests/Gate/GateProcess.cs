using System.Text.Json.Nodes;
using Postreiter.Control;
using Postreiter.Interop.Tests.Dns;
using Postreiter.Interop.Tests.Postfix;

namespace Postreiter.Interop.Tests.Gate;

/// <summary>
/// Postreiter with everything on that is looked at before the message, an NSD that has lists, names, policies and exchangers, and a Postfix
/// that sends to it. Every address of loopback is a stranger; a caller waits for three seconds.
/// </summary>
public sealed class GateProcess : PostreiterProcess
{
    /// <summary>Why it cannot be; null when it can.</summary>
    public static string? Missing => NsdServer.Missing ?? PostfixServer.Missing;

    /// <summary>A domain that wants what others do not.</summary>
    public const string Other = "other.example";

    private readonly TemporaryFolder _folder = new();
    private readonly string _rules;

    public GateProcess()
    {
        _rules = Path.Combine(_folder.Root, "pills.cf");
        File.WriteAllText(_rules, "body PILLS /\\bcheap pills\\b/\nscore PILLS 20\n");
    }

    internal NsdServer Nsd { get; } = new();

    internal PostfixServer Postfix { get; } = new();

    protected override IEnumerable<string> Settings =>
        [
            $"dns.servers=[\"{Nsd.Address}\"]",
            "senders.local_networks=[]",
            "dnsbl.lists=[\"bl.example 127.0.0.2=20:spam 127.0.0.10/31=2:dial-up\", \"wl.example -2\"]",
            "greylist.delay=\"3s\"",
            "gate.connections_per_minute=0",
            $"batv.domains=[\"{Domain}\"]",
            $"outbound.routes=[{{ domain=\"{PostfixServer.Domain}\", via=\"127.0.0.1:{Postfix.Port}\" }}]",
            $"spam.rules=[\"{_rules}\"]",
            $"lists.allow=[\"wanted@zone.example for {Other}\"]",
        ];

    public override async ValueTask InitializeAsync()
    {
        if (Missing is not null)
            return;
        await Nsd.StartAsync(
            """
            @ MX 10 mail.zone.example.
            @ TXT "v=spf1 ip4:127.0.0.1 ip4:127.0.0.5 -all"
            mail A 127.0.0.5
            null MX 0 .
            dsl-8 A 127.0.0.8
            open MX 10 mail.zone.example.
            """,
            (
                "127.in-addr.arpa",
                "5.0.0 PTR mail.zone.example.\n6.0.0 PTR mail.zone.example.\n8.0.0 PTR dsl-8.zone.example."
            ),
            (
                "bl.example",
                "3.0.0.127 A 127.0.0.2\n4.0.0.127 A 127.255.255.254\n5.0.0.127 A 127.255.255.252\n9.0.0.127 A 127.0.0.10"
            ),
            ("wl.example", "5.0.0.127 A 127.0.0.1"),
            ("peer.example", "@ MX 10 mx\n@ TXT \"v=spf1 a:mx.peer.example -all\"\nmx A 127.0.0.1")
        );
        await base.InitializeAsync();
        await Control.CallAsync(
            ControlVerbs.DomainAdd,
            new JsonObject { ["domain"] = PostfixProcess.LmtpDomain },
            default
        );
        await Control.CallAsync(ControlVerbs.DomainAdd, new JsonObject { ["domain"] = Other }, default);
        await Postfix.StartAsync(
            Path.Combine(Data, "tls.crt"),
            Path.Combine(Data, "tls.key"),
            Port("smtp"),
            Port("lmtp")
        );
    }

    public override async ValueTask DisposeAsync()
    {
        try
        {
            await Postfix.DisposeAsync();
            await Nsd.DisposeAsync();
        }
        finally
        {
            await base.DisposeAsync();
            _folder.Dispose();
        }
    }
}
