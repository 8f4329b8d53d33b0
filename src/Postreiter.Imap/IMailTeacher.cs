using Postreiter.Core;
using Postreiter.Storage.Mail;

namespace Postreiter.Imap;

/// <summary>Hears what users say of their mail by what they do with it: into Junk with it, or out again.</summary>
public interface IMailTeacher
{
    /// <summary>A user has judged messages. Returns at once; what follows from it comes later, and its faults are no session's.</summary>
    /// <param name="accountId">Whose they are.</param>
    /// <param name="mailboxId">Where they are now.</param>
    /// <param name="uids">Which.</param>
    /// <param name="isSpam">Whether they are spam.</param>
    void Judge(long accountId, long mailboxId, IReadOnlyList<UidRange> uids, bool isSpam);

    /// <summary>A user has put messages into a mailbox: moved or copied them there, or appended new ones. Returns at once.</summary>
    /// <param name="account">Whose they are.</param>
    /// <param name="from">The name of the mailbox where they were; null for new ones.</param>
    /// <param name="to">Where they are now.</param>
    /// <param name="uids">Which.</param>
    void Put(EmailAddress account, string? from, Mailbox to, IReadOnlyList<UidRange> uids);
}
