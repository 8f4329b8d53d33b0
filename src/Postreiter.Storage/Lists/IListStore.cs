namespace Postreiter.Storage.Lists;

/// <summary>
/// Allow and block lists of senders, and from how many points on mail is spam: for the site, for one of its domains, or for an account.
/// What an entry means is not known here.
/// </summary>
/// <remarks>
/// A scope is named by <see cref="Site"/>, by a domain's name, or by an account's <see cref="Core.EmailAddress.Key"/>. It goes with its domain or
/// account. Each change is told by <see cref="IChangeFeed.SubscribeToLists"/>, and gives its scope a version that is higher than all before.
/// </remarks>
public interface IListStore
{
    /// <summary>The scope of everybody's mail.</summary>
    const string Site = "";

    /// <summary>Most entries of an account: 1,000.</summary>
    const int MostOfAccount = 1_000;

    /// <summary>Most entries of a domain: 10,000.</summary>
    const int MostOfDomain = 10_000;

    /// <summary>Most entries of the site: 100,000.</summary>
    const int MostOfSite = 100_000;

    /// <summary>Longest entry in characters; longer ones are <see cref="ListChange.TooLong"/>.</summary>
    const int MaxEntryLength = 400;

    /// <summary>Most entries of a scope.</summary>
    static int Most(string scope)
    {
        ArgumentNullException.ThrowIfNull(scope);
        return scope.Length == 0 ? MostOfSite
            : scope.Contains('@', StringComparison.Ordinal) ? MostOfAccount
            : MostOfDomain;
    }

    /// <summary>What a scope has; entries in ordinal order. An unknown scope has nothing.</summary>
    ValueTask<ScopeLists> ReadAsync(string scope, CancellationToken ct);

    /// <summary>Scopes that have entries or a threshold, in ordinal order.</summary>
    ValueTask<IReadOnlyList<string>> ListScopesAsync(CancellationToken ct);

    /// <summary>Scopes that were changed after a version, in the order of their last change, at most <paramref name="limit"/>.</summary>
    ValueTask<IReadOnlyList<(string Scope, long Version)>> ListChangesAsync(
        long afterVersion,
        int limit,
        CancellationToken ct
    );

    /// <summary>
    /// Adds entries, in one unit of work. An entry is on one list: what was on the other moves. Where the scope is full, an entry that a user
    /// moved takes the place of the oldest such one; else it is not added.
    /// </summary>
    /// <param name="scope">Whose list.</param>
    /// <param name="entries">The entries.</param>
    /// <param name="ct">Stops before the work begins.</param>
    /// <returns>What became of each.</returns>
    ValueTask<IReadOnlyList<ListChange>> AddAsync(string scope, IReadOnlyList<ListEntry> entries, CancellationToken ct);

    /// <summary>Removes entries, in one unit of work.</summary>
    /// <param name="scope">Whose list.</param>
    /// <param name="kind">Which list.</param>
    /// <param name="texts">The entries.</param>
    /// <param name="onlyMoved">Only those that a user had moved there.</param>
    /// <param name="ct">Stops before the work begins.</param>
    /// <returns>Whether each was there.</returns>
    ValueTask<IReadOnlyList<bool>> RemoveAsync(
        string scope,
        ListKind kind,
        IReadOnlyList<string> texts,
        bool onlyMoved,
        CancellationToken ct
    );

    /// <summary>Says from how many points on mail is spam; null for nothing of its own.</summary>
    /// <returns>False where there is no such scope.</returns>
    ValueTask<bool> SetThresholdAsync(string scope, double? threshold, CancellationToken ct);
}

/// <summary>Which list an entry is on.</summary>
public enum ListKind
{
    /// <summary>Its mail is wanted.</summary>
    Allow,

    /// <summary>It is not.</summary>
    Block,
}

/// <summary>How an entry came.</summary>
public enum ListOrigin
{
    /// <summary>By a command.</summary>
    Command,

    /// <summary>A user moved a mail of that sender.</summary>
    Move,
}

/// <summary>What became of an entry that was to be added.</summary>
public enum ListChange
{
    /// <summary>It is new.</summary>
    Added,

    /// <summary>It was on the other list.</summary>
    Moved,

    /// <summary>It was there.</summary>
    Same,

    /// <summary>The scope has as many entries as it may; nothing was changed.</summary>
    Full,

    /// <summary>It is longer than an entry may be; nothing was changed.</summary>
    TooLong,

    /// <summary>There is no such domain or account; nothing was changed.</summary>
    NoScope,
}

/// <summary>An entry.</summary>
/// <param name="Text">As it was written, in its comparable form.</param>
/// <param name="Kind">Which list.</param>
/// <param name="Origin">How it came.</param>
/// <param name="Added">When; whole seconds.</param>
public sealed record ListEntry(string Text, ListKind Kind, ListOrigin Origin, DateTimeOffset Added);

/// <summary>What a scope has.</summary>
/// <param name="Scope">Its name.</param>
/// <param name="Threshold">Points from which mail is spam; null for nothing of its own.</param>
/// <param name="Entries">Its entries.</param>
public sealed record ScopeLists(string Scope, double? Threshold, IReadOnlyList<ListEntry> Entries);
