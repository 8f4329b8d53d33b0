using Postreiter.Imap.Session;
using Postreiter.Imap.Syntax;
using Postreiter.Storage.Mail;

namespace Postreiter.Imap.Responses;

/// <summary>Writes SEARCH (RFC 3501 §7.2.5) and ESEARCH (RFC 9051 §7.3.4), and keeps <c>$</c>.</summary>
internal static class SearchResponse
{
    /// <summary>Keeps what SAVE asks for (RFC 9051 §6.4.4.1, table 4).</summary>
    public static void Save(SelectedMailbox selected, SearchReturn? wanted, List<uint> found)
    {
        if (wanted is not { } options || !options.HasFlag(SearchReturn.Save))
            return;
        IEnumerable<uint> saved = (options & ~SearchReturn.Save) switch
        {
            SearchReturn.Min => found.Take(1),
            SearchReturn.Max => found.TakeLast(1),
            SearchReturn.Min | SearchReturn.Max when found.Count > 1 => [found[0], found[^1]],
            _ => found,
        };
        selected.SavedResult = UidRange.From(saved);
    }

    /// <summary>Writes the response.</summary>
    /// <param name="session">To whom.</param>
    /// <param name="selected">The mailbox.</param>
    /// <param name="wanted">RETURN's options; null when there was none.</param>
    /// <param name="found">UIDs, ascending.</param>
    /// <param name="byUid">Whether UIDs are shown, or sequence numbers.</param>
    /// <param name="ct">Cancels the wait.</param>
    public static async ValueTask WriteAsync(
        ImapSession session,
        SelectedMailbox selected,
        SearchReturn? wanted,
        List<uint> found,
        bool byUid,
        CancellationToken ct
    )
    {
        var writer = session.Writer;
        // RFC 9051 §6.4.4: SAVE alone is silent.
        if (wanted == SearchReturn.Save)
            return;
        if (wanted is null && !session.IsRev2)
        {
            writer.Raw("* SEARCH"u8);
            foreach (var uid in found)
            {
                writer.Raw(" "u8).Number(Shown(uid));
                await writer.FlushIfLargeAsync(ct);
            }

            writer.Crlf();
            return;
        }

        var options = wanted ?? SearchReturn.All;
        writer.Raw("* ESEARCH (TAG \""u8).Raw(session.Tag).Raw("\")"u8).Raw(byUid ? " UID"u8 : ""u8);
        if (options.HasFlag(SearchReturn.Min) && found.Count > 0)
            writer.Raw(" MIN "u8).Number(Shown(found[0]));
        if (options.HasFlag(SearchReturn.Max) && found.Count > 0)
            writer.Raw(" MAX "u8).Number(Shown(found[^1]));
        if (options.HasFlag(SearchReturn.Count))
            writer.Raw(" COUNT "u8).Number(found.Count);
        if (options.HasFlag(SearchReturn.All) && found.Count > 0)
        {
            var isFirst = true;
            foreach (var range in UidRange.From(found.Select(uid => (uint)Shown(uid))))
            {
                writer.Raw(isFirst ? " ALL "u8 : ","u8).Number(range.First);
                if (range.Last > range.First)
                    writer.Raw(":"u8).Number(range.Last);
                isFirst = false;
                await writer.FlushIfLargeAsync(ct);
            }
        }

        writer.Crlf();

        long Shown(uint uid) => byUid ? uid : selected.SequenceOf(uid);
    }
}
