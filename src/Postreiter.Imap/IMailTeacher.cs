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
}
