using System.Text.Json.Nodes;
using Postreiter.Authentication;
using Postreiter.Core;
using Postreiter.Messages;
using Postreiter.Settings;
using Postreiter.Storage;

namespace Postreiter.Control;

/// <summary>Does what an administrator asks, on an open store.</summary>
/// <param name="store">The store.</param>
/// <param name="folder">Its data folder.</param>
/// <param name="hasher">Derives credentials from passwords.</param>
/// <param name="scanner">Makes the reader of imported messages.</param>
/// <param name="time">The clock.</param>
/// <param name="random">Where delivery ids come from.</param>
/// <param name="owned">Closed together with this; the store and its lock when the command opened them.</param>
internal sealed class StoreControl(
    IStore store,
    DataFolder folder,
    PasswordHasher hasher,
    Func<IMessageScanner> scanner,
    TimeProvider time,
    Random random,
    params IReadOnlyList<IAsyncDisposable> owned
) : IControl
{
    private delegate Task<ControlReply> Handler(StoreControl control, JsonObject arguments, CancellationToken ct);

    private static readonly Dictionary<string, Handler> Handlers = new(StringComparer.Ordinal)
    {
        [ControlVerbs.DomainAdd] = static (c, a, ct) => DirectoryVerbs.AddDomainAsync(c.Store, a, c.Time, ct),
        [ControlVerbs.DomainList] = static (c, _, ct) => DirectoryVerbs.ListDomainsAsync(c.Store.Directory, ct),
        [ControlVerbs.DomainRemove] = static (c, a, ct) => DirectoryVerbs.RemoveDomainAsync(c.Store.Directory, a, ct),
        [ControlVerbs.AccountAdd] = static (c, a, ct) => AccountVerbs.AddAsync(c.Store.Directory, c.Hasher, a, ct),
        [ControlVerbs.AccountList] = static (c, _, ct) => AccountVerbs.ListAsync(c.Store.Directory, ct),
        [ControlVerbs.AccountRemove] = static (c, a, ct) => AccountVerbs.RemoveAsync(c.Store.Directory, a, ct),
        [ControlVerbs.AccountPassword] = static (c, a, ct) =>
            AccountVerbs.SetPasswordAsync(c.Store.Directory, c.Hasher, a, ct),
        [ControlVerbs.AccountQuota] = static (c, a, ct) => AccountVerbs.SetQuotaAsync(c.Store.Directory, a, ct),
        [ControlVerbs.AliasAdd] = static (c, a, ct) => DirectoryVerbs.AddAliasAsync(c.Store.Directory, a, ct),
        [ControlVerbs.AliasList] = static (c, _, ct) => DirectoryVerbs.ListAliasesAsync(c.Store.Directory, ct),
        [ControlVerbs.AliasRemove] = static (c, a, ct) => DirectoryVerbs.RemoveAliasAsync(c.Store.Directory, a, ct),
        [ControlVerbs.DkimList] = static (c, a, ct) => DkimVerbs.ListAsync(c.Store, a, ct),
        [ControlVerbs.DkimAdd] = static (c, a, ct) => DkimVerbs.AddAsync(c.Store, a, c.Time, ct),
        [ControlVerbs.DkimActivate] = static (c, a, ct) => DkimVerbs.ActivateAsync(c.Store, a, c.Time, ct),
        [ControlVerbs.DkimRemove] = static (c, a, ct) => DkimVerbs.RemoveAsync(c.Store, a, ct),
        [ControlVerbs.DmarcSums] = static (c, a, ct) => DmarcVerbs.SumAsync(c.Store, a, c.Time, ct),
        [ControlVerbs.QuarantineList] = static (c, a, ct) => QuarantineVerbs.ListAsync(c.Store, a, ct),
        [ControlVerbs.QuarantineShow] = static (c, a, ct) => QuarantineVerbs.ShowAsync(c.Store, a, ct),
        [ControlVerbs.QuarantineRelease] = static (c, a, ct) => QuarantineVerbs.ReleaseAsync(c.Store, a, c.Time, ct),
        [ControlVerbs.QuarantineDelete] = static (c, a, ct) => QuarantineVerbs.DeleteAsync(c.Store, a, ct),
        [ControlVerbs.RulesReload] = static (c, _, _) => Task.FromResult(c.ReloadRules()),
        [ControlVerbs.GreylistList] = static (c, a, ct) =>
            c.InStepAsync(() => GreylistVerbs.ListAsync(c.Store, a, ct), ct),
        [ControlVerbs.GreylistAdd] = static (c, a, ct) =>
            c.InStepAsync(() => GreylistVerbs.AddAsync(c.Store, a, c.Time, ct), ct),
        [ControlVerbs.GreylistRemove] = static (c, a, ct) =>
            c.InStepAsync(() => GreylistVerbs.RemoveAsync(c.Store, a, c.Time, ct), ct),
        [ControlVerbs.ListAdd] = static (c, a, ct) => ListVerbs.AddAsync(c.Store.Lists, a, c.Time, ct),
        [ControlVerbs.ListRemove] = static (c, a, ct) => ListVerbs.RemoveAsync(c.Store.Lists, a, ct),
        [ControlVerbs.ListShow] = static (c, a, ct) => ListVerbs.ShowAsync(c.Store, a, ct),
        [ControlVerbs.ListThreshold] = static (c, a, ct) => ListVerbs.ThresholdAsync(c.Store, a, ct),
        [ControlVerbs.TraceFind] = static (c, a, ct) => c.InStepAsync(() => TraceVerbs.FindAsync(c.Store, a, ct), ct),
        [ControlVerbs.QueueList] = static (c, a, ct) => QueueVerbs.ListAsync(c.Store.Queue, a, ct),
        [ControlVerbs.QueueShow] = static (c, a, ct) => QueueVerbs.ShowAsync(c.Store.Queue, a, ct),
        [ControlVerbs.QueueAct] = static (c, a, ct) =>
            QueueVerbs.ActAsync(c.Store.Queue, a, c.Time, c.OnQueueRetry, ct),
        [ControlVerbs.MailAccount] = static (c, a, ct) => MailVerbs.FindAccountAsync(c.Store, a, ct),
        [ControlVerbs.MailList] = static (c, a, ct) => MailVerbs.ListAsync(c.Store, a, ct),
        [ControlVerbs.MailStored] = static (c, a, ct) => StoredVerbs.PageAsync(c.Store, a, ct),
        [ControlVerbs.MailFind] = static (c, a, ct) => c.InStepAsync(() => StoredVerbs.FindAsync(c.Store, a, ct), ct),
        [ControlVerbs.MailKept] = static (c, a, ct) => UndeleteVerbs.ListAsync(c.Store, a, ct),
        [ControlVerbs.MailUndelete] = static (c, a, ct) => UndeleteVerbs.UndeleteAsync(c.Store, a, ct),
        [ControlVerbs.StoreCheck] = static (c, a, ct) => StoreVerbs.CheckAsync(c.Store, c._progress, a, ct),
        [ControlVerbs.StoreCompact] = static (c, _, ct) => StoreVerbs.CompactAsync(c.Store, c._progress, ct),
        [ControlVerbs.StoreBackup] = static (c, a, ct) => StoreVerbs.BackupAsync(c.Store, c._progress, a, ct),
        [ControlVerbs.StoreProgress] = static (c, _, _) => Task.FromResult(ControlReply.Done(c._progress.Row())),
        [ControlVerbs.SpamLearn] = static (c, a, ct) => LearningVerbs.LearnAsync(c.Store, a, ct),
        [ControlVerbs.SpamLearned] = static (c, a, ct) => LearningVerbs.SumAsync(c.Store, a, c.Time, ct),
        [ControlVerbs.SpamBackup] = static (c, a, ct) => LearningVerbs.BackupAsync(c.Store, c._exchange, a, c.Time, ct),
        [ControlVerbs.SpamRestore] = static (c, a, ct) =>
            LearningVerbs.RestoreAsync(c.Store, c._exchange, a, c.Time, ct),
        [ControlVerbs.SpamClear] = static (c, a, ct) => LearningVerbs.ClearAsync(c.Store, a, ct),
        [ControlVerbs.SpamExpire] = static (c, a, ct) => LearningVerbs.ExpireAsync(c.Store, a, c.Time, ct),
    };

    private readonly StoreProgress _progress = new();
    private readonly ExchangeFolder _exchange = folder.Exchange;

    /// <summary>Told before items are made due by hand; the running queue then asks its destinations anew. Null without one.</summary>
    public Action? OnQueueRetry { get; init; }

    /// <summary>Reads the spam rules again; null where none are in force.</summary>
    public Action? OnRulesReload { get; init; }

    /// <summary>
    /// Called before and after what concerns the gate: the running server saves what it has in memory only, and takes over what was changed.
    /// Null without one.
    /// </summary>
    public Func<CancellationToken, Task>? SyncGate { get; init; }

    private IStore Store => store;

    private PasswordHasher Hasher => hasher;

    private TimeProvider Time => time;

    /// <inheritdoc/>
    public async Task<ControlReply> CallAsync(string verb, JsonObject arguments, CancellationToken ct)
    {
        if (!Handlers.TryGetValue(verb, out var handler))
            return ControlReply.Usage($"this server does not know {verb}; it may be older than the command");
        try
        {
            return await handler(this, arguments, ct);
        }
        catch (BadArgumentException e)
        {
            return ControlReply.Usage(e.Message);
        }
    }

    private async Task<ControlReply> InStepAsync(Func<Task<ControlReply>> work, CancellationToken ct)
    {
        if (SyncGate is not { } sync)
            return await work();
        await sync(ct);
        var reply = await work();
        await sync(ct);
        return reply;
    }

    /// <inheritdoc/>
    public async Task<ControlReply> AppendAsync(
        AppendTarget target,
        ReadOnlyMemory<byte> message,
        CancellationToken ct
    ) =>
        await MailVerbs.AppendAsync(
            store,
            scanner(),
            target,
            message,
            TraceId.Create(time.GetUtcNow(), random),
            time.GetUtcNow(),
            ct
        );

    /// <inheritdoc/>
    public Task<bool> CopyMessageAsync(string account, string mailbox, uint uid, Stream to, CancellationToken ct) =>
        MailVerbs.CopyAsync(store, account, mailbox, uid, to, ct);

    private ControlReply ReloadRules()
    {
        OnRulesReload?.Invoke();
        return ControlReply.Done();
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        foreach (var part in owned)
            await part.DisposeAsync();
    }
}
