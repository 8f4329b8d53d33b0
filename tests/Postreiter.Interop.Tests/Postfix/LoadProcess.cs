namespace Postreiter.Interop.Tests.Postfix;

/// <summary>Postreiter with a route to a port of its own for each test that plays the far side.</summary>
public sealed class LoadProcess : PostreiterProcess
{
    private readonly Dictionary<string, int> _ports = Enumerable
        .Range(0, 12)
        .ToDictionary(
            i => $"far{i.ToString(System.Globalization.CultureInfo.InvariantCulture)}.example",
            _ => PostfixServer.FreePort()
        );

    private int _taken;

    protected override IEnumerable<string> Settings =>
        [
            $"outbound.routes=[{string.Join(", ", _ports.Select(p => $"{{ domain=\"{p.Key}\", via=\"127.0.0.1:{p.Value}\" }}"))}]",
            "outbound.retry=[\"1s\"]",
        ];

    /// <summary>A far domain that no other test uses, and the port that its mail goes to.</summary>
    internal (string Domain, int Port) TakeDomain()
    {
        var (domain, port) = _ports.ElementAt(Interlocked.Increment(ref _taken) - 1);
        return (domain, port);
    }
}
