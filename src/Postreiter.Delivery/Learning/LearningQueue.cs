using System.Threading.Channels;
using Microsoft.Extensions.Logging;
using Postreiter.Storage.Learning;

namespace Postreiter.Delivery.Learning;

/// <summary>Mails on their way to be learned for the server, in batches, by one worker. What comes when too many wait is not learned.</summary>
/// <param name="store">Learns.</param>
/// <param name="log">Told of faults.</param>
internal sealed partial class LearningQueue(ILearningStore store, ILogger log)
{
    private const int MaxWaiting = 1000;
    private const int BatchMails = 100;

    private readonly Channel<MailToLearn> _waiting = Channel.CreateBounded<MailToLearn>(
        new BoundedChannelOptions(MaxWaiting) { SingleReader = true, FullMode = BoundedChannelFullMode.DropWrite }
    );

    private readonly Lock _lock = new();
    private Task? _work;

    /// <summary>Adds a mail.</summary>
    public void Add(MailToLearn mail)
    {
        lock (_lock)
            _work ??= Task.Run(WorkAsync);
        _waiting.Writer.TryWrite(mail);
    }

    /// <summary>Takes no more, and learns what waits.</summary>
    public async Task CompleteAsync()
    {
        _waiting.Writer.TryComplete();
        if (_work is { } work)
            await work;
    }

    private async Task WorkAsync()
    {
        var batch = new List<MailToLearn>();
        while (await _waiting.Reader.WaitToReadAsync())
        {
            while (batch.Count < BatchMails && _waiting.Reader.TryRead(out var mail))
                batch.Add(mail);
            try
            {
                await store.LearnAsync(ILearningStore.Server, batch, CancellationToken.None);
            }
            // No mail depends on it.
            catch (Exception e)
            {
                LogFault(e, batch.Count);
            }

            batch.Clear();
        }
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "{Count} messages were not learned")]
    private partial void LogFault(Exception e, int count);
}
