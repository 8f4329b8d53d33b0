using Postreiter.Storage.Lists;

namespace Postreiter.Delivery.Lists;

/// <summary>The lists of the site, of a domain or of an account, ready to be asked.</summary>
internal sealed class ListedScope
{
    /// <summary>Nothing.</summary>
    public static readonly ListedScope Empty = new();

    /// <summary>Whose mail is wanted.</summary>
    public SenderList Allow { get; } = new();

    /// <summary>Whose is not.</summary>
    public SenderList Block { get; } = new();

    /// <summary>Points from which mail is spam; null for nothing of its own.</summary>
    public double? Threshold { get; private init; }

    /// <summary>Entries in both.</summary>
    public int Count { get; private set; }

    /// <summary>Makes what the store has ready. What cannot be read is passed over: a later program may know more forms.</summary>
    public static ListedScope Of(ScopeLists stored)
    {
        if (stored.Entries.Count == 0 && stored.Threshold is null)
            return Empty;
        var scope = new ListedScope { Threshold = stored.Threshold };
        foreach (var row in stored.Entries)
        {
            if (SenderEntry.TryRead(row.Text, out var entry, out _))
                scope.Add(row.Kind, entry);
        }

        return scope;
    }

    /// <summary>Adds an entry.</summary>
    public void Add(ListKind kind, SenderEntry entry)
    {
        (kind == ListKind.Allow ? Allow : Block).Add(entry);
        Count++;
    }
}
