using System.Reflection;
using Postreiter.Storage;
using Postreiter.Storage.Blobs;
using Postreiter.Storage.Mail;

namespace Postreiter.Imap.Tests;

/// <summary>A store whose methods throw what a test says.</summary>
public class FaultyStore : DispatchProxy
{
    private object _inner = null!;
    private Func<string, Exception?> _fault = null!;

    public static IStore Around(IStore store, Func<string, Exception?> fault) => Wrap(store, fault);

    protected override object? Invoke(MethodInfo? targetMethod, object?[]? args)
    {
        Assert.NotNull(targetMethod);
        if (_fault(targetMethod.Name) is { } fault)
            throw fault;
        var result = targetMethod.Invoke(_inner, args);
        return result switch
        {
            IMailStore mail => Wrap(mail, _fault),
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

    private sealed class FaultyWriter(BlobWriter inner, Func<string, Exception?> fault) : BlobWriter
    {
        public override long Length => inner.Length;

        public override ValueTask WriteAsync(ReadOnlyMemory<byte> bytes, CancellationToken ct) =>
            fault(nameof(WriteAsync)) is { } now ? throw now : inner.WriteAsync(bytes, ct);

        public override ValueTask<PendingBlob> CompleteAsync(CancellationToken ct) => inner.CompleteAsync(ct);

        public override ValueTask DisposeAsync() => inner.DisposeAsync();
    }
}
