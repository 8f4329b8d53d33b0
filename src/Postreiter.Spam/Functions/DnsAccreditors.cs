using Postreiter.Spam.Mail;

namespace Postreiter.Spam.Functions;

/// <summary>Who vouches for a mail, as it says: `owner@a--name.mail.example` in the envelope, or a field `Accreditor: name, name`.</summary>
/// <param name="Names">Lower case.</param>
internal sealed record DnsAccreditors(IReadOnlySet<string> Names)
{
    private static readonly FunctionPattern InAddress = new(@"[@.]a--([a-z0-9]{3,})\.", "i");

    /// <summary>Those of a mail.</summary>
    public static DnsAccreditors Of(MailFacts facts)
    {
        var names = new HashSet<string>(StringComparer.Ordinal);
        if (InAddress.Find(facts.Mail.FirstAddress("EnvelopeFrom")) is { } name)
            names.Add(Octets.Lower(name));
        foreach (var term in (facts.Mail.Header("Accreditor") ?? "").Split(','))
        {
            if (Configuration.Perl.Words(term).FirstOrDefault() is { } first)
                names.Add(Octets.Lower(first));
        }
        return new DnsAccreditors(names);
    }
}
