using Postreiter.Imap.Responses;
using Postreiter.Imap.Session;
using Postreiter.Imap.Syntax;

namespace Postreiter.Imap.Commands;

/// <summary>The states of RFC 9051 §3.</summary>
[Flags]
internal enum ImapStates
{
    NotAuthenticated = 1,
    Authenticated = 2,
    Selected = 4,
    LoggedIn = Authenticated | Selected,
    Any = NotAuthenticated | LoggedIn,
}

/// <summary>One command. It writes its untagged responses to the session's writer and gives the tagged one back.</summary>
internal interface IImapCommand
{
    /// <summary>Its name in capitals; the UID forms are <c>UID FETCH</c> and so on.</summary>
    string Name { get; }

    /// <summary>Where it may be given; the session checks.</summary>
    ImapStates AllowedIn { get; }

    /// <summary>Whether untagged EXPUNGE may follow it: not after FETCH, STORE and SEARCH (RFC 9051 §7.5.1).</summary>
    bool MayTellExpunges => true;

    /// <summary>Reads the arguments (the reader stands behind the name, before the space) and runs.</summary>
    ValueTask<ImapReply> ExecuteAsync(ImapSession session, ImapReader args, CancellationToken ct);
}
