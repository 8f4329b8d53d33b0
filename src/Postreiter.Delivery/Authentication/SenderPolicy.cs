using Postreiter.Core;
using Postreiter.MailAuth;
using Postreiter.MailAuth.Arc;
using Postreiter.MailAuth.Dkim;
using Postreiter.MailAuth.Dmarc;
using Postreiter.MailAuth.Spf;
using Postreiter.Smtp.Server;

namespace Postreiter.Delivery.Authentication;

/// <summary>What follows from the results: the site's rules over those that the senders' domains publish.</summary>
internal static class SenderPolicy
{
    private static readonly SmtpReply NotKnown = new(
        451,
        "4.7.1",
        "The sender cannot be checked at the moment, try again later"
    );

    /// <summary>A reason of ours not to apply what SPF and DMARC say; null when there is none.</summary>
    public static DmarcOverride? FindTrust(
        SenderCheckOptions options,
        SmtpPeer peer,
        IprevOutcome? iprev,
        SpfOutcome spf,
        ArcOutcome arc,
        DmarcAuthors authors,
        PublicSuffixList suffixes
    )
    {
        if (SenderCheckOptions.Contains(options.TrustedNetworks, peer.Address))
            return new(DmarcOverrideKind.TrustedForwarder, $"{peer.Address} is a trusted forwarder");
        if (
            iprev is { Result: IprevResult.Pass, Name: { } name }
            && SenderCheckOptions.Contains(options.TrustedDomains, name.Ascii)
        )
            return new(DmarcOverrideKind.TrustedForwarder, $"{name} is a trusted forwarder");
        if (spf.Result == SpfResult.Pass && SenderCheckOptions.Contains(options.TrustedDomains, spf.Domain))
            return new(DmarcOverrideKind.TrustedForwarder, $"{spf.Domain} is a trusted forwarder");
        return options.TrustedSealers.Count == 0
            ? null
            : ArcOverride.Find(
                arc,
                sealer => SenderCheckOptions.Contains(options.TrustedSealers, sealer),
                authors,
                suffixes
            );
    }

    /// <summary>Decides.</summary>
    /// <param name="options">The site's rules.</param>
    /// <param name="verdict">All results; its action is not set yet.</param>
    /// <param name="isTrusted">Whether there is a <see cref="FindTrust"/>.</param>
    public static SenderVerdict Decide(SenderCheckOptions options, SenderVerdict verdict, bool isTrusted)
    {
        if (isTrusted)
            return verdict;
        var dmarc = verdict.Dmarc;
        // F8: never a refusal for what the DNS owes; where the answer would decide, the sender tries again.
        if (dmarc.Result == DmarcResult.TempError && options.OnDmarcReject == FailurePolicy.Reject && AsksReject(dmarc))
            return Defer(verdict, dmarc.Reason);
        var byDmarc = Asked(options, dmarc);
        var bySpf =
            verdict.Spf.Result == SpfResult.Fail && dmarc.Result != DmarcResult.Pass
                ? options.OnSpfFail
                : FailurePolicy.Mark;
        if (byDmarc == FailurePolicy.Reject)
            return verdict with { Action = SenderAction.Reject, Refusal = RefusalOf(dmarc), Reason = dmarc.Reason };
        if (bySpf == FailurePolicy.Reject)
        {
            if (dmarc.Result == DmarcResult.TempError || verdict.Dkim.Any(d => d.Result == DkimResult.TempError))
                return Defer(verdict, dmarc.Reason);
            return verdict with
            {
                Action = SenderAction.Reject,
                // RFC 7372 §3.2.
                Refusal = new SmtpReply(
                    550,
                    "5.7.23",
                    $"{Shown(verdict.Spf.Domain)} does not let this host send its mail (SPF)"
                ),
                Reason = verdict.Spf.Reason,
            };
        }

        if (byDmarc == FailurePolicy.Quarantine || bySpf == FailurePolicy.Quarantine)
            return verdict with
            {
                Action = SenderAction.Quarantine,
                Reason = byDmarc == FailurePolicy.Quarantine ? dmarc.Reason : verdict.Spf.Reason,
            };
        return verdict;
    }

    private static FailurePolicy Asked(SenderCheckOptions options, DmarcOutcome dmarc) =>
        dmarc.Disposition switch
        {
            DmarcPolicy.Reject => options.OnDmarcReject,
            DmarcPolicy.Quarantine when options.OnDmarcReject != FailurePolicy.Mark => FailurePolicy.Quarantine,
            _ => FailurePolicy.Mark,
        };

    private static bool AsksReject(DmarcOutcome dmarc)
    {
        if (dmarc.Record is not { } record)
            return false;
        var policy = dmarc.PolicyDomain == dmarc.Domain ? record.Policy : record.SubdomainPolicy ?? record.Policy;
        return policy == DmarcPolicy.Reject && !record.IsTesting;
    }

    private static SmtpReply RefusalOf(DmarcOutcome dmarc) =>
        dmarc.IsAbuse
            ? new SmtpReply(550, "5.7.1", "The message must have one From field with one author")
            : new SmtpReply(550, "5.7.1", $"Refused as {Shown(dmarc.Domain)} asks (DMARC)");

    private static SenderVerdict Defer(SenderVerdict verdict, string reason) =>
        verdict with
        {
            Action = SenderAction.Defer,
            Refusal = NotKnown,
            Reason = reason,
        };

    // On the wire go names only, as the DNS has them.
    private static string Shown(string domain) =>
        DomainName.TryParse(domain, out var name) ? name.Ascii : "the sender's domain";
}
