using Postreiter.Core;
using Postreiter.Dns;
using Postreiter.MailAuth.Dkim;
using Postreiter.MailAuth.Spf;

namespace Postreiter.MailAuth.Dmarc;

/// <summary>Choices of the evaluation.</summary>
public sealed record DmarcOptions
{
    /// <summary>All questions of one message together. Default 20 s, as for SPF (L18); after it the result is <c>temperror</c>.</summary>
    public TimeSpan Budget { get; init; } = TimeSpan.FromSeconds(20);

    /// <summary>Whether a public suffix that says <c>psd=y</c> is asked where the organisation is silent (RFC 9989 §4.10). Default yes.</summary>
    public bool HonorsPublicSuffixRecords { get; init; } = true;
}

/// <summary>Says whether a message may speak for its author's domain, and what that domain wants done otherwise (RFC 7489 §6.6).</summary>
/// <param name="dns">Answers; a cache behind it makes repeated checks cheap.</param>
/// <param name="suffixes">Gives the organisational domains.</param>
/// <param name="time">Measures the budget.</param>
/// <param name="options">Null for the defaults.</param>
public sealed class DmarcEvaluator(
    IDnsResolver dns,
    PublicSuffixList suffixes,
    TimeProvider time,
    DmarcOptions? options = null
)
{
    private readonly DmarcOptions _options = options ?? new DmarcOptions();
    private readonly DmarcDiscovery _discovery = new(dns, suffixes, options ?? new DmarcOptions());

    /// <summary>Evaluates one message.</summary>
    /// <exception cref="OperationCanceledException">By <paramref name="ct"/> only: whatever DNS answers is a result.</exception>
    public async ValueTask<DmarcOutcome> CheckAsync(DmarcRequest request, CancellationToken ct)
    {
        var abuse = FindAbuse(request.Authors);
        if (abuse is not null && (abuse.Policy == DmarcPolicy.Reject || request.Authors.Domains.Count == 0))
            return abuse;
        using var budget = new CancellationTokenSource(_options.Budget, time);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(ct, budget.Token);
        DmarcOutcome? worst = null;
        foreach (var author in request.Authors.Domains)
        {
            var outcome = await CheckInTimeAsync(request, author, both.Token, ct);
            // RFC 7489 §6.6.1: of several authors' domains the strictest verdict counts.
            if (worst is null || Severity(outcome) > Severity(worst))
                worst = outcome;
        }

        // A field that is half broken may still show a good address: its domain's word counts, and is not made milder by the rest.
        return abuse is null ? worst!
            : worst is { Result: DmarcResult.Fail, Policy: DmarcPolicy.Reject } ? worst with { IsAbuse = true }
            : abuse;
    }

    // RFC 7489 §6.6.1: no From field or several are no mail of a kind that policy could be found for. Nobody who sends mail in
    // earnest writes such, and a reader may show either of them.
    private static DmarcOutcome? FindAbuse(DmarcAuthors authors)
    {
        var (policy, reason) = authors switch
        {
            { Fields: 0 } => (DmarcPolicy.Reject, "the message has no From field"),
            { Fields: > 1 } => (DmarcPolicy.Reject, $"the message has {authors.Fields} From fields"),
            { Domains.Count: > DmarcAuthors.MaxDomains } => (
                DmarcPolicy.Reject,
                $"the From field names more than {DmarcAuthors.MaxDomains} domains"
            ),
            // Broken mailers do write such; the eyes of the Junk mailbox are enough.
            { Domains.Count: 0 } => (DmarcPolicy.Quarantine, "the From field names no domain"),
            { IsReadable: false } => (DmarcPolicy.Quarantine, "the From field holds more than its addresses"),
            _ => (DmarcPolicy.None, ""),
        };
        return policy == DmarcPolicy.None
            ? null
            : new DmarcOutcome(DmarcResult.PermError, policy, authors.Domains is [var first, ..] ? first : "", reason)
            {
                IsAbuse = true,
            };
    }

    private static int Severity(DmarcOutcome outcome) =>
        outcome.Result switch
        {
            DmarcResult.Fail => 10 + (int)outcome.Policy,
            DmarcResult.TempError => 5,
            DmarcResult.PermError => 4,
            DmarcResult.None => 3,
            _ => 0,
        };

    private async ValueTask<DmarcOutcome> CheckInTimeAsync(
        DmarcRequest request,
        string author,
        CancellationToken inTime,
        CancellationToken ct
    )
    {
        try
        {
            return await CheckAuthorAsync(request, author, inTime);
        }
        catch (OperationCanceledException) when (!ct.IsCancellationRequested && inTime.IsCancellationRequested)
        {
            return new(
                DmarcResult.TempError,
                DmarcPolicy.None,
                author,
                $"it took longer than {_options.Budget.TotalSeconds:0} s"
            );
        }
    }

    private async ValueTask<DmarcOutcome> CheckAuthorAsync(DmarcRequest request, string text, CancellationToken ct)
    {
        if (!DomainName.TryParse(text, out var author) || author.IsAddressLiteral)
            return new(DmarcResult.None, DmarcPolicy.None, text, "an address is no domain and has no policy");
        var found = await _discovery.FindAsync(author, ct);
        if (found.Record is not { } record)
        {
            var result = found.Status switch
            {
                DiscoveryStatus.NoAnswer => DmarcResult.TempError,
                DiscoveryStatus.Unusable => DmarcResult.PermError,
                _ => DmarcResult.None,
            };
            return new(result, DmarcPolicy.None, author.Ascii, found.Detail);
        }

        var spf =
            request.Spf is { Result: SpfResult.Pass or SpfResult.TempError } outcome
            && IsAligned(outcome.Domain, author, record.SpfAlignment)
                ? outcome
                : null;
        var (dkim, waiting) = Aligned(request.Dkim, author, record.DkimAlignment);
        var common = new DmarcOutcome(DmarcResult.Pass, DmarcPolicy.None, author.Ascii, "")
        {
            PolicyDomain = found.Place.Ascii,
            Record = record,
            IsSpfAligned = spf is { Result: SpfResult.Pass },
            IsDkimAligned = dkim is not null,
        };
        if (common.IsSpfAligned || common.IsDkimAligned)
        {
            var by = (common.IsDkimAligned, common.IsSpfAligned) switch
            {
                (true, true) => $"DKIM of {dkim!.Domain} and SPF of {spf!.Domain}",
                (true, _) => $"DKIM of {dkim!.Domain}",
                _ => $"SPF of {spf!.Domain}",
            };
            return common with { Reason = $"{by} vouches for {author}" };
        }

        // F8: what would have been aligned and could not be checked may yet pass. Never a false fail.
        if (spf is not null || waiting is not null)
        {
            return common with
            {
                Result = DmarcResult.TempError,
                Reason = spf is not null
                    ? $"SPF of {spf.Domain} could not be checked: {spf.Reason}"
                    : $"DKIM of {waiting!.Domain} could not be checked: {waiting.Reason}",
            };
        }

        return await FailAsync(common, request, author, found.Place, ct);
    }

    private async ValueTask<DmarcOutcome> FailAsync(
        DmarcOutcome common,
        DmarcRequest request,
        DomainName author,
        DomainName place,
        CancellationToken ct
    )
    {
        var record = common.Record!;
        var (asked, tag) = (record.Policy, "p");
        if (place != author)
        {
            // RFC 7489 §6.3: sp is for subdomains, p where it is not said; np for those that do not exist (RFC 9989 §4.7).
            if (record.SubdomainPolicy is { } sp)
                (asked, tag) = (sp, "sp");
            if (record.NonexistentPolicy is { } np && np != asked && await _discovery.IsNonexistentAsync(author, ct))
                (asked, tag) = (np, "np");
        }

        var overrides = new List<DmarcOverride>(request.Overrides);
        var policy = asked;
        // RFC 7489 §6.6.4: what pct does not pick gets the next milder treatment. RFC 9989 §4.7: t=y asks for the same.
        if (policy != DmarcPolicy.None && (record.IsTesting || request.Draw >= record.Percent))
        {
            policy--;
            var why = record.IsTesting ? "t=y" : $"pct={record.Percent}";
            overrides.Add(new DmarcOverride(DmarcOverrideKind.SampledOut, why));
        }

        return common with
        {
            Result = DmarcResult.Fail,
            Policy = policy,
            Overrides = overrides,
            Reason =
                $"neither SPF nor DKIM vouches for {author}; {place} says {tag}={asked.ToString().ToLowerInvariant()}",
        };
    }

    // The signature that passes, or else one whose key could not be had.
    private (DkimOutcome? Pass, DkimOutcome? Waiting) Aligned(
        IReadOnlyList<DkimOutcome> signatures,
        DomainName author,
        DmarcAlignment alignment
    )
    {
        DkimOutcome? waiting = null;
        foreach (var signature in signatures)
        {
            if (signature.Result is not (DkimResult.Pass or DkimResult.TempError))
                continue;
            if (!IsAligned(signature.Domain, author, alignment))
                continue;
            if (signature.Result == DkimResult.Pass)
                return (signature, null);
            waiting ??= signature;
        }

        return (null, waiting);
    }

    // RFC 7489 §3.1
    private bool IsAligned(string domain, DomainName author, DmarcAlignment alignment)
    {
        if (!DomainName.TryParse(domain, out var name) || name.IsAddressLiteral)
            return false;
        return name == author
            || (
                alignment == DmarcAlignment.Relaxed && _discovery.Organization(name) == _discovery.Organization(author)
            );
    }
}
