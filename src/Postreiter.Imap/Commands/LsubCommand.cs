using Postreiter.Imap.Responses;
using Postreiter.Imap.Session;
using Postreiter.Imap.Syntax;

namespace Postreiter.Imap.Commands;

/// <summary>LSUB (RFC 3501 §6.3.9), for clients older than LIST (SUBSCRIBED).</summary>
internal sealed class LsubCommand : IImapCommand
{
    public string Name => "LSUB";

    public ImapStates AllowedIn => ImapStates.LoggedIn;

    public async ValueTask<ImapReply> ExecuteAsync(ImapSession session, ImapReader args, CancellationToken ct)
    {
        if (!args.TrySpace() || !args.TryAstring(out var reference) || !args.TrySpace())
            return ImapReply.Syntax;
        if (!args.TryListMailbox(out var last) || !args.AtEnd)
            return ImapReply.Syntax;
        if (last.Length == 0)
        {
            MailboxResponses.List(session, Name, "\\Noselect", "");
            return ImapReply.Ok("Done");
        }

        if (!ListCommand.TryPatterns(session, reference, [last], out var patterns))
        {
            session.Meet("L24");
            return ImapReply.Bad("Too many wildcards");
        }

        var boxes = await session.Store.Mail.ListMailboxesAsync(session.AccountId, ct);
        var (parents, levels) = (
            new HashSet<string>(StringComparer.Ordinal),
            new HashSet<string>(StringComparer.Ordinal)
        );
        foreach (var box in boxes)
        {
            for (var at = box.Name.LastIndexOf('/'); at > 0; at = box.Name.LastIndexOf('/', at - 1))
            {
                parents.Add(box.Name[..at]);
                // RFC 3501 §6.3.9: "%" shows the levels above a subscribed name that it does not reach itself.
                if (box.IsSubscribed && patterns.Exists(static p => p.EndsWithPercent))
                    levels.Add(box.Name[..at]);
            }
        }

        foreach (var box in boxes)
        {
            var isLevel = !box.IsSubscribed && levels.Contains(box.Name);
            if ((!box.IsSubscribed && !isLevel) || !ListCommand.Matches(patterns, box.Name))
                continue;
            var attributes = isLevel
                ? "\\Noselect"
                : ListCommand.Attributes(box, parents.Contains(box.Name), tellSubscribed: false);
            MailboxResponses.List(session, Name, attributes, box.Name);
            await session.Writer.FlushIfLargeAsync(ct);
        }

        return ImapReply.Ok("Done");
    }
}
