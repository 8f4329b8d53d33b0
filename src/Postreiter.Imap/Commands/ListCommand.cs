using Postreiter.Imap.Responses;
using Postreiter.Imap.Session;
using Postreiter.Imap.Syntax;
using Postreiter.Storage.Mail;

namespace Postreiter.Imap.Commands;

/// <summary>LIST (RFC 9051 §6.3.9), basic and extended, with special uses (RFC 6154 §2) and STATUS (RFC 5819).</summary>
internal sealed class ListCommand : IImapCommand
{
    public string Name => "LIST";

    public ImapStates AllowedIn => ImapStates.LoggedIn;

    public async ValueTask<ImapReply> ExecuteAsync(ImapSession session, ImapReader args, CancellationToken ct)
    {
        if (!ListRequest.TryRead(args, out var request))
            return ImapReply.Syntax;
        if (!request.IsExtended && request.Patterns[0].Length == 0)
        {
            // RFC 9051 §6.3.9: the empty pattern asks for the separator only.
            MailboxResponses.List(session, "LIST", "\\Noselect", "");
            return ImapReply.Ok("Done");
        }

        if (!TryPatterns(session, request.Reference, request.Patterns, out var patterns))
        {
            session.Meet("L24");
            return ImapReply.Bad("Too many wildcards");
        }

        var boxes = await session.Store.Mail.ListMailboxesAsync(session.AccountId, ct);
        var kin = new Kinship(boxes, request.Select, patterns);
        foreach (var box in boxes)
        {
            if (!Matches(patterns, box.Name))
                continue;
            var isSelected = Selects(request.Select, box);
            var (has, untold) = kin.SelectedBelow(box.Name);
            // RFC 9051 §6.3.9.3: others come in only for what lies below them and is not told itself.
            if (!isSelected && !untold)
                continue;
            var attributes = Attributes(request, box, isSelected, kin.HasChildren(box.Name));
            MailboxResponses.List(session, "LIST", attributes, box.Name, has ? "\"CHILDINFO\" (\"SUBSCRIBED\")" : null);
            // RFC 5819 §2: not for those that come in only for what lies below them.
            if (request.Status.Count > 0 && isSelected)
                MailboxResponses.Status(session, box, request.Status);
            await session.Writer.FlushIfLargeAsync(ct);
        }

        return ImapReply.Ok("Done");
    }

    /// <summary>Joins the reference with each pattern.</summary>
    /// <returns>False when one has too many wildcards.</returns>
    internal static bool TryPatterns(
        ImapSession session,
        byte[] reference,
        IReadOnlyList<byte[]> given,
        out List<ListPattern> patterns
    )
    {
        patterns = new List<ListPattern>(given.Count);
        foreach (var pattern in given)
        {
            // RFC 9051 §6.3.9: what is empty, or can be no name, matches nothing and is no error.
            if (pattern.Length == 0 || !MailboxName.TryDecode([.. reference, .. pattern], session, out var text))
                continue;
            if (ListPattern.Create(text) is not { } read)
                return false;
            patterns.Add(read);
        }

        return true;
    }

    internal static bool Matches(List<ListPattern> patterns, string name)
    {
        foreach (var pattern in patterns)
        {
            if (pattern.Matches(name))
                return true;
        }

        return false;
    }

    internal static string Attributes(Mailbox box, bool hasChildren, bool tellSubscribed)
    {
        var attributes = hasChildren ? "\\HasChildren" : "\\HasNoChildren";
        if (tellSubscribed && box.IsSubscribed)
            attributes += " \\Subscribed";
        return box.Use == SpecialUse.None ? attributes : $"{attributes} \\{box.Use}";
    }

    private static string Attributes(ListRequest request, Mailbox box, bool isSelected, bool hasChildren)
    {
        // RFC 9051 §6.3.9.1: selecting by SUBSCRIBED implies telling it.
        var wanted = isSelected ? request.Select | request.Return : request.Return;
        return Attributes(box, hasChildren, wanted.HasFlag(ListOptions.Subscribed));
    }

    private static bool Selects(ListOptions select, Mailbox box) =>
        (!select.HasFlag(ListOptions.Subscribed) || box.IsSubscribed)
        && (!select.HasFlag(ListOptions.SpecialUse) || box.Use != SpecialUse.None);

    /// <summary>What lies below each mailbox.</summary>
    private sealed class Kinship
    {
        private readonly HashSet<string> _parents = new(StringComparer.Ordinal);
        private readonly Dictionary<string, bool> _below = new(StringComparer.Ordinal);

        public Kinship(IReadOnlyList<Mailbox> boxes, ListOptions select, List<ListPattern> patterns)
        {
            var isRecursive = select.HasFlag(ListOptions.RecursiveMatch);
            foreach (var box in boxes)
            {
                var isSelected = isRecursive && Selects(select, box);
                var isUntold = isSelected && !Matches(patterns, box.Name);
                for (var at = box.Name.LastIndexOf('/'); at > 0; at = box.Name.LastIndexOf('/', at - 1))
                {
                    var parent = box.Name[..at];
                    _parents.Add(parent);
                    if (isSelected)
                        _below[parent] = isUntold || _below.GetValueOrDefault(parent);
                }
            }
        }

        public bool HasChildren(string name) => _parents.Contains(name);

        /// <summary>Whether something selected lies below, and whether some of that matches no pattern.</summary>
        public (bool Has, bool Untold) SelectedBelow(string name) =>
            _below.TryGetValue(name, out var untold) ? (true, untold) : (false, false);
    }
}
