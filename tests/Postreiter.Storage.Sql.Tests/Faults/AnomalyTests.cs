using Postreiter.Storage.Sql.Sqlite;

namespace Postreiter.Storage.Sql.Tests.Faults;

/// <summary>
/// Each operation with its first call to the disk failing, then its second, and so on until none fails. Whatever failed: the
/// answer is true, the store goes on by itself, and what it holds is consistent, also after a crash.
/// </summary>
public sealed class AnomalyTests
{
    private static readonly string[] Main =
    [
        "deliver small",
        "deliver large",
        "deliver and queue",
        "move",
        "complete with a notice",
        "turn of the collector",
    ];

    public static TheoryData<string> Operations => [.. AnomalySite.Operations.Keys];

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Theory, MemberData(nameof(Operations))]
    public async Task P2_F1_whichever_call_fails_an_operation_is_done_or_not_and_says_so(string operation)
    {
        using var site = await AnomalySite.MakeAsync(Ct);
        var act = AnomalySite.Operations[operation];
        var after = await AfterAsync(site, act);
        foreach (var error in new[] { DiskError.InputOutput, DiskError.NoSpace })
        {
            foreach (var isLasting in new[] { false, true })
            {
                // ./test fails every call of the main operations once, of the others every third.
                var step = Soak.Minutes > 0 || (!isLasting && Main.Contains(operation)) ? 1 : 3;
                var n = 1;
                try
                {
                    for (
                        ;
                        await MeetAsync(site, act, after, new DiskFault(error, n) { IsLasting = isLasting });
                        n += step
                    )
                        Assert.True(n < 1000, "the faults do not end");
                }
                catch (Exception e) when (e is not OperationCanceledException)
                {
                    throw new InvalidOperationException(
                        $"{operation}, {error}, lasting {isLasting}, call {n}: {e.Message}",
                        e
                    );
                }
            }
        }
    }

    /// <returns>False when the fault was not met.</returns>
    private static async Task<bool> MeetAsync(
        AnomalySite site,
        Func<AnomalySite, SqliteStore, CancellationToken, Task> act,
        string after,
        DiskFault fault
    )
    {
        using var disk = site.Disk(fault.At);
        int failures;
        await using (var store = await site.OpenAsync(disk, Ct))
        {
            disk.Fail(fault);
            var answer = await TryAsync(() => act(site, store, Ct));
            // What the writer does after its answer meets the fault, too.
            await TryAsync(async () => await store.WriteAsync(_ => 0, Ct));
            failures = disk.Failures;
            disk.Heal();
            if (answer is not null)
            {
                Assert.True(failures > 0, "nothing failed: " + answer);
                if (fault.Error == DiskError.NoSpace)
                    Assert.Equal(StoreFault.DiskFull, answer.Fault);
                Assert.Equal(site.Before, await site.TextAsync(store, Ct));
                // A disk that goes on failing cannot be made to forget: then it is all or nothing.
                await AssertKeptAsync(site, disk, fault.At, site.Before, fault.IsLasting ? after : null);
                // The fault is over: the same works now, without reopening.
                await act(site, store, Ct);
            }

            Assert.Equal(after, await site.TextAsync(store, Ct));
            if (Soak.Minutes > 0 || fault.At % 4 == 0)
                await SimulatedSite.AssertWholeAsync(store, Ct);
            after = await site.TextAsync(store, Ct);
        }

        await AssertKeptAsync(site, disk, fault.At + 1, after);
        return failures > 0;
    }

    /// <summary>Whatever a crash now leaves of the disk, it is this. In <c>./test</c> one kind of crash takes turns with the others.</summary>
    private static async Task AssertKeptAsync(
        AnomalySite site,
        SimulatedDisk disk,
        int turn,
        string text,
        string? or = null
    )
    {
        foreach (var loss in Enum.GetValues<Loss>())
        {
            if (Soak.Minutes == 0 && (int)loss != turn % 4)
                continue;
            using var crashed = disk.AfterCrash(loss, new Random(turn));
            await using var store = await site.OpenAsync(crashed, Ct);
            var found = await site.TextAsync(store, Ct);
            if (found != or)
                Assert.Equal(text, found);
            if (Soak.Minutes > 0 || turn % 4 == 3)
                await SimulatedSite.AssertWholeAsync(store, Ct);
        }
    }

    private static async Task<string> AfterAsync(
        AnomalySite site,
        Func<AnomalySite, SqliteStore, CancellationToken, Task> act
    )
    {
        using var disk = site.Disk(0);
        await using var store = await site.OpenAsync(disk, Ct);
        await act(site, store, Ct);
        return await site.TextAsync(store, Ct);
    }

    private static async Task<StoreException?> TryAsync(Func<Task> act)
    {
        try
        {
            await act();
            return null;
        }
        catch (StoreException e)
        {
            return e;
        }
    }
}
