using Postreiter.Spam.Results;
using Postreiter.Spam.Scanning;

namespace Postreiter.Spam.Tests.Scanning;

public sealed class GatedScannerTests
{
    private static readonly ScannedMail Nothing = new(new SpamVerdict { Points = 0, Required = 5 }, new MarkSettings());

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task No_more_scans_run_than_there_are_places()
    {
        using var scanner = new GatedScanner(places: 2);
        var (running, most) = (0, 0);
        using var both = new Barrier(2);
        scanner.Use(_ =>
        {
            InterlockedMax(ref most, Interlocked.Increment(ref running));
            // Two at a time, and never fewer: the number of mails is even.
            both.SignalAndWait(Ct);
            Interlocked.Decrement(ref running);
            return Nothing;
        });
        var mails = Enumerable.Range(0, 40).Select(_ => scanner.ScanAsync(new byte[1], Ct).AsTask());
        Assert.All(await Task.WhenAll(mails), Assert.NotNull);
        Assert.Equal(2, most);
    }

    [Fact]
    public async Task A_scan_that_nobody_waits_for_keeps_its_place_until_it_is_through()
    {
        using var scanner = new GatedScanner(places: 1);
        using var end = new SemaphoreSlim(0);
        using var begun = new SemaphoreSlim(0);
        scanner.Use(_ =>
        {
            begun.Release();
            end.Wait(Ct);
            return Nothing;
        });
        using var stop = new CancellationTokenSource();
        var first = scanner.ScanAsync(new byte[1], stop.Token).AsTask();
        await begun.WaitAsync(Ct);
        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => first);
        var second = scanner.ScanAsync(new byte[1], Ct).AsTask();
        Assert.False(begun.Wait(0, Ct));
        Assert.False(second.IsCompleted);
        end.Release(2);
        Assert.NotNull(await second);
    }

    [Fact]
    public async Task A_scan_that_waits_for_the_network_leaves_its_place_to_others()
    {
        using var scanner = new GatedScanner(places: 1);
        var answer = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        scanner.UseWaiting(
            async (mail, ct) =>
            {
                if (mail.Length == 1)
                    await answer.Task.WaitAsync(ct);
                return Nothing;
            }
        );
        var waiting = Enumerable.Range(0, 10).Select(_ => scanner.ScanAsync(new byte[1], Ct).AsTask()).ToList();
        Assert.NotNull(await scanner.ScanAsync(new byte[2], Ct));
        Assert.All(waiting, one => Assert.False(one.IsCompleted));
        using var stop = new CancellationTokenSource();
        var left = scanner.ScanAsync(new byte[1], stop.Token).AsTask();
        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => left);
        answer.SetResult();
        Assert.All(await Task.WhenAll(waiting), Assert.NotNull);
    }

    [Fact]
    public async Task A_wait_for_a_place_ends_with_its_caller()
    {
        using var scanner = new GatedScanner(places: 1);
        using var end = new SemaphoreSlim(0);
        scanner.Use(_ =>
        {
            end.Wait(Ct);
            return Nothing;
        });
        var first = scanner.ScanAsync(new byte[1], Ct).AsTask();
        using var stop = new CancellationTokenSource();
        var second = scanner.ScanAsync(new byte[1], stop.Token).AsTask();
        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => second);
        end.Release();
        Assert.NotNull(await first);
    }

    [Fact]
    public async Task A_fault_of_the_engine_frees_the_place()
    {
        using var scanner = new GatedScanner(places: 1);
        scanner.Use(_ => throw new InvalidOperationException("broken"));
        for (var i = 0; i < 3; i++)
        {
            await Assert.ThrowsAsync<InvalidOperationException>(() => scanner.ScanAsync(new byte[1], Ct).AsTask());
        }

        scanner.Use(_ => Nothing);
        Assert.NotNull(await scanner.ScanAsync(new byte[1], Ct));
    }

    [Fact]
    public async Task Engines_change_while_scans_run_and_none_means_none()
    {
        using var scanner = new GatedScanner(places: 2);
        Assert.Null(await scanner.ScanAsync(new byte[1], Ct));
        Assert.False(scanner.HasEngine);
        using var end = new SemaphoreSlim(0);
        using var begun = new SemaphoreSlim(0);
        scanner.Use(_ =>
        {
            begun.Release();
            end.Wait(Ct);
            return Nothing with
            {
                Verdict = new SpamVerdict { Points = 1, Required = 5 },
            };
        });
        var old = scanner.ScanAsync(new byte[1], Ct).AsTask();
        await begun.WaitAsync(Ct);
        scanner.Use(_ =>
            Nothing with
            {
                Verdict = new SpamVerdict { Points = 2, Required = 5 },
            }
        );
        Assert.Equal(2, (await scanner.ScanAsync(new byte[1], Ct))!.Verdict.Points);
        end.Release();
        Assert.Equal(1, (await old)!.Verdict.Points);
        scanner.Use(null);
        Assert.Null(await scanner.ScanAsync(new byte[1], Ct));
    }

    [Fact]
    public async Task Only_so_much_of_a_mail_is_given_to_the_engine_and_the_result_says_so()
    {
        using var scanner = new GatedScanner { MaxBytes = 10 };
        var given = 0;
        scanner.Use(mail =>
        {
            given = mail.Length;
            return Nothing;
        });
        Assert.False((await scanner.ScanAsync(new byte[10], Ct))!.IsPartial);
        Assert.True((await scanner.ScanAsync(new byte[11], Ct))!.IsPartial);
        Assert.Equal(10, given);
    }

    private static void InterlockedMax(ref int target, int value)
    {
        for (var seen = target; seen < value; )
        {
            var before = Interlocked.CompareExchange(ref target, value, seen);
            if (before == seen)
                return;
            seen = before;
        }
    }
}
