namespace Postreiter.Interop.Tests;

/// <summary>A folder that goes with the test.</summary>
internal sealed class TemporaryFolder : IDisposable
{
    public string Root { get; } = Directory.CreateTempSubdirectory("postreiter-").FullName;

    public void Dispose() => Directory.Delete(Root, recursive: true);
}
