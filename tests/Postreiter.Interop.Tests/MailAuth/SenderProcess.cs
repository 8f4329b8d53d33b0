using System.Net;
using System.Net.Sockets;
using System.Text.Json.Nodes;
using Postreiter.Control;
using Postreiter.Interop.Tests.Dns;
using Postreiter.Interop.Tests.Postfix;
using Postreiter.MailAuth.Dkim;

namespace Postreiter.Interop.Tests.MailAuth;

/// <summary>
/// Postreiter that asks an NSD who may send, with a domain of its own in that zone: <c>site.zone.example</c>, whose keys are made
/// by <c>domain add</c> and seen in the DNS. Only 127.0.0.1 is not checked: other addresses of loopback are strangers.
/// </summary>
public sealed class SenderProcess : PostreiterProcess
{
    /// <summary>The domain whose keys are in the DNS.</summary>
    public const string Site = "site.zone.example";

    private readonly TcpListener _held = new(IPAddress.Loopback, 0);

    public SenderProcess()
    {
        _held.Start();
        SinkPort = ((IPEndPoint)_held.LocalEndpoint).Port;
        _held.Stop();
    }

    /// <summary>Why it cannot be; null when it can.</summary>
    public static string? Missing => NsdServer.Missing ?? SmtpSink.Missing;

    /// <summary>The port of every exchanger.</summary>
    public int SinkPort { get; }

    /// <summary>The key of <c>s._domainkey.signed.zone.example</c>.</summary>
    internal DkimKey Key { get; } = DkimKey.GenerateRsa();

    internal NsdServer Nsd { get; } = new();

    protected override IEnumerable<string> Settings =>
        [
            $"dns.servers=[\"{Nsd.Address}\"]",
            $"outbound.port={SinkPort}",
            "outbound.retry=[\"2s\"]",
            "senders.local_networks=[\"127.0.0.1\"]",
            // Its domains have no mail servers; who sends is all that is looked at here.
            "gate.on_no_domain=\"mark\"",
            "greylist.mode=\"off\"",
        ];

    public override async ValueTask InitializeAsync()
    {
        if (Missing is not null)
            return;
        await base.InitializeAsync();
        var ct = TestContext.Current.CancellationToken;
        var added = await Control.CallAsync(ControlVerbs.DomainAdd, new JsonObject { ["domain"] = Site }, ct);
        Assert.True(added.ExitCode == 0, added.Message);
        var keys = await Control.CallAsync(ControlVerbs.DkimList, new JsonObject { ["domain"] = Site }, ct);
        await Nsd.StartAsync(
            $"""
            pass TXT "v=spf1 ip4:127.0.0.2 -all"
            _dmarc.pass TXT "v=DMARC1; p=reject"
            junk TXT "v=spf1 ip4:127.0.0.2 -all"
            _dmarc.junk TXT "v=DMARC1; p=quarantine"
            signed TXT "v=spf1 -all"
            _dmarc.signed TXT "v=DMARC1; p=reject"
            s._domainkey.signed TXT {Key.TxtStrings}
            sink MX 10 here.zone.example.
            here A 127.0.0.1
            {string.Join('\n', keys.Rows.Select(k => $"{k["name"]}. TXT {Strings($"{k["record"]}")}"))}
            """
        );
        // The server looks again when its directory changes.
        await AddAccountAsync(Site);
        await Waiting.UntilAsync(
            async () =>
            {
                var now = await Control.CallAsync(ControlVerbs.DkimList, new JsonObject { ["domain"] = Site }, ct);
                if (now.Rows.All(k => (string?)k["state"] == "active"))
                    return true;
                await AddAccountAsync(Site);
                return false;
            },
            ct
        );
    }

    public override async ValueTask DisposeAsync()
    {
        await base.DisposeAsync();
        await Nsd.DisposeAsync();
        _held.Dispose();
        Key.Dispose();
    }

    private static string Strings(string record) =>
        string.Join(' ', record.Chunk(255).Select(part => $"\"{new string(part)}\""));
}
