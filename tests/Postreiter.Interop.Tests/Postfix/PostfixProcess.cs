using System.Text.Json.Nodes;
using Postreiter.Control;

namespace Postreiter.Interop.Tests.Postfix;

/// <summary>Postreiter beside a Postfix: a route to it for its domain, and its log-in port as the smarthost for all others.</summary>
public sealed class PostfixProcess : PostreiterProcess
{
    /// <summary>A second domain of Postreiter's, which Postfix delivers to by LMTP.</summary>
    public const string LmtpDomain = "lmtp.example";

    internal PostfixServer Postfix { get; } = new();

    protected override IEnumerable<string> Settings =>
        [
            $"outbound.routes=[{{ domain=\"{PostfixServer.Domain}\", via=\"127.0.0.1:{Postfix.Port}\" }}]",
            $"outbound.smarthost={{ host=\"127.0.0.1\", port={Postfix.AuthPort}, username=\"{PostfixServer.LogIn}\", password=\"{PostfixServer.LogInPassword}\" }}",
            "outbound.retry=[\"2s\"]",
        ];

    public override async ValueTask InitializeAsync()
    {
        if (PostfixServer.Missing is not null)
            return;
        await base.InitializeAsync();
        await Control.CallAsync(ControlVerbs.DomainAdd, new JsonObject { ["domain"] = LmtpDomain }, default);
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
        }
        finally
        {
            await base.DisposeAsync();
        }
    }
}
