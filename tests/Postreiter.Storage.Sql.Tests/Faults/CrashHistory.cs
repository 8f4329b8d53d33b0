using Postreiter.Storage.Sql.Sqlite;

namespace Postreiter.Storage.Sql.Tests.Faults;

/// <summary>
/// A history from a seed: several users work on one store, the disk is looked at in the middle of its changes, and each
/// time what a crash there would have left is opened and compared. Some of those crashes happen: the history goes on there.
/// </summary>
internal sealed class CrashHistory(int seed, bool inOrder = true, Func<DiskCall, string, bool>? ignores = null)
{
    private const int Users = 3;
    private const int Lives = 3;
    private const int Rounds = 14;
    private static readonly TimeSpan Undelete = TimeSpan.FromMinutes(20);
    private readonly Random _random = new(seed);
    private readonly Random _crashes = new(~seed);
    private readonly StillTime _time = new();
    private readonly List<Crash> _pending = [];
    private SimulatedUser[] _users = [];
    private long _changes;

    /// <summary>Crashes that were opened again.</summary>
    public int Crashes { get; private set; }

    /// <summary>Runs it; one change in so many is crashed at.</summary>
    public async Task RunAsync(int oneIn, CancellationToken ct)
    {
        _users = [.. Enumerable.Range(0, Users).Select(u => new SimulatedUser(u, Users, new Random(seed + u), _time))];
        var disk = new SimulatedDisk(new Random(seed));
        var steps = new int[Users];
        for (var life = 0; life < Lives; life++)
        {
            // The users know nothing of a crash: what they were answered is what they go by.
            for (var u = 0; u < Users; u++)
                _users[u].Resume(steps[u]);
            disk.Ignores = ignores;
            disk.Changing = d => Consider(d, oneIn);
            var store = await SimulatedSite.OpenAsync(disk, _time, ct, Undelete);
            Crash? next = null;
            try
            {
                await JudgeAsync(ct);
                disk.Changing = null;
                foreach (var user in _users)
                    await user.RepeatAsync(store, ct);
                foreach (var user in _users)
                    await user.BeginAsync(store, ct);
                disk.Changing = d => Consider(d, oneIn);
                for (var round = 0; round < Rounds; round++)
                {
                    await RoundAsync(store, ct);
                    foreach (var user in _users)
                        await user.LookAsync(store, ct);
                    next = Newer(next, await JudgeAsync(ct));
                }
            }
            finally
            {
                await store.DisposeAsync();
            }

            next = Newer(next, await JudgeAsync(ct));
            disk.Changing = null;
            steps = next?.Found ?? [.. _users.Select(u => u.Done)];
            if (next is null)
                continue;
            disk.Dispose();
            disk = next.Disk;
        }

        disk.Dispose();
    }

    private static Crash? Newer(Crash? old, Crash? crash)
    {
        if (crash is not null)
            old?.Disk.Dispose();
        return crash ?? old;
    }

    /// <summary>Everybody does one thing. Not in order, they run as they come, and the collector among them.</summary>
    private async Task RoundAsync(SqliteStore store, CancellationToken ct)
    {
        var turn = _random.Next(4) == 0;
        if (turn)
            _time.Advance(TimeSpan.FromMinutes(_random.Next(90)));
        Task TurnAsync() => turn ? store.WalkAsync(store.Collector.TurnAsync, ct) : Task.CompletedTask;
        if (inOrder)
        {
            await InOrderAsync(store, ct);
            await TurnAsync();
        }
        else
        {
            await Task.WhenAll([TurnAsync(), .. _users.Select(u => Task.Run(() => u.StepAsync(store, ct), ct))]);
        }

        // What the writer does after its answers is done as well.
        await store.WriteAsync(_ => 0, ct);
    }

    // All ask while the writer is busy, so it takes them as one batch in this order, every time.
    private async Task InOrderAsync(SqliteStore store, CancellationToken ct)
    {
        using var started = new SemaphoreSlim(0);
        using var go = new ManualResetEventSlim();
        var busy = store
            .WriteAsync(
                _ =>
                {
                    started.Release();
                    go.Wait(CancellationToken.None);
                    return 0;
                },
                ct,
                alone: true
            )
            .AsTask();
        await started.WaitAsync(ct);
        var tasks = new List<Task> { busy };
        try
        {
            foreach (var user in _users)
                tasks.Add(user.StepAsync(store, ct));
        }
        finally
        {
            go.Set();
        }

        await Task.WhenAll(tasks);
    }

    private void Consider(SimulatedDisk disk, int oneIn)
    {
        _changes++;
        if (_crashes.Next(oneIn) > 0)
            return;
        var loss = (Loss)_crashes.Next(4);
        var after = disk.AfterCrash(loss, new Random(_crashes.Next()));
        _pending.Add(new Crash(after, loss, _changes, [.. _users.Select(u => u.Done)]));
    }

    /// <summary>Opens what the crashes since the last time left.</summary>
    /// <returns>One of them to go on with, perhaps.</returns>
    private async Task<Crash?> JudgeAsync(CancellationToken ct)
    {
        Crash? next = null;
        foreach (var crash in _pending.ToList())
        {
            Crashes++;
            // What is opened and looked at is a copy, if the history is to go on from there.
            var goesOn = next is null && _crashes.Next(8) == 0;
            using var copy = crash.Disk.AfterCrash(Loss.ProcessOnly, new Random(seed));
            try
            {
                await JudgeAsync(crash, copy, ct);
            }
            catch (Exception e) when (e is not OperationCanceledException)
            {
                throw new InvalidOperationException(
                    $"seed {seed}, crash in change {crash.Change} of the disk, which lost {crash.Loss}: {e.Message}",
                    e
                );
            }

            if (goesOn)
                next = crash;
            else
                crash.Disk.Dispose();
        }

        _pending.Clear();
        return next;
    }

    private async Task JudgeAsync(Crash crash, SimulatedDisk disk, CancellationToken ct)
    {
        var time = new StillTime();
        time.Advance(_time.GetUtcNow() - time.GetUtcNow());
        await using var store = await SimulatedSite.OpenAsync(disk, time, ct, Undelete);
        foreach (var user in _users)
        {
            var text = await user.TextAsync(store, ct);
            var answered = crash.Answered[user.Number];
            if (text == user.Seen(answered))
                crash.Found[user.Number] = answered;
            else if (text == user.Seen(answered + 1))
                crash.Found[user.Number] = answered + 1;
            else
                Assert.Fail(
                    $"user {user.Number} had {answered} answers\n--- then\n{user.Seen(answered)}\n--- next\n"
                        + $"{user.Seen(answered + 1)}\n--- found\n{text}"
                );
        }

        await SimulatedSite.AssertWholeAsync(store, ct);
        // The store works on: new mail comes in behind the old, and what nobody needs goes.
        foreach (var user in _users.Where(u => crash.Found[u.Number] > 0 || u.Seen(0)!.Length > 0))
            await user.FileAsync(store, ct);
        time.Advance(TimeSpan.FromHours(2));
        await SimulatedSite.AssertWholeAsync(store, ct);
    }

    /// <summary>A crash that has not been looked at yet.</summary>
    private sealed record Crash(SimulatedDisk Disk, Loss Loss, long Change, int[] Answered)
    {
        /// <summary>How many steps of each user the store knew of afterwards.</summary>
        public int[] Found { get; } = new int[Answered.Length];
    }
}
