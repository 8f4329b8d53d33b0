namespace Postreiter.Interop.Tests;

/// <summary>A server that lets passwords pass without TLS, as an operator may say for loopback.</summary>
public sealed class PlaintextProcess : PostreiterProcess
{
    protected override IEnumerable<string> Settings => ["tls.allow_plaintext_auth=true"];
}
