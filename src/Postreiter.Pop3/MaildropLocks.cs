using System.Collections.Concurrent;

namespace Postreiter.Pop3;

/// <summary>
/// One session at a time in a mailbox (RFC 1939 §4): which mailboxes are open. It binds POP3 sessions only; IMAP goes on
/// beside them.
/// </summary>
internal sealed class MaildropLocks
{
    private readonly ConcurrentDictionary<long, MaildropLocks> _open = new();

    /// <summary>Takes a mailbox; null when another session has it. Dispose the result to give it back.</summary>
    public IDisposable? TryTake(long mailboxId) => _open.TryAdd(mailboxId, this) ? new Held(this, mailboxId) : null;

    private sealed class Held(MaildropLocks locks, long mailboxId) : IDisposable
    {
        private int _released;

        public void Dispose()
        {
            if (Interlocked.Exchange(ref _released, 1) == 0)
                locks._open.TryRemove(mailboxId, out _);
        }
    }
}
