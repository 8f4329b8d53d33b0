using Microsoft.Extensions.Logging;
using Postreiter.Imap.Fetching;
using Postreiter.Imap.Responses;
using Postreiter.Imap.Searching;
using Postreiter.Imap.Session;
using Postreiter.Imap.Syntax;
using Postreiter.Storage;
using Postreiter.Storage.Mail;

namespace Postreiter.Imap.Commands;

/// <summary>SEARCH and UID SEARCH (RFC 9051 §6.4.4, RFC 3501 §6.4.4, RFC 4731, RFC 5182).</summary>
internal sealed partial class SearchCommand(string name, bool byUid) : IImapCommand
{
    public string Name => name;

    public ImapStates AllowedIn => ImapStates.Selected;

    // RFC 9051 §7.5.1.
    public bool MayTellExpunges => byUid;

    public async ValueTask<ImapReply> ExecuteAsync(ImapSession session, ImapReader args, CancellationToken ct)
    {
        if (!SearchReader.TryRead(args, out var request))
            return ImapReply.Syntax;
        // RFC 6855 §3.
        if (request.HasCharset && session.AcceptsUtf8)
            return ImapReply.Bad("CHARSET has no place after ENABLE UTF8=ACCEPT");
        // Clients poll with SEARCH alone: what is new is told first, and found.
        await session.TellChangesAsync(mayExpunge: false, ct);
        if (session.Selected is not { } selected)
            return ImapReply.No("The mailbox is gone", "NONEXISTENT");
        if (!request.IsKnownCharset)
        {
            ForgetOnNo(selected, request);
            return ImapReply.No("That charset is not known", "BADCHARSET (US-ASCII UTF-8)");
        }

        if (!SearchEvaluation.TryCreate(request.Key, selected, out var evaluation))
            return ImapReply.Bad("No such message");
        List<uint> found;
        try
        {
            found = await FindAsync(session, selected, request.Key, evaluation, ct);
        }
        catch
        {
            ForgetOnNo(selected, request);
            throw;
        }

        SearchResponse.Save(selected, request.Return, found);
        await SearchResponse.WriteAsync(session, selected, request.Return, found, byUid, ct);
        return ImapReply.Ok("Done");
    }

    // RFC 9051 §6.4.4.1: a SEARCH with SAVE that ends with NO leaves nothing saved.
    private static void ForgetOnNo(SelectedMailbox selected, SearchRequest request)
    {
        if (request.Return is { } options && options.HasFlag(SearchReturn.Save))
            selected.SavedResult = [];
    }

    private static async ValueTask<List<uint>> FindAsync(
        ImapSession session,
        SelectedMailbox selected,
        SearchKey key,
        SearchEvaluation evaluation,
        CancellationToken ct
    )
    {
        var (found, undecided) = (new List<uint>(), new List<uint>());
        foreach (var entry in selected.Entries)
        {
            if (evaluation.Decide(entry) is not { } decided)
                undecided.Add(entry.Uid);
            else if (decided)
                found.Add(entry.Uid);
        }

        if (undecided.Count == 0)
            return found;
        var content = new ContentSearch(key);
        var damaged = 0;
        await foreach (
            var row in session.Store.Mail.ReadMessagesAsync(selected.Mailbox.Id, UidRange.From(undecided), ct)
        )
        {
            // Flags as the client knows them; changes on the way are told after.
            if (selected.SequenceOf(row.Uid) is not (> 0 and var sequence))
                continue;
            var entry = selected.Entries[sequence - 1];
            try
            {
                if (await PassesAsync(session, evaluation, content, entry, row, ct))
                    found.Add(row.Uid);
            }
            catch (StoreException e) when (e.Fault == StoreFault.DamagedContent)
            {
                LogDamaged(session.Services.Logger, e, session.Connection.Id, selected.Mailbox.Id, row.Uid);
                damaged++;
            }
        }

        // F5: one message that cannot be read does not end every search. RFC 9051 §7.1.2: an untagged NO is a warning.
        if (damaged > 0)
            session.Writer.Status("*", ImapReply.No("A message cannot be read and was left out", "SERVERBUG"));
        found.Sort();
        return found;
    }

    private static async ValueTask<bool> PassesAsync(
        ImapSession session,
        SearchEvaluation evaluation,
        ContentSearch content,
        MessageEntry entry,
        StoredMessage row,
        CancellationToken ct
    )
    {
        var root = StoredTree.Read(row);
        if (evaluation.Decide(entry, new MessageRow(row, root), null) is { } byRow)
            return byRow;
        try
        {
            await using var bytes = new MessageBytes(await session.Store.Mail.OpenAsync(row, ct));
            await bytes.HoldAsync(new ByteRange(0, Math.Min(bytes.Length, MessageBytes.MaxHeld)), ct);
            root ??= await bytes.ScanAsync(session.Services.NewScanner(), row.Prefix.Length, ct);
            var known = new MessageRow(row, root);
            await content.ReadHeaderAsync(bytes, root, row.Prefix.Length, ct);
            if (evaluation.Decide(entry, known, content) is { } byHeader)
                return byHeader;
            await content.ReadTextAsync(bytes, root, row.Prefix.Length, ct);
            return evaluation.Decide(entry, known, content) is true;
        }
        catch (InvalidDataException e)
        {
            throw new StoreException(StoreFault.DamagedContent, e.Message, e);
        }
    }

    [LoggerMessage(
        Level = LogLevel.Error,
        Message = "IMAP {ConnectionId}: message {Uid} of mailbox {MailboxId} cannot be searched"
    )]
    private static partial void LogDamaged(ILogger logger, Exception e, string connectionId, long mailboxId, uint uid);
}
