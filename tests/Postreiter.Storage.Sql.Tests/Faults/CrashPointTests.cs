namespace Postreiter.Storage.Sql.Tests.Faults;

/// <summary>P1, P2, P3, P4, P7 at hundreds of crash points; <c>./bench soak</c> runs the same with thousands.</summary>
public sealed class CrashPointTests
{
    [Fact]
    public async Task P1_after_a_crash_in_any_change_of_the_disk_all_that_was_answered_is_there_once()
    {
        if (Soak.Minutes > 0)
        {
            await SoakAsync();
            return;
        }

        var crashes = 0;
        for (var seed = 1; seed <= 4; seed++)
        {
            var history = new CrashHistory(seed, inOrder: seed < 4);
            await history.RunAsync(oneIn: 10, TestContext.Current.CancellationToken);
            crashes += history.Crashes;
        }

        Assert.True(crashes > 300, $"only {crashes} crashes");
    }

    // A history on each processor, each with the next seed; those with odd seeds are the same whenever they are run.
    private static async Task SoakAsync()
    {
        var ct = TestContext.Current.CancellationToken;
        var (next, histories, crashes) = (Soak.Seed - 1, 0, 0);
        var start = TimeProvider.System.GetTimestamp();
        async Task GoOnAsync()
        {
            while (TimeProvider.System.GetElapsedTime(start) < TimeSpan.FromMinutes(Soak.Minutes))
            {
                var seed = Interlocked.Increment(ref next);
                var history = new CrashHistory(seed, inOrder: seed % 2 == 1);
                await history.RunAsync(oneIn: 4, ct);
                Interlocked.Increment(ref histories);
                Interlocked.Add(ref crashes, history.Crashes);
            }
        }

        await Task.WhenAll(Enumerable.Range(0, Environment.ProcessorCount).Select(_ => Task.Run(GoOnAsync, ct)));
        if (Soak.Report is { } report)
            await File.AppendAllTextAsync(report, $"| {histories} | {crashes} | 0 |\n", ct);
    }

    [Theory]
    [InlineData(DiskCall.Sync, ".db-wal")]
    [InlineData(DiskCall.Sync, ".db")]
    [InlineData(DiskCall.Sync, ".seg")]
    [InlineData(DiskCall.Sync, ".tmp")]
    [InlineData(DiskCall.SyncNames, "")]
    [InlineData(DiskCall.SyncNames, SimulatedBlobFiles.Folder)]
    public async Task A_disk_that_does_not_sync_is_found_out(DiskCall call, string name)
    {
        bool Ignores(DiskCall c, string n) =>
            c == call && (c == DiskCall.Sync ? n.EndsWith(name, StringComparison.Ordinal) : n == name);
        var fault = await Assert.ThrowsAsync<InvalidOperationException>(() =>
            new CrashHistory(1, ignores: Ignores).RunAsync(oneIn: 10, TestContext.Current.CancellationToken)
        );
        Assert.Contains("seed 1", fault.Message, StringComparison.Ordinal);
    }
}
