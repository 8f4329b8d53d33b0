namespace Postreiter.Imap.Syntax;

/// <summary>Items of STATUS (RFC 9051 §6.3.11).</summary>
internal enum StatusItem
{
    Messages,
    UidNext,
    UidValidity,
    Unseen,
    Deleted,
    Size,

    /// <summary>RFC 3501 §6.3.10; always 0.</summary>
    Recent,
}

/// <summary>Reads <c>"(" status-att *(SP status-att) ")"</c>.</summary>
internal static class StatusItems
{
    private const int MaxItems = 20;

    /// <summary>Adds the items to a list, each once.</summary>
    public static bool TryRead(ImapReader args, List<StatusItem> items)
    {
        if (!args.TryOpen())
            return false;
        var count = 0;
        do
        {
            if (count++ == MaxItems || !args.TryAtom(out var name) || Find(name) is not { } item)
                return false;
            if (!items.Contains(item))
                items.Add(item);
        } while (args.TrySpace());
        return args.TryClose();
    }

    private static StatusItem? Find(string name) =>
        name.ToUpperInvariant() switch
        {
            "MESSAGES" => StatusItem.Messages,
            "UIDNEXT" => StatusItem.UidNext,
            "UIDVALIDITY" => StatusItem.UidValidity,
            "UNSEEN" => StatusItem.Unseen,
            "DELETED" => StatusItem.Deleted,
            "SIZE" => StatusItem.Size,
            "RECENT" => StatusItem.Recent,
            _ => null,
        };
}
