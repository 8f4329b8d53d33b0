using Postreiter.Imap.Responses;
using Postreiter.Imap.Session;
using Postreiter.Imap.Syntax;
using Postreiter.Storage.Mail;

namespace Postreiter.Imap.Commands;

/// <summary>LIST and LSUB in the form of RFC 3501 §6.3.8 and §6.3.9, with special uses (RFC 6154 §2).</summary>
internal sealed class ListCommand(string name) : IImapCommand
{
    private const int MaxWildcards = 16;

    public string Name => name;

    public ImapStates AllowedIn => ImapStates.LoggedIn;

    public async ValueTask<ImapReply> ExecuteAsync(ImapSession session, ImapReader args, CancellationToken ct)
    {
        if (!args.TrySpace() || !args.TryAstring(out var reference) || !args.TrySpace())
            return ImapReply.Syntax;
        if (!args.TryListMailbox(out var last) || !args.AtEnd)
            return ImapReply.Syntax;
        if (last.Length == 0)
        {
            // RFC 9051 §6.3.9: the empty pattern asks for the separator only.
            session.Writer.Raw($"* {name} (\\Noselect) \"/\" \"\"\r\n");
            return ImapReply.Ok("Done");
        }

        if (!MailboxName.TryDecode([.. reference, .. last], session, out var pattern))
            return ImapReply.Syntax;
        if (pattern.Count(c => c is '*' or '%') > MaxWildcards)
            return ImapReply.Bad("Too many wildcards");
        var boxes = await session.Store.Mail.ListMailboxesAsync(session.AccountId, ct);
        var parents = boxes.Select(b => b.Name.LastIndexOf('/') is > 0 and var at ? b.Name[..at] : "").ToHashSet();
        foreach (var box in boxes)
        {
            if ((name == "LSUB" && !box.IsSubscribed) || !Matches(box.Name, pattern))
                continue;
            session.Writer.Raw($"* {name} ({(parents.Contains(box.Name) ? "\\HasChildren" : "\\HasNoChildren")}");
            if (box.Use != SpecialUse.None)
                session.Writer.Raw($" \\{box.Use}");
            MailboxName.Write(session.Writer.Raw(") \"/\" "u8), session, box.Name);
            session.Writer.Crlf();
            await session.Writer.FlushIfLargeAsync(ct);
        }

        return ImapReply.Ok("Done");
    }

    /// <summary>Matches a name with "*" (anything) and "%" (no separator) in time name × pattern (L24).</summary>
    internal static bool Matches(string mailbox, string pattern)
    {
        if (mailbox == Mailbox.Inbox)
            pattern = pattern.ToUpperInvariant();
        var at = new bool[pattern.Length + 1];
        at[0] = true;
        Skip(at, pattern);
        foreach (var c in mailbox)
        {
            var next = new bool[pattern.Length + 1];
            for (var i = 0; i < pattern.Length; i++)
            {
                if (!at[i])
                    continue;
                if (pattern[i] == '*' || (pattern[i] == '%' && c != Mailbox.Separator))
                    next[i] = true;
                else if (pattern[i] == c)
                    next[i + 1] = true;
            }

            at = next;
            Skip(at, pattern);
        }

        return at[pattern.Length];
    }

    private static void Skip(bool[] at, string pattern)
    {
        for (var i = 0; i < pattern.Length; i++)
            at[i + 1] |= at[i] && pattern[i] is ('*' or '%');
    }
}
