using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Postreiter.Core;

namespace Postreiter.MailAuth.Batv;

/// <summary>What an address says of itself.</summary>
public enum BatvStatus
{
    /// <summary>It has no tag.</summary>
    None,

    /// <summary>Its tag was made by one of the secrets, and is not over.</summary>
    Valid,

    /// <summary>Its tag was made by one of the secrets, too long ago.</summary>
    Expired,

    /// <summary>None of the secrets made its tag.</summary>
    Forged,
}

/// <summary>
/// Bounce Address Tag Validation: a sender with a tag that only we can make, <c>prvs=KDDDSSSSSS=local@domain</c> (draft-levine-smtp-batv-01 §4), so that a
/// notice which comes back shows whether it is about mail of ours.
/// </summary>
/// <remarks>
/// K is a digit for the key, here always 0, for all secrets are tried; DDD the day after which the tag is over, counted from 1970 modulo 1000; SSSSSS the
/// first 24 bits of HMAC-SHA-256 over K, DDD and the plain address in lower case: nobody but us checks it, so the draft's SHA-1 is nobody's need.
/// Greylists and whitelists elsewhere know the form and see through it.
/// </remarks>
/// <param name="secrets">One or more; the first makes tags, all of them are good.</param>
/// <param name="time">The day.</param>
public sealed class BatvSigner(IReadOnlyList<ReadOnlyMemory<byte>> secrets, TimeProvider time)
{
    private const string Prefix = "prvs=";
    private const int TagLength = 10;
    private const int DayCycle = 1_000;

    /// <summary>Longest that a tag is good, in days.</summary>
    public const int MaxDays = 30;

    /// <summary>Longest local part, in octets, that still has room for a tag (RFC 5321 §4.5.3.1.1).</summary>
    public const int MaxPlainLength = EmailAddress.MaxLocalPartLength - 16;

    /// <summary>Whether an address can have a tag: not one that is too long for it.</summary>
    public static bool HasRoom(EmailAddress address) => Encoding.UTF8.GetByteCount(address.LocalPart) <= MaxPlainLength;

    /// <summary>The address without its tag, good or not.</summary>
    /// <param name="address">Any address.</param>
    /// <param name="plain">The address that the tag belongs to.</param>
    /// <returns>False where it has none.</returns>
    public static bool TryStrip(EmailAddress address, out EmailAddress plain)
    {
        plain = address;
        if (!TrySplit(address.LocalPart, out _, out var local))
            return false;
        plain = address.WithLocalPart(local);
        return true;
    }

    /// <summary>The sender with a tag.</summary>
    /// <param name="sender">The plain address, with <see cref="HasRoom"/>.</param>
    /// <param name="days">How long it is to be good: 1 to <see cref="MaxDays"/>.</param>
    public EmailAddress Sign(EmailAddress sender, int days)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(days, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(days, MaxDays);
        var until = string.Create(CultureInfo.InvariantCulture, $"0{(Today + days) % DayCycle:000}");
        return sender.WithLocalPart($"{Prefix}{until}{Hash(secrets[0].Span, until, sender)}={sender.LocalPart}");
    }

    /// <summary>Looks at a recipient of a notice.</summary>
    public BatvStatus Check(EmailAddress recipient)
    {
        if (!TrySplit(recipient.LocalPart, out var tag, out var local))
            return BatvStatus.None;
        var plain = recipient.WithLocalPart(local);
        var (until, given) = (tag[..4], Encoding.ASCII.GetBytes(tag[4..].ToLowerInvariant()));
        var isOurs = false;
        foreach (var secret in secrets)
            isOurs |= CryptographicOperations.FixedTimeEquals(
                Encoding.ASCII.GetBytes(Hash(secret.Span, until, plain)),
                given
            );
        if (!isOurs)
            return BatvStatus.Forged;
        // It is good for at most that long: what seems to lie further ahead is over.
        var left = (int.Parse(until.AsSpan(1), CultureInfo.InvariantCulture) - Today + DayCycle) % DayCycle;
        return left <= MaxDays ? BatvStatus.Valid : BatvStatus.Expired;
    }

    private static bool TrySplit(
        string text,
        [NotNullWhen(true)] out string? tag,
        [NotNullWhen(true)] out string? local
    )
    {
        (tag, local) = (null, null);
        const int length = 5 + TagLength + 1;
        if (
            text.Length <= length
            || !text.StartsWith(Prefix, StringComparison.OrdinalIgnoreCase)
            || text[length - 1] != '='
        )
            return false;
        var middle = text.AsSpan(Prefix.Length, TagLength);
        if (middle[..4].ContainsAnyExceptInRange('0', '9'))
            return false;
        foreach (var c in middle[4..])
        {
            if (!char.IsAsciiHexDigit(c))
                return false;
        }

        (tag, local) = (middle.ToString(), text[length..]);
        return true;
    }

    private static string Hash(ReadOnlySpan<byte> secret, string until, EmailAddress plain)
    {
        Span<byte> mac = stackalloc byte[HMACSHA256.HashSizeInBytes];
        HMACSHA256.HashData(secret, Encoding.UTF8.GetBytes(until + plain.Key), mac);
        return Convert.ToHexStringLower(mac[..3]);
    }

    private int Today => (int)(time.GetUtcNow().ToUnixTimeSeconds() / 86_400 % DayCycle);
}
