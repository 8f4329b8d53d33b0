namespace Postreiter.Storage.Gate;

/// <summary>What counts of a greylist row, in 24 bytes.</summary>
/// <param name="Key">The hash of who and what it is about.</param>
/// <param name="First">When it was first seen, seconds since 1970.</param>
/// <param name="Last">When it was used last, seconds since 1970; <see cref="Forever"/> for rows that never end.</param>
/// <param name="Passes">
/// 0 while it waits. Of a triplet that came back 1; of a client how many different triplets came back; −1 of a row that was taken away.
/// </param>
public readonly record struct GreylistState(long Key, uint First, uint Last, int Passes)
{
    /// <summary>Kept until somebody removes it.</summary>
    public const uint Forever = uint.MaxValue;
}

/// <summary>A greylist row with its words: a triplet, a client alone, or a correspondent (a sender alone).</summary>
/// <param name="State">Its times and passes.</param>
/// <param name="Client">A network such as 192.0.2.0/24, or the domain that SPF vouches for; empty of a correspondent.</param>
/// <param name="Sender">The sender as it is compared; empty of a client, and of the null sender.</param>
/// <param name="Recipient">The recipient; empty but for a triplet.</param>
/// <param name="Version">Ascends with each save; the store gives it.</param>
public sealed record GreylistRow(GreylistState State, string Client, string Sender, string Recipient, long Version = 0);
