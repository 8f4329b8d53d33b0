using System.Buffers;
using System.Security.Cryptography;
using System.Text;
using Postreiter.Core;

namespace Postreiter.MailAuth.Srs;

/// <summary>
/// The Sender Rewriting Scheme: whoever forwards mail puts a domain of his own into the envelope's sender, so that SPF asks the
/// right domain, and finds the first sender again in the address when a bounce comes.
/// </summary>
/// <remarks>
/// <para>
/// <c>SRS0=hash=day=domain=local@ours</c> for a sender; <c>SRS1=hash=first=rest@ours</c> for an address that another forwarder has
/// rewritten: only he can read the rest, and hosts between him and us are left out.
/// </para>
/// <para>
/// The hash is HMAC-SHA-256 over the rest in lower case, in base 32: other servers fold the case of what they send back, and it must
/// still be good. The first secret makes hashes, all of them are good: rotate by putting a new one in front and taking the last away
/// after <see cref="SrsOptions.Days"/>.
/// </para>
/// <para>
/// A sender that is too long for it (64 octets, RFC 5321 §4.5.3.1.1) gives <see cref="SrsStatus.TooLong"/>: the mail is then sent on with the address of the
/// mailbox that forwards it, so that its owner hears of failures. Cutting the hash instead would open the door for everybody.
/// </para>
/// </remarks>
public sealed class SrsRewriter
{
    private const string Alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    private const int DayCycle = 32 * 32;
    private const int MinSecretBytes = 16;

    private static readonly SearchValues<char> Separators = SearchValues.Create("=+-");

    private readonly DomainName _domain;
    private readonly IReadOnlyList<ReadOnlyMemory<byte>> _secrets;
    private readonly TimeProvider _time;
    private readonly SrsOptions _options;

    /// <summary>A rewriter.</summary>
    /// <param name="domain">A domain of ours, with an SPF record and an MX that leads here.</param>
    /// <param name="secrets">One or more, 16 bytes at least each; the first makes new addresses.</param>
    /// <param name="time">The day.</param>
    /// <param name="options">Null for the defaults.</param>
    /// <exception cref="ArgumentException">There is no secret, or one is too short; or an option is out of its range.</exception>
    public SrsRewriter(
        DomainName domain,
        IReadOnlyList<ReadOnlyMemory<byte>> secrets,
        TimeProvider time,
        SrsOptions? options = null
    )
    {
        (_domain, _secrets, _time, _options) = (domain, [.. secrets], time, options ?? new SrsOptions());
        if (_secrets.Count == 0 || _secrets.Any(static secret => secret.Length < MinSecretBytes))
            throw new ArgumentException($"SRS needs a secret of {MinSecretBytes} bytes or more", nameof(secrets));
        if (_options.Days is < 1 or > 500 || _options.HashLength is < 4 or > 20)
            throw new ArgumentOutOfRangeException(
                nameof(options),
                "Days are 1 to 500, the hash has 4 to 20 characters"
            );
    }

    /// <summary>The domain of the addresses that this makes.</summary>
    public DomainName Domain => _domain;

    /// <summary>Whether a local part has the form of an SRS address, so that it is no mailbox's.</summary>
    public static bool IsSrs(string localPart) => HasPrefix(localPart, '0') || HasPrefix(localPart, '1');

    /// <summary>The sender to forward with.</summary>
    /// <param name="sender">The sender as the mail came; not the null sender, which is forwarded as it is.</param>
    /// <returns><see cref="SrsStatus.Done"/> (unchanged when it is in our domain already) or <see cref="SrsStatus.TooLong"/>.</returns>
    public SrsResult Rewrite(EmailAddress sender)
    {
        if (sender.Domain == _domain)
            return new(SrsStatus.Done, sender, "the sender's domain is our own");
        var local = sender.LocalPart;
        string rest;
        char kind;
        if (HasPrefix(local, '0'))
            // The separator behind SRS0 goes along: it belongs to the first forwarder's address.
            (kind, rest) = ('1', $"{sender.Domain.Ascii}={local[4..]}");
        else if (
            HasPrefix(local, '1')
            && SplitSrs1(local) is var (_, first, inner)
            && DomainName.TryParse(first, out _)
        )
            (kind, rest) = ('1', $"{first}={inner}");
        else
            (kind, rest) = ('0', $"{Day(Today)}={sender.Domain.Ascii}={local}");
        var made = $"SRS{kind}={Hash(_secrets[0].Span, rest)}={rest}";
        return Encoding.UTF8.GetByteCount(made) > EmailAddress.MaxLocalPartLength
            ? new(
                SrsStatus.TooLong,
                default,
                $"'{Printable.Cut(made, 100)}' is longer than {EmailAddress.MaxLocalPartLength}"
            )
            : new(SrsStatus.Done, new EmailAddress().At(_domain).WithLocalPart(made), "rewritten");
    }

    /// <summary>The address that a bounce goes to.</summary>
    /// <param name="recipient">The recipient of the bounce; the caller knows that its domain is ours.</param>
    public SrsResult Reverse(EmailAddress recipient)
    {
        var local = recipient.LocalPart;
        if (HasPrefix(local, '0'))
            return ReverseFirst(local);
        return HasPrefix(local, '1') ? ReverseLater(local) : new(SrsStatus.NotSrs, default, "it is no SRS address");
    }

    // SRS0=hash=day=domain=local
    private SrsResult ReverseFirst(string local)
    {
        if (!TryTake(local.AsSpan(5), out var hash, out var rest))
            return Malformed(local);
        if (!IsOurs(hash, rest))
            return Forged(local);
        if (
            !TryTake(rest, out var day, out var address)
            || !TryTake(address, out var domain, out var mailbox)
            || !TryReadDay(day, out var number)
        )
            return Malformed(local);
        // A clock that runs behind another's by a few hours is no fault.
        var age = (Today - number + DayCycle) % DayCycle;
        if (age > _options.Days && age != DayCycle - 1)
            return new(SrsStatus.Expired, default, $"it is {age} days old, more than {_options.Days}");
        return DomainName.TryParse(domain, out var name) && !mailbox.IsEmpty
            ? new(SrsStatus.Done, new EmailAddress().At(name).WithLocalPart(mailbox.ToString()), "of a sender of ours")
            : Malformed(local);
    }

    // SRS1=hash=first=rest, back to SRS0 at the first forwarder.
    private SrsResult ReverseLater(string local)
    {
        var (hash, first, inner) = SplitSrs1(local);
        if (first.Length == 0)
            return Malformed(local);
        if (!IsOurs(hash, $"{first}={inner}"))
            return Forged(local);
        return DomainName.TryParse(first, out var name)
            ? new(SrsStatus.Done, new EmailAddress().At(name).WithLocalPart("SRS0" + inner), "of another forwarder")
            : Malformed(local);
    }

    private static (string Hash, string First, string Inner) SplitSrs1(string local) =>
        TryTake(local.AsSpan(5), out var hash, out var rest)
        && TryTake(rest, out var first, out var inner)
        && inner.Length > 1
        && Separators.Contains(inner[0])
            ? (hash.ToString(), first.ToString(), inner.ToString())
            : ("", "", "");

    // One secret after the other, each in constant time.
    private bool IsOurs(ReadOnlySpan<char> hash, ReadOnlySpan<char> rest)
    {
        if (hash.Length != _options.HashLength || !Ascii.IsValid(hash))
            return false;
        var given = Encoding.ASCII.GetBytes(hash.ToString().ToUpperInvariant());
        var isOurs = false;
        foreach (var secret in _secrets)
            isOurs |= CryptographicOperations.FixedTimeEquals(Encoding.ASCII.GetBytes(Hash(secret.Span, rest)), given);
        return isOurs;
    }

    private string Hash(ReadOnlySpan<byte> secret, ReadOnlySpan<char> rest)
    {
        // Servers that fold case fold ASCII.
        var text = string.Create(
            rest.Length,
            rest,
            static (to, from) =>
            {
                for (var i = 0; i < to.Length; i++)
                    to[i] = char.IsAsciiLetterUpper(from[i]) ? (char)(from[i] | 0x20) : from[i];
            }
        );
        Span<byte> mac = stackalloc byte[HMACSHA256.HashSizeInBytes];
        HMACSHA256.HashData(secret, Encoding.UTF8.GetBytes(text), mac);
        var hash = new char[_options.HashLength];
        for (var i = 0; i < hash.Length; i++)
        {
            var bit = i * 5;
            var word = (mac[bit / 8] << 8) | mac[(bit / 8) + 1];
            hash[i] = Alphabet[(word >> (11 - (bit % 8))) & 31];
        }

        return new string(hash);
    }

    private int Today => (int)(_time.GetUtcNow().ToUnixTimeSeconds() / 86_400 % DayCycle);

    private static string Day(int number) => $"{Alphabet[number >> 5]}{Alphabet[number & 31]}";

    private static bool TryReadDay(ReadOnlySpan<char> text, out int number)
    {
        number = 0;
        if (text.Length != 2)
            return false;
        foreach (var c in text)
        {
            var digit = Alphabet.IndexOf(char.ToUpperInvariant(c), StringComparison.Ordinal);
            if (digit < 0)
                return false;
            number = (number << 5) | digit;
        }

        return true;
    }

    private static bool HasPrefix(string local, char kind) =>
        local.Length > 5
        && local.StartsWith("SRS", StringComparison.OrdinalIgnoreCase)
        && local[3] == kind
        && Separators.Contains(local[4]);

    private static bool TryTake(ReadOnlySpan<char> text, out ReadOnlySpan<char> part, out ReadOnlySpan<char> rest)
    {
        var end = text.IndexOf('=');
        part = end < 0 ? default : text[..end];
        rest = end < 0 ? default : text[(end + 1)..];
        return end > 0;
    }

    private static SrsResult Malformed(string local) =>
        new(SrsStatus.Malformed, default, $"'{Printable.Cut(local, 100)}' lacks a part");

    private static SrsResult Forged(string local) =>
        new(SrsStatus.Forged, default, $"'{Printable.Cut(local, 100)}' was not made here, or its secret is gone");
}
