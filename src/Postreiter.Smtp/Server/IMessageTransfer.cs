using Postreiter.Core;

namespace Postreiter.Smtp.Server;

/// <summary>Takes message bytes from the input until the message or the chunk is whole.</summary>
internal interface IMessageTransfer
{
    /// <summary>Does it.</summary>
    /// <returns>The replies, in order; one that closes the connection is the last.</returns>
    ValueTask<IReadOnlyList<SmtpReply>> RunAsync();
}
