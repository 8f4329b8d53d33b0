using System.Net;
using Postreiter.Core;
using Postreiter.Dns;
using Postreiter.MailAuth.Arc;
using Postreiter.MailAuth.Dkim;
using Postreiter.MailAuth.Dmarc;
using Postreiter.MailAuth.Spf;
using Postreiter.Spam.Configuration;
using Postreiter.Spam.Functions;
using Postreiter.Spam.Mail;

namespace Postreiter.Spam.Senders;

/// <summary>
/// Works out who sent a mail from the mail alone, where no session did: the client is the last relay outside the site, as its
/// Received field tells of it. One for all mails; safe for many threads.
/// </summary>
/// <param name="dns">Answers; a cache behind it makes repeated checks cheap.</param>
/// <param name="suffixes">For DMARC.</param>
/// <param name="time">Measures the budgets.</param>
/// <param name="random">Draws for DMARC's <c>pct</c>.</param>
public sealed class SenderEvaluation(IDnsResolver dns, PublicSuffixList suffixes, TimeProvider time, Random random)
{
    // As SpamAssassin has it: 20 look-ups and not the 10 of RFC 7208 §4.6.4, for senders that its rules know ask for more. What the
    // session checks keeps to 10.
    private readonly SpfEvaluator _spf = new(dns, time, new SpfLimits { MaxLookups = 20 });
    private readonly DkimVerifier _dkim = new(dns, time);
    private readonly ArcValidator _arc = new(dns, time);
    private readonly DmarcEvaluator _dmarc = new(dns, suffixes, time);

    /// <summary>Checks a mail. What has no answer in the time that the settings give is left out, or is temperror.</summary>
    /// <param name="mail">The mail as rules see it; its end may be cut off.</param>
    /// <param name="message">The same mail whole: signatures are over all of it.</param>
    /// <param name="settings"><c>spf_timeout</c>, <c>dkim_timeout</c>, <c>adsp_override</c> and the like.</param>
    /// <param name="ct">Stops it.</param>
    /// <exception cref="OperationCanceledException">By <paramref name="ct"/> only.</exception>
    public async ValueTask<SenderResults> CheckAsync(
        SpamMail mail,
        ReadOnlyMemory<byte> message,
        Settings settings,
        CancellationToken ct
    )
    {
        ArgumentNullException.ThrowIfNull(mail);
        ArgumentNullException.ThrowIfNull(settings);
        var spf = SpfAsync(mail, settings, ct);
        var signatures = SignaturesAsync(mail, message, settings, ct);
        var (sender, mailFrom, helo) = await spf;
        var (dkim, arc) = await signatures;
        return new SenderResults
        {
            Sender = sender,
            MailFrom = mailFrom,
            Helo = helo,
            Signatures = dkim,
            Arc = arc,
            Dmarc = await DmarcAsync(mail, settings, mailFrom, helo, dkim, ct),
        };
    }

    /// <summary>Asks for the practices of authors' domains where a rule wants them, in addition to results of a session.</summary>
    /// <returns>By domain; those that signatures vouch for and those of <c>adsp_override</c> are not asked.</returns>
    public async ValueTask<IReadOnlyDictionary<string, AuthorPractice>> PracticesAsync(
        SpamMail mail,
        SenderResults results,
        Settings settings,
        CancellationToken ct
    )
    {
        ArgumentNullException.ThrowIfNull(mail);
        ArgumentNullException.ThrowIfNull(results);
        var found = new Dictionary<string, AuthorPractice>(StringComparer.Ordinal);
        using var inTime = new TimeLimit(settings.Number("dkim_timeout"), time, ct);
        try
        {
            foreach (var author in SenderFacts.UnvouchedDomains(mail, results, settings))
            {
                if (AuthorPractices.Override(settings, author) is null && DomainName.TryParse(author, out var domain))
                    found[author] = await AuthorPractices.AskAsync(dns, domain, inTime.Token);
            }
        }
        catch (OperationCanceledException) when (!ct.IsCancellationRequested)
        {
            // What is not known says nothing.
        }

        return found;
    }

    /// <summary>The sender whose SPF is asked: of the handover to the site, or as the headers say where nobody trusted came between.</summary>
    /// <returns>Lower case; "" for the null sender, null where it cannot be known.</returns>
    internal static string? SenderOf(SpamMail mail, Settings settings)
    {
        if (mail.Received.External is [{ EnvelopeFrom: { } handedOver }, ..])
            return Octets.Lower(handedOver);
        // A trusted relay may have written another sender over the first one.
        if (mail.Received.Trusted.Count > 0 && !settings.IsOn("always_trust_envelope_sender"))
            return null;
        return mail.AddressesOf("EnvelopeFrom") is [var address, ..] ? Octets.Lower(address.TrimEnd('\n')) : null;
    }

    private async Task<(string? Sender, SpfOutcome? MailFrom, SpfOutcome? Helo)> SpfAsync(
        SpamMail mail,
        Settings settings,
        CancellationToken ct
    )
    {
        var sender = SenderOf(mail, settings);
        var (known, knownHelo) = InternalResults.Find(mail, settings);
        var client = mail.Received.External is [var last, ..] && IPAddress.TryParse(last.Ip, out var ip) ? ip : null;
        var helo = client is null ? "" : mail.Received.External[0].Helo;
        using var inTime = new TimeLimit(settings.Number("spf_timeout"), time, ct);
        var request = new SpfRequest(client ?? IPAddress.None, sender ?? "", helo.Length > 0 ? helo : "unknown");
        // SpamAssassin asks nothing for the null sender; its HELO is asked anyway.
        var mailFrom =
            known is { } said ? Task.FromResult<SpfOutcome?>(Said(said, SenderFacts.Domain(sender ?? "")))
            : client is not null && sender is { Length: > 0 }
                ? InTimeAsync(_spf.CheckMailFromAsync(request, inTime.Token), ct)
            : Task.FromResult<SpfOutcome?>(null);
        var byHelo =
            knownHelo is { } saidOfHelo ? Task.FromResult<SpfOutcome?>(Said(saidOfHelo, helo))
            : client is not null && SenderResults.IsDomain(helo)
                ? InTimeAsync(_spf.CheckHeloAsync(request, inTime.Token), ct)
            : Task.FromResult<SpfOutcome?>(null);
        return (sender, await mailFrom, await byHelo);
    }

    private async Task<(IReadOnlyList<DkimOutcome> Dkim, ArcOutcome? Arc)> SignaturesAsync(
        SpamMail mail,
        ReadOnlyMemory<byte> message,
        Settings settings,
        CancellationToken ct
    )
    {
        using var content = new SignedContent(mail, message);
        var dkim = _dkim.Start(content.Message);
        var arc = _arc.Start(content.Message);
        content.FeedBody();
        using var inTime = new TimeLimit(settings.Number("dkim_timeout"), time, ct);
        var signatures = await InTimeAsync(dkim.CompleteAsync(inTime.Token), ct);
        var chain = await InTimeAsync(arc.CompleteAsync(inTime.Token), ct);
        return (signatures ?? [], chain);
    }

    private async ValueTask<DmarcOutcome?> DmarcAsync(
        SpamMail mail,
        Settings settings,
        SpfOutcome? mailFrom,
        SpfOutcome? helo,
        IReadOnlyList<DkimOutcome> signatures,
        CancellationToken ct
    )
    {
        if (
            mail.Received.External.Count == 0
            || SenderFacts.Domain(mail.FirstAddress("From")) is not { } author
            || !author.Contains('.', StringComparison.Ordinal)
            || !DomainName.TryParse(author, out var domain)
        )
            return null;
        // As SpamAssassin: HELO vouches where MAIL FROM does not.
        var spf = mailFrom is { Result: SpfResult.Pass } || helo is not { Result: SpfResult.Pass } ? mailFrom : helo;
        int draw;
        lock (random)
            draw = random.Next(100);
        using var inTime = new TimeLimit(settings.Number("dkim_timeout"), time, ct);
        var request = new DmarcRequest(DmarcAuthors.Of(domain), spf, signatures, draw);
        return await InTimeAsync(_dmarc.CheckAsync(request, inTime.Token), ct);
    }

    private static SpfOutcome Said(SpfResult result, string? domain) =>
        new(result, domain ?? "", "a host of the site says so in the header", null, []);

    private static async Task<T?> InTimeAsync<T>(ValueTask<T> check, CancellationToken ct)
        where T : class
    {
        try
        {
            return await check;
        }
        catch (OperationCanceledException) when (!ct.IsCancellationRequested)
        {
            return null;
        }
    }

    /// <summary>Ends with the caller, or after so many seconds.</summary>
    private sealed class TimeLimit : IDisposable
    {
        private readonly CancellationTokenSource _limit;
        private readonly CancellationTokenSource _either;

        public TimeLimit(double seconds, TimeProvider time, CancellationToken ct)
        {
            _limit = new CancellationTokenSource(TimeSpan.FromSeconds(Math.Clamp(seconds, 0.001, 300)), time);
            _either = CancellationTokenSource.CreateLinkedTokenSource(_limit.Token, ct);
        }

        public CancellationToken Token => _either.Token;

        public void Dispose()
        {
            _either.Dispose();
            _limit.Dispose();
        }
    }
}
