using Microsoft.Extensions.Logging;
using Postreiter.Messages;
using Postreiter.Net;
using Postreiter.Net.Sasl;
using Postreiter.Storage;

namespace Postreiter.Imap.Session;

/// <summary>What all sessions share.</summary>
internal sealed record ImapServices(
    ImapOptions Options,
    IAuthenticator Authenticator,
    SaslServer Sasl,
    IStore Store,
    RecentMailboxes Recent,
    Func<IMessageScanner> NewScanner,
    TimeProvider Time,
    Random Random,
    ILogger Logger,
    IMailTeacher? Teacher
);
