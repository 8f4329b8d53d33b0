using System.Buffers;
using Postreiter.MailAuth;
using Postreiter.MailAuth.Arc;
using Postreiter.MailAuth.Dkim;
using Postreiter.MailAuth.Dmarc;
using Postreiter.MailAuth.Spf;

namespace Postreiter.Spam.Senders;

/// <summary>
/// What checks found of a mail's sender, for the rules that ask for it: from the SMTP session where there was one
/// (it has asked the DNS already), otherwise worked out from the mail by <see cref="SenderEvaluation"/>.
/// </summary>
public sealed record SenderResults
{
    private static readonly SearchValues<char> AddressOctets = SearchValues.Create("0123456789.");

    /// <summary>The envelope's sender, lower case; "" for the null sender, null where it cannot be known.</summary>
    public string? Sender { get; init; }

    /// <summary>SPF of <see cref="Sender"/>; null where it was not checked: a null sender, no relay.</summary>
    public SpfOutcome? MailFrom { get; init; }

    /// <summary>SPF of HELO; null where it was not checked: no name was given, or none that is a domain.</summary>
    public SpfOutcome? Helo { get; init; }

    /// <summary>A result for each DKIM signature, none for a mail without any.</summary>
    public IReadOnlyList<DkimOutcome> Signatures { get; init; } = [];

    /// <summary>The ARC chain; null where it was not looked at.</summary>
    public ArcOutcome? Arc { get; init; }

    /// <summary>DMARC; null where it was not checked.</summary>
    public DmarcOutcome? Dmarc { get; init; }

    /// <summary>Whether the client's name leads back to it; null where nobody asked.</summary>
    public IprevOutcome? Iprev { get; init; }

    /// <summary>What authors' domains say of their signatures, lower case; a domain that was not asked is missing.</summary>
    public IReadOnlyDictionary<string, AuthorPractice> Practices { get; init; } =
        new Dictionary<string, AuthorPractice>();

    /// <summary>Whether a given HELO is one whose SPF is asked: a name of two labels or more.</summary>
    public static bool IsDomain(string helo)
    {
        ArgumentNullException.ThrowIfNull(helo);
        var inner = helo.AsSpan().TrimStart("[!").TrimEnd("]!");
        return helo.Contains('.', StringComparison.Ordinal)
            && !(inner.Count('.') == 3 && !inner.ContainsAnyExcept(AddressOctets));
    }
}

/// <summary>What a domain says of its signatures (RFC 5617 §4.2.1), or a site in its place.</summary>
public enum AuthorPractice
{
    /// <summary>Nothing.</summary>
    Unknown,

    /// <summary>It signs all its mail.</summary>
    All,

    /// <summary>It signs all its mail, and what comes without may be thrown away.</summary>
    Discardable,

    /// <summary>The domain does not exist.</summary>
    NoSuchDomain,

    /// <summary>A site's own, the mildest.</summary>
    CustomLow,

    /// <summary>A site's own, in the middle.</summary>
    CustomMedium,

    /// <summary>A site's own, the strictest.</summary>
    CustomHigh,
}
