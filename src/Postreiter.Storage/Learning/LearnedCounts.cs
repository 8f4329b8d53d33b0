namespace Postreiter.Storage.Learning;

/// <summary>A mail to learn, or to forget.</summary>
/// <param name="Name">Its name, under which it is remembered.</param>
/// <param name="OtherName">A name under which it may have been learned elsewhere; null for none.</param>
/// <param name="IsSpam">As what; null forgets what was learned of it.</param>
/// <param name="MayRelearn">Whether it may be learned that was learned as the other; false leaves such a one alone.</param>
/// <param name="Tokens">Keys of its tokens, five octets each, each once.</param>
/// <param name="Time">When it was received; seconds since 1970.</param>
public sealed record MailToLearn(
    string Name,
    string? OtherName,
    bool? IsSpam,
    bool MayRelearn,
    ReadOnlyMemory<byte> Tokens,
    uint Time
);

/// <summary>A mail that was learned.</summary>
/// <param name="Name">Its name.</param>
/// <param name="IsSpam">As what.</param>
public readonly record struct LearnedName(string Name, bool IsSpam);

/// <summary>What a reader knows.</summary>
/// <param name="Generation">Counts who changed all; 0 = it knows nothing.</param>
/// <param name="Change">The last change it was told of.</param>
public readonly record struct LearnedVersion(long Generation, long Change);

/// <summary>What a mail changed: its tokens' counts, and how many mails were learned.</summary>
/// <param name="Spam">1, 0 or −1.</param>
/// <param name="Ham">Likewise.</param>
/// <param name="Time">When it was received; seconds since 1970.</param>
/// <param name="Tokens">Keys of the tokens, five octets each.</param>
public readonly record struct LearnedChange(int Spam, int Ham, uint Time, ReadOnlyMemory<byte> Tokens);

/// <summary>Counts of the tokens whose keys begin with one octet.</summary>
/// <param name="Number">That octet.</param>
/// <param name="Tokens">As the reader wrote them.</param>
public readonly record struct LearnedPage(int Number, ReadOnlyMemory<byte> Tokens);

/// <summary>All counts of one place.</summary>
/// <param name="Spam">Mails learned as spam.</param>
/// <param name="Ham">Good ones learned.</param>
/// <param name="Expiry">The last time that old tokens were forgotten.</param>
/// <param name="Pages">The tokens, each page once; null for none.</param>
public readonly record struct LearnedCounts(
    long Spam,
    long Ham,
    LearnedExpiry Expiry,
    IReadOnlyList<LearnedPage>? Pages
);

/// <summary>What the last expiry did.</summary>
/// <param name="At">When; seconds since 1970, 0 = never.</param>
/// <param name="Age">The age from which tokens went, seconds.</param>
/// <param name="Removed">Tokens that went.</param>
public readonly record struct LearnedExpiry(long At, long Age, long Removed);
