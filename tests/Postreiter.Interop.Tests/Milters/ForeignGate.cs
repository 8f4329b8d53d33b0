using Postreiter.Interop.Tests.Dns;
using Postreiter.Interop.Tests.Postfix;
using Postreiter.Interop.Tests.Spam;
using Postreiter.Interop.Tests.Virus;

namespace Postreiter.Interop.Tests.Milters;

/// <summary>A Postfix that asks Postreiter's gate: at one port by the milter protocol, at another by policy delegation; and a name server, and a clamd.</summary>
public sealed class ForeignGate : PostreiterProcess
{
    private readonly TemporaryFolder _rules = new();

    /// <summary>Why it cannot be; null when it can.</summary>
    public static string? Missing => NsdServer.Missing ?? PostfixServer.Missing ?? ClamdServer.Missing;

    internal NsdServer Nsd { get; } = new();

    internal PostfixServer Postfix { get; } = new();

    internal ClamdServer Clamd { get; } = new();

    protected override IEnumerable<string> Settings =>
        [
            $"dns.servers=[\"{Nsd.Address}\"]",
            $"listen.milter=[\"unix:{Postfix.Gate}\"]",
            $"listen.policy=[\"unix:{Postfix.Policy}\"]",
            "foreign.on_quarantine=\"hold\"",
            "senders.local_networks=[]",
            "dnsbl.lists=[\"bl.example 127.0.0.2=20:spam 127.0.0.10/31=2:dial-up\"]",
            "greylist.delay=\"3s\"",
            "gate.connections_per_minute=0",
            $"spam.rules=[\"{Path.Combine(_rules.Root, "rules")}\"]",
            "spam.network=false",
            $"virus.scanners=[\"clamd:{Clamd.Socket}\"]",
        ];

    public override async ValueTask InitializeAsync()
    {
        if (Missing is not null)
            return;
        SpamRules.Write(_rules.Root, reportSafe: 0);
        await Clamd.StartAsync();
        await Nsd.StartAsync(
            """
            @ MX 10 mail.zone.example.
            @ TXT "v=spf1 ip4:127.0.0.1 ip4:127.0.0.5 -all"
            mail A 127.0.0.5
            strict MX 10 mail.zone.example.
            _dmarc.strict TXT "v=DMARC1; p=reject"
            mild MX 10 mail.zone.example.
            _dmarc.mild TXT "v=DMARC1; p=quarantine"
            open MX 10 mail.zone.example.
            """,
            ("127.in-addr.arpa", "5.0.0 PTR mail.zone.example.\n"),
            ("bl.example", "3.0.0.127 A 127.0.0.2\n9.0.0.127 A 127.0.0.10")
        );
        await base.InitializeAsync();
        await Postfix.StartAsync(
            Path.Combine(Data, "tls.crt"),
            Path.Combine(Data, "tls.key"),
            Port("smtp"),
            Port("lmtp")
        );
    }

    public override async ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        try
        {
            await Postfix.DisposeAsync();
            await Nsd.DisposeAsync();
            await Clamd.DisposeAsync();
        }
        finally
        {
            await base.DisposeAsync();
            _rules.Dispose();
        }
    }
}
