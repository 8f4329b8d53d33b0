namespace Postreiter.Spam.Network;

/// <summary>Bounds of what rules ask the DNS.</summary>
public sealed record SpamNetworkOptions
{
    /// <summary>Questions in flight at one time, of all mails together. Default 256; others wait for their turn within the budget of their mail.</summary>
    public int MaxInFlight { get; init; } = 256;

    /// <summary>Questions for one mail. Default 400: 20 hosts and 9 relays in a dozen lists; what is above them is not asked.</summary>
    public int MaxQuestions { get; init; } = 400;

    /// <summary>Records of one answer that rules look at. Default 128.</summary>
    public int MaxRecords { get; init; } = 128;

    /// <summary>Mails in a row whose questions got no answer at all, after which nothing is asked for <see cref="RestTime"/>. Default 3.</summary>
    public int SilentMails { get; init; } = 3;

    /// <summary>How long a DNS that does not answer is left alone, so that not every mail waits for it. Default 1 min.</summary>
    public TimeSpan RestTime { get; init; } = TimeSpan.FromMinutes(1);

    /// <summary>Longest wait for a resolver that never answers; then its place is given to others. Default 30 s.</summary>
    public TimeSpan MaxWait { get; init; } = TimeSpan.FromSeconds(30);
}
