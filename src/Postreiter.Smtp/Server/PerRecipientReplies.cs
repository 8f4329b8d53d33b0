using Postreiter.Core;

namespace Postreiter.Smtp.Server;

/// <summary>
/// How the replies of a message's recipients are said. LMTP has one for each (RFC 2033 §4.2); SMTP has one for the message, but for a client
/// that asked at MAIL for more (PRDR, draft-hall-prdr-00): where they differ it is told so by 353, then each of them in the order of RCPT, then one
/// reply to the whole.
/// </summary>
public static class PerRecipientReplies
{
    private static readonly SmtpReply Follow = new(
        353,
        (EnhancedStatus?)null,
        "Recipients differ, a reply for each follows"
    );

    private static readonly SmtpReply SomeTaken = new(250, "2.0.0", "Taken for those who want it");

    private static readonly SmtpReply NoneNow = new(451, "4.7.1", "Taken for none of them now");

    /// <summary>The replies as they go to the client.</summary>
    /// <param name="role">By which door it came.</param>
    /// <param name="replies">One, or one for each accepted recipient.</param>
    public static IReadOnlyList<SmtpReply> ToWire(ListenerRole role, IReadOnlyList<SmtpReply> replies)
    {
        if (role == ListenerRole.Lmtp || replies.Count == 1)
            return replies;
        // A client that asked takes a single reply for all of them too.
        if (replies.All(r => r.ToString() == replies[0].ToString()))
            return [replies[0]];
        // The last one counts for all when it is no yes: nobody is refused by it who is only deferred.
        var whole =
            replies.Any(static r => r.IsPositive) ? SomeTaken
            : replies.Any(static r => r.IsTransient) ? NoneNow
            : replies[0];
        return [Follow, .. replies, whole];
    }
}
