using Postreiter.MailAuth.Dkim;
using Postreiter.Spam.Configuration;
using Postreiter.Spam.Mail;
using Postreiter.Spam.Senders;

namespace Postreiter.Spam.Functions;

/// <summary>What the rules make of the checks of a mail's sender, worked out once a mail.</summary>
internal sealed class SenderFacts
{
    private readonly MailFacts _facts;
    private readonly HashSet<string> _authorDomains = new(StringComparer.Ordinal);
    private readonly Lazy<Dictionary<string, AuthorPractice>> _practices;

    private SenderFacts(MailFacts facts)
    {
        _facts = facts;
        Authors = facts.Mail.AddressesOf("From");
        foreach (var author in Authors)
        {
            if (Domain(author) is { } domain)
                _authorDomains.Add(domain);
        }

        MinKeyBits = LeastBits(facts.Settings);
        if (facts.Senders is { } senders)
        {
            // A field of which nothing could be read is none.
            Signatures =
            [
                .. senders.Signatures.Where(static s =>
                    s.Result != DkimResult.None && s.Domain.Length + s.Selector.Length > 0
                ),
            ];
            Valid = [.. Signatures.Where(static s => s.Result == DkimResult.Pass)];
        }

        _practices = new(FindPractices);
    }

    /// <summary>The addresses of From.</summary>
    public IReadOnlyList<string> Authors { get; }

    /// <summary>Their domains, lower case.</summary>
    public IReadOnlySet<string> AuthorDomains => _authorDomains;

    /// <summary>All signatures, whatever they are worth.</summary>
    public IReadOnlyList<DkimOutcome> Signatures { get; } = [];

    /// <summary>Those that hold.</summary>
    public IReadOnlyList<DkimOutcome> Valid { get; } = [];

    /// <summary><c>dkim_minimum_key_bits</c>: shorter keys speak for no domain; 0 = any does.</summary>
    public int MinKeyBits { get; }

    /// <summary>What is said of the authors' domains that no signature of their own vouches for.</summary>
    public IReadOnlyDictionary<string, AuthorPractice> Practices => _practices.Value;

    /// <summary>Of a mail; what it says of its sender is looked at once.</summary>
    public static SenderFacts Of(MailFacts facts) => facts.Shared(static f => new SenderFacts(f));

    /// <summary>The domain a signature speaks for, lower case: that of its identity; null where it cannot be read.</summary>
    public static string? SignerOf(DkimOutcome signature)
    {
        var at = signature.Identity.IndexOf('@', StringComparison.Ordinal);
        var domain = at < 0 ? signature.Domain : signature.Identity[(at + 1)..];
        return domain.Length == 0 ? null : domain.ToLowerInvariant();
    }

    /// <summary>Whether a signature holds with a key that is long enough to speak for a domain.</summary>
    public bool SpeaksForDomain(DkimOutcome signature) => SpeaksForDomain(signature, MinKeyBits);

    /// <summary>The authors' domains that no signature of their own vouches for, and whose practices are therefore looked at.</summary>
    /// <param name="mail">The mail.</param>
    /// <param name="senders">What is known of its signatures.</param>
    /// <param name="settings">Settings in force.</param>
    /// <returns>Lower case, each once, <see cref="AuthorPractices.MaxDomains"/> at most.</returns>
    public static IEnumerable<string> UnvouchedDomains(SpamMail mail, SenderResults senders, Settings settings)
    {
        var minKeyBits = LeastBits(settings);
        return mail.AddressesOf("From")
            .Select(Domain)
            .OfType<string>()
            .Distinct(StringComparer.Ordinal)
            .Where(AuthorPractices.IsAsked)
            .Take(AuthorPractices.MaxDomains)
            // A key that could not be had may be the one that vouches.
            .Where(domain =>
                !senders.Signatures.Any(s =>
                    (s.Result == DkimResult.TempError || SpeaksForDomain(s, minKeyBits)) && SignerOf(s) == domain
                )
            );
    }

    private static int LeastBits(Settings settings) => (int)settings.Number("dkim_minimum_key_bits");

    private static bool SpeaksForDomain(DkimOutcome signature, int minKeyBits) =>
        signature.Result == DkimResult.Pass
        // The bits of an elliptic curve say another thing than those of RSA.
        && (
            signature.KeyBits == 0
            || signature.KeyBits >= minKeyBits
            || signature.Algorithm.StartsWith("ed25519", StringComparison.Ordinal)
        );

    /// <summary>Whether one of the domains of a rule is the signer's: a name, or <c>.name</c> and <c>*.name</c> with all below it.</summary>
    public static bool IsAmong(string domain, IReadOnlyList<string> accepted) =>
        accepted.Any(one => IsIn(domain, one, isItselfIn: true));

    /// <summary>Whether a domain is the accepted one, or, behind <c>.</c> or <c>*.</c>, below it.</summary>
    /// <param name="domain">Lower case.</param>
    /// <param name="accepted">As a rule or a list writes it.</param>
    /// <param name="isItselfIn">Whether <c>*.name</c> stands for the name too.</param>
    public static bool IsIn(string domain, string accepted, bool isItselfIn)
    {
        var name = accepted.AsSpan();
        var isBelow = true;
        if (name.StartsWith("*."))
            name = name[2..];
        else if (name.StartsWith("."))
            name = name[1..];
        else
            isBelow = false;
        if (domain.AsSpan().Equals(name, StringComparison.OrdinalIgnoreCase))
            return !isBelow || isItselfIn;
        return isBelow
            && domain.Length > name.Length
            && domain[domain.Length - name.Length - 1] == '.'
            && domain.AsSpan().EndsWith(name, StringComparison.OrdinalIgnoreCase);
    }

    /// <summary>The domain of an address, lower case; null where it has none.</summary>
    public static string? Domain(string address)
    {
        var domain = address.AsSpan(address.LastIndexOf('@') + 1).TrimEnd(" \t");
        return domain.Length == address.Length || domain.IsEmpty ? null : Octets.Lower(domain.ToString());
    }

    private Dictionary<string, AuthorPractice> FindPractices()
    {
        var found = new Dictionary<string, AuthorPractice>(StringComparer.Ordinal);
        if (_facts.Senders is not { } senders)
            return found;
        foreach (var domain in UnvouchedDomains(_facts.Mail, senders, _facts.Settings))
        {
            if (AuthorPractices.Override(_facts.Settings, domain) is { } practice)
                found.Add(domain, practice);
            else if (senders.Practices.TryGetValue(domain, out practice))
                found.Add(domain, practice);
        }

        return found;
    }
}
