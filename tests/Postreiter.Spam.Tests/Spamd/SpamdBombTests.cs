using Postreiter.Testing;

namespace Postreiter.Spam.Tests.Spamd;

/// <summary>What a packed mail takes when it is unpacked: measured over the whole process, so nothing else runs meanwhile.</summary>
[Collection(nameof(SpamdBombTests))]
public sealed class SpamdBombTests
{
    [Fact]
    public async Task A_bomb_is_not_unpacked_beyond_the_limit()
    {
        using var server = new SpamdTestServer(options: o => o with { MaxMailBytes = 1 << 20 });
        var bomb = SpamdTestServer.Packed("PROCESS", new byte[64 << 20]);
        Assert.True(bomb.Length < 100_000);
        var before = GC.GetTotalAllocatedBytes(precise: true);
        var answer = await server.AskAsync(Pacing.Lines, bomb, stopping: TestContext.Current.CancellationToken);
        Assert.StartsWith("SPAMD/1.0 65 ", answer, StringComparison.Ordinal);
        Assert.InRange(GC.GetTotalAllocatedBytes(precise: true) - before, 1, 16 << 20);
        Assert.Empty(server.Scanner.Last);
    }

    /// <summary>Runs when all others are through.</summary>
    [CollectionDefinition(nameof(SpamdBombTests), DisableParallelization = true)]
    public sealed class Alone;
}
