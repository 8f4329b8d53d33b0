namespace Postreiter.Interop.Tests.Virus;

/// <summary>Postreiter with a real clamd, and a second address of which nobody listens.</summary>
public sealed class ScanningProcess : PostreiterProcess
{
    internal ClamdServer Clamd { get; } = new();

    protected override IEnumerable<string> Settings =>
        [$"virus.scanners=[\"clamd:{Path.Combine(Data, "nobody.sock")},{Clamd.Socket}\"]"];

    public override async ValueTask InitializeAsync()
    {
        Assert.SkipUnless(ClamdServer.Missing is null, ClamdServer.Missing ?? "");
        await Clamd.StartAsync();
        await base.InitializeAsync();
    }

    public override async ValueTask DisposeAsync()
    {
        await base.DisposeAsync();
        await Clamd.DisposeAsync();
    }
}
