using Microsoft.Extensions.Logging;
using Postreiter.Core;
using Postreiter.Dns;
using Postreiter.Storage;
using Postreiter.Storage.MailAuth;

namespace Postreiter.Delivery.Authentication;

/// <summary>How long keys live; section <c>dkim</c> of the settings.</summary>
public sealed record DkimRotationOptions
{
    /// <summary>After how long a key in use gets a successor; zero, the default, never by itself.</summary>
    public TimeSpan RotateAfter { get; init; }

    /// <summary>How long a retired key is kept, and its record should stay in the DNS. Default 7 days.</summary>
    public TimeSpan Grace { get; init; } = TimeSpan.FromDays(7);
}

/// <summary>
/// Leads keys through their life: a new one is only shown until it is seen in the DNS, then it signs, and the one before it is
/// kept for its grace time, for mail that it signed is still under way.
/// </summary>
/// <param name="store">Keeps the keys.</param>
/// <param name="dns">Where they are looked for.</param>
/// <param name="time">The clock.</param>
/// <param name="log">Told of each step.</param>
public sealed partial class DkimRotation(IStore store, IDnsResolver dns, TimeProvider time, ILogger<DkimRotation> log)
    : IDisposable
{
    private static readonly TimeSpan WhileWaiting = TimeSpan.FromMinutes(5);
    private static readonly TimeSpan Otherwise = TimeSpan.FromHours(1);

    private readonly ChangeSubscription _changes = store.Changes.SubscribeToDirectory();

    /// <summary>May change at any time.</summary>
    public DkimRotationOptions Options { get; set; } = new();

    /// <summary>Looks every 5 minutes while a key waits to be seen, otherwise every hour, until stopped.</summary>
    public async Task RunAsync(CancellationToken ct)
    {
        while (!ct.IsCancellationRequested)
        {
            var isWaiting = true;
            try
            {
                isWaiting = await RunOnceAsync(ct);
            }
            catch (StoreException e)
            {
                LogFault(e);
            }
            catch (OperationCanceledException) when (ct.IsCancellationRequested)
            {
                return;
            }

            using var nap = CancellationTokenSource.CreateLinkedTokenSource(ct);
            // A domain that was just added has keys to look for.
            await Task.WhenAny(
                _changes.WaitAsync(nap.Token).AsTask(),
                Task.Delay(isWaiting ? WhileWaiting : Otherwise, time, nap.Token)
            );
            await nap.CancelAsync();
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _changes.Dispose();

    /// <summary>One look at every key.</summary>
    /// <returns>Whether one waits to be seen.</returns>
    /// <exception cref="StoreException">The store failed.</exception>
    public async Task<bool> RunOnceAsync(CancellationToken ct)
    {
        var keys = await store.MailAuth.ListDkimKeysAsync(ct);
        var (now, isWaiting) = (time.GetUtcNow(), false);
        foreach (var key in keys)
        {
            switch (key.State)
            {
                case DkimKeyState.Published when await IsSeenAsync(key, ct):
                    if (await store.MailAuth.ActivateDkimKeyAsync(key.Domain, key.Selector, now, ct))
                        LogActive(key.Selector, key.Domain);
                    break;
                case DkimKeyState.Published:
                    isWaiting = true;
                    break;
                case DkimKeyState.Active when IsOld(key, now) && !HasSuccessor(keys, key):
                    if (await DkimKeyMaker.AddAsync(store, key.Domain, key.Algorithm, null, now, ct) is { } next)
                        LogNew(next.Selector, next.Domain);
                    isWaiting = true;
                    break;
                case DkimKeyState.Retired when key.Retired + Options.Grace <= now:
                    if (await store.MailAuth.RemoveDkimKeyAsync(key.Domain, key.Selector, ct))
                        LogGone(key.Selector, key.Domain);
                    break;
                default:
                    break;
            }
        }

        return isWaiting;
    }

    private bool IsOld(DkimKeyRecord key, DateTimeOffset now) =>
        Options.RotateAfter > TimeSpan.Zero && key.Activated + Options.RotateAfter <= now;

    private static bool HasSuccessor(IReadOnlyList<DkimKeyRecord> keys, DkimKeyRecord key) =>
        keys.Any(k => k.Domain == key.Domain && k.Algorithm == key.Algorithm && k.State == DkimKeyState.Published);

    private async Task<bool> IsSeenAsync(DkimKeyRecord key, CancellationToken ct)
    {
        var answer = await dns.ResolveTxtAsync(DkimKeyMaker.TxtName(key.Domain, key.Selector), ct);
        return answer.Records is [var found] && DkimKeyMaker.WhatIsWrong(found, DkimKeyMaker.TxtRecord(key)) is null;
    }

    [LoggerMessage(
        Level = LogLevel.Information,
        Message = "The DKIM key {Selector} of {Domain} is seen in the DNS: it signs"
    )]
    private partial void LogActive(string selector, DomainName domain);

    [LoggerMessage(
        Level = LogLevel.Warning,
        Message = "There is a new DKIM key {Selector} of {Domain}; it waits for its record: postreiter dns show {Domain}"
    )]
    private partial void LogNew(string selector, DomainName domain);

    [LoggerMessage(
        Level = LogLevel.Information,
        Message = "The DKIM key {Selector} of {Domain} is gone after its grace time; its record can go too"
    )]
    private partial void LogGone(string selector, DomainName domain);

    [LoggerMessage(Level = LogLevel.Error, Message = "The DKIM keys cannot be looked after")]
    private partial void LogFault(StoreException e);
}
