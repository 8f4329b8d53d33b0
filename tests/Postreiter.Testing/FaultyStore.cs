using System.Diagnostics.CodeAnalysis;
using System.Reflection;
using Postreiter.Storage;
using Postreiter.Storage.Accounts;
using Postreiter.Storage.Blobs;
using Postreiter.Storage.Gate;
using Postreiter.Storage.Learning;
using Postreiter.Storage.Lists;
using Postreiter.Storage.Mail;
using Postreiter.Storage.MailAuth;
using Postreiter.Storage.Quarantine;
using Postreiter.Storage.Queue;

namespace Postreiter.Testing;

/// <summary>A store whose methods throw what a test says; a disk that is full has no space either.</summary>
public class FaultyStore : DispatchProxy
{
    private object _inner = null!;
    private Func<string, Exception?> _fault = null!;

    /// <summary>Wraps a store and its parts.</summary>
    /// <param name="store">Does the work.</param>
    /// <param name="fault">The fault of a method, by its name; null lets it pass.</param>
    public static IStore Around(IStore store, Func<string, Exception?> fault) => Wrap(store, fault);

    /// <inheritdoc/>
    [SuppressMessage("Reliability", "CA2012", Justification = "A proxy gives what it gets, in a box.")]
    protected override object? Invoke(MethodInfo? targetMethod, object?[]? args)
    {
        ArgumentNullException.ThrowIfNull(targetMethod);
        if (targetMethod.Name == "get_" + nameof(IBlobIntake.HasSpace))
            return _fault(nameof(IBlobIntake.Begin)) is not StoreException { Fault: StoreFault.DiskFull };
        if (_fault(targetMethod.Name) is { } fault)
            throw fault;
        var result = targetMethod.Invoke(_inner, args);
        if (result is ValueTask<MessageContent> opening)
            return OpenedAsync(opening.AsTask(), _fault);
        return result switch
        {
            IDirectoryStore directory => Wrap(directory, _fault),
            IMailStore mail => Wrap(mail, _fault),
            IQueueStore queue => Wrap(queue, _fault),
            IMailAuthStore keys => Wrap(keys, _fault),
            IGateStore gate => Wrap(gate, _fault),
            ILearningStore learning => Wrap(learning, _fault),
            IListStore lists => Wrap(lists, _fault),
            IQuarantineStore quarantine => Wrap(quarantine, _fault),
            IBlobIntake blobs => Wrap(blobs, _fault),
            BlobWriter writer => new FaultyWriter(writer, _fault),
            _ => result,
        };
    }

    private static T Wrap<T>(T inner, Func<string, Exception?> fault)
        where T : class
    {
        var proxy = Create<T, FaultyStore>();
        var faulty = (FaultyStore)(object)proxy;
        (faulty._inner, faulty._fault) = (inner, fault);
        return proxy;
    }

    private static async ValueTask<MessageContent> OpenedAsync(
        Task<MessageContent> opened,
        Func<string, Exception?> fault
    ) => new FaultyContent(await opened, fault);

    private sealed class FaultyContent(MessageContent inner, Func<string, Exception?> fault) : MessageContent
    {
        public override long Length => inner.Length;

        public override ValueTask<int> ReadAsync(long offset, Memory<byte> buffer, CancellationToken ct) =>
            fault($"ReadAsync at {offset}") is { } now ? throw now : inner.ReadAsync(offset, buffer, ct);

        public override ValueTask DisposeAsync() => inner.DisposeAsync();
    }

    private sealed class FaultyWriter(BlobWriter inner, Func<string, Exception?> fault) : BlobWriter
    {
        public override long Length => inner.Length;

        public override ValueTask WriteAsync(ReadOnlyMemory<byte> bytes, CancellationToken ct) =>
            fault(nameof(WriteAsync)) is { } now ? throw now : inner.WriteAsync(bytes, ct);

        public override ValueTask<PendingBlob> CompleteAsync(CancellationToken ct) =>
            fault(nameof(CompleteAsync)) is { } now ? throw now : inner.CompleteAsync(ct);

        public override ValueTask DisposeAsync() => inner.DisposeAsync();
    }
}
