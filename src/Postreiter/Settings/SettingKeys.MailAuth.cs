namespace Postreiter.Settings;

/// <content>Keys of mail authentication: SPF, DKIM, DMARC, ARC and SRS.</content>
internal static partial class SettingKeys
{
    private static IEnumerable<SettingKey> MailAuth() =>
        [
            Key(
                "senders.check",
                SettingTypes.Flag,
                s => s.Senders.Check,
                (s, v) => s with { Senders = s.Senders with { Check = v } },
                "Whether mail from other servers is checked: SPF, DKIM, DMARC, ARC and the name of the client's "
                    + "address. What was found stands in an Authentication-Results field in front of the message. Off, "
                    + "nothing is looked up and nothing is added."
            ),
            Key(
                "senders.local_networks",
                SettingTypes.List(SettingTypes.Network),
                s => s.Senders.LocalNetworks,
                (s, v) => s with { Senders = s.Senders with { LocalNetworks = v } },
                "Clients whose mail is not checked at all, such as this machine's own programs and the other "
                    + "servers of this site."
            ),
            Key(
                "senders.trusted_forwarders",
                SettingTypes.List(MailAuthTypes.Forwarder),
                s => s.Senders.TrustedForwarders,
                (s, v) => s with { Senders = s.Senders with { TrustedForwarders = v } },
                "Servers that forward mail of others: what SPF and DMARC say about such mail is written down, and "
                    + "nothing follows from it. A domain stands for clients whose address has a name in it that leads "
                    + "back, and for senders in it that SPF vouches for."
            ),
            Key(
                "spf.on_fail",
                SettingTypes.OneOf<FailureAction>(),
                s => s.Senders.OnSpfFail,
                (s, v) => s with { Senders = s.Senders with { OnSpfFail = v } },
                "What happens to mail that SPF fails and DMARC does not vouch for: mark (it is written down), "
                    + "quarantine (Junk) or reject (550 5.7.23)."
            ),
            Key(
                "dmarc.on_reject",
                SettingTypes.OneOf<FailureAction>(),
                s => s.Senders.OnDmarcReject,
                (s, v) => s with { Senders = s.Senders with { OnDmarcReject = v } },
                "What happens to mail that fails DMARC where the author's domain asks to reject it, and to mail with "
                    + "several From fields or none: reject (550 5.7.1 in the session), quarantine (Junk) or mark. Where "
                    + "a domain asks for quarantine, its mail goes to Junk unless this is mark."
            ),
            Key(
                "dmarc.public_suffixes",
                SettingTypes.Text,
                s => s.Senders.PublicSuffixes,
                (s, v) => s with { Senders = s.Senders with { PublicSuffixes = v } },
                "A file with the Public Suffix List, for one newer than the list that ships with the program; a "
                    + "relative path starts at the data folder. Empty: the one that ships.",
                effect: SettingEffect.AtStart
            ),
            Key(
                "dmarc.report_addresses",
                SettingTypes.List(MailAuthTypes.Address),
                s => s.Senders.ReportAddresses,
                (s, v) => s with { Senders = s.Senders with { ReportAddresses = v } },
                "Addresses of this site that aggregate reports about its domains come to (rua= of their records). "
                    + "The reports are summed up, postreiter dmarc sums prints them, and filed as any mail; those "
                    + "that DMARC does not vouch for are only filed."
            ),
            Key(
                "dmarc.send_reports",
                SettingTypes.Flag,
                s => s.Senders.SendReports,
                (s, v) => s with { Senders = s.Senders with { SendReports = v } },
                "Whether domains that ask for it are sent the sums of a day of their mail (RFC 7489, section 7.2)."
            ),
            Key(
                "dmarc.report_from",
                MailAuthTypes.OptionalAddress,
                s => s.Senders.ReportFrom,
                (s, v) => s with { Senders = s.Senders with { ReportFrom = v } },
                "The sender of these reports; its domain should have DKIM keys here. Empty: postmaster at hostname."
            ),
            Key(
                "arc.trusted_sealers",
                SettingTypes.List(SettingTypes.Host),
                s => s.Senders.TrustedSealers,
                (s, v) => s with { Senders = s.Senders with { TrustedSealers = v } },
                "Domains of forwarders and mailing lists whose ARC seals are believed: where all sealers of a valid "
                    + "chain are among them and the first one saw the mail pass, nothing follows from a DMARC failure."
            ),
            Key(
                "dkim.sign",
                SettingTypes.Flag,
                s => s.Signing.Sign,
                (s, v) => s with { Signing = s.Signing with { Sign = v } },
                "Whether mail that goes to other servers is signed: what users submit and what the server writes "
                    + "itself with the DKIM keys of the author's domain, what aliases forward with an ARC seal."
            ),
            Key(
                "dkim.rotate_after",
                SettingTypes.Duration("0s", "520w"),
                s => s.Signing.RotateAfter,
                (s, v) => s with { Signing = s.Signing with { RotateAfter = v } },
                "After how long a DKIM key in use gets a successor, which signs once it is seen in the DNS. \"0s\": "
                    + "never by itself; postreiter dkim keygen makes one."
            ),
            Key(
                "dkim.grace",
                SettingTypes.Duration("1h", "52w"),
                s => s.Signing.Grace,
                (s, v) => s with { Signing = s.Signing with { Grace = v } },
                "How long a DKIM key is kept after another took its place; so long its record should stay in the DNS."
            ),
            Key(
                "srs.rewrite",
                SettingTypes.Flag,
                s => s.Signing.RewriteSenders,
                (s, v) => s with { Signing = s.Signing with { RewriteSenders = v } },
                "Whether mail that aliases forward to other servers gets a sender of this site (SRS), so that SPF "
                    + "lets it pass there. Bounces to such senders find their way back for 30 days, also when this is off."
            ),
        ];
}
