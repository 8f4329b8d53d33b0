using Postreiter.Spam.Mail;
using static Postreiter.Spam.Functions.CallArguments;

namespace Postreiter.Spam.Functions;

/// <summary>Mail that claims to be of a large service and does not look like it: how those services write their Received fields.</summary>
internal static class ForgedReceived
{
    private const int GoogleTokenLength = 60;

    private static readonly FunctionPattern AolRelay = new(@" rly-[a-z][a-z]\d\d\.", "i");
    private static readonly FunctionPattern AolServer = new(
        @"/AOL-\d+\.\d+\.\d+\)|ESMTP id (?:RELAY|MAILRELAY|MAILIN)"
    );

    private static readonly FunctionPattern Ezmlm = new(@"^contact \S+@\S+; run by ezmlm$", "m");
    private static readonly FunctionPattern MailingList = new(@"^mailing list \S+@\S+", "m");
    private static readonly FunctionPattern Qmail = new(
        @"qmail \d+ invoked (?:from network|by [^\n]{3,20})\); \d+ [^\n]{3} \d+"
    );

    private static readonly FunctionPattern MsnGroups = new(@"from groups\.msn\.com \(\S+\.msn\.com ");
    private static readonly FunctionPattern MsnList = new(@"<(\S+)@groups\.msn\.com>", "i");
    private static readonly FunctionPattern MsnServer = new(@"from mail pickup service by (p\d\d\.groups\.msn\.com)\b");
    private static readonly FunctionPattern Hotmail = new(
        @"from (?:\S*\.)?hotmail.com \(\S+\.hotmail(?:\.msn)?\.com[ \)]"
    );
    private static readonly FunctionPattern HotmailByAddress = new(@"from \S*\.hotmail.com \(\[");
    private static readonly FunctionPattern HotmailByWeb = new(@"from \S+ by \S+\.hotmail(?:\.msn)?\.com with HTTP;");
    private static readonly FunctionPattern HotmailByYahoo = new(@"from \[66\.218.\S+\] by \S+\.yahoo\.com");
    private static readonly FunctionPattern Outlook = new(
        @"from \S*\.outbound\.protection\.outlook\.com \(\S+\.outbound\.protection\.outlook\.com[ \)]"
    );

    private static readonly FunctionPattern OutlookByAddress = new(
        @"from \S*\.(?:eur|nam)prd\d+\.prod\.outlook\.com \("
    );

    private static readonly FunctionPattern SaysHotmail = new(@"(?:from |HELO |helo=)\S*hotmail\.com\b");
    private static readonly FunctionPattern OfHotmail = Domain("hotmail");
    private static readonly FunctionPattern OfEudora = Domain("eudoramail");
    private static readonly FunctionPattern Eudora = new(@"by \S*whowhere.com;");
    private static readonly FunctionPattern OfYahoo = Domain("yahoo");
    private static readonly FunctionPattern Yahoo = new(
        @"by web\S+\.mail\S*\.yahoo\.com via HTTP|by sonic\S+\.consmr\.mail\S*\.yahoo\.com with HTTP|by smtp\S+\.yahoo\.com with SMTP"
            + @"|by \w+\.\w+\.yahoo\.com \(\d+\.\d+\.\d+/\d+\.\d+\.\d+\)(?: with ESMTP)? id \w+"
    );

    private static readonly FunctionPattern YahooGroups = new(@"^\] by \S+\.(?:groups|scd|dcn)\.yahoo\.com with NNFMP");
    private static readonly FunctionPattern YahooBulk = new(@"\bmailer\d+\.bulk\.scd\.yahoo\.com\b");
    private static readonly FunctionPattern YahooReply = new(@"@reply\.yahoo\.com$", "i");
    private static readonly FunctionPattern YahooRelay = new(@" rdns=\S+\.yahoo\.com ");
    private static readonly FunctionPattern OfJuno = Domain("juno");
    private static readonly FunctionPattern JunoCookie = new(@" cookie\.(?:juno|untd)\.com ");
    private static readonly FunctionPattern JunoName = new(@"\b(?:juno|untd)\.com");
    private static readonly FunctionPattern OfGmail = Domain("gmail");
    private static readonly FunctionPattern GmailReceived = new(
        @"by 10\.\S+ with SMTP id \S+|by 2002:a\d\d:\w+:\S+ with SMTP id \S+"
    );

    private static readonly FunctionPattern GooglemailReceived = new(@"by smtp\.googlemail\.com with ESMTPSA id \S+");
    private static readonly FunctionPattern Groupwise = new(
        @"\nfrom\s\S+\sby\s(\S+)\swith\sESMTP;\s+\S\S\S,\s+\d+\s+\S\S\S\s+\d{4}\s+\d\d:\d\d:\d\d\s+[-+]*\d{4}\n$"
    );

    /// <summary>A relay with a name of AOL's form which is none of AOL's.</summary>
    [RuleFunction("check_for_fake_aol_relay_in_rcvd")]
    internal static int IsAolForged(RuleCall call)
    {
        var received = call.Received();
        return Hits(
            received.Contains(" rly-", StringComparison.OrdinalIgnoreCase)
                && AolRelay.IsMatch(received)
                && !AolServer.IsMatch(received)
        );
    }

    /// <summary>Mail by a list that takes Received fields out, or without any.</summary>
    [RuleFunction("gated_through_received_hdr_remover")]
    internal static int LosesReceivedFields(RuleCall call)
    {
        var received = call.Mail.Joined("Received");
        if (received.Length == 0)
            return 1;
        var list = call.Mail.Joined("Mailing-List");
        if (list.Length > 0 && Ezmlm.IsMatch(list))
        {
            if (MailingList.IsMatch(call.Mail.Joined("Delivered-To")) && Qmail.IsMatch(received))
                return 1;
        }

        return Hits(received.Contains("groups.msn.com", StringComparison.Ordinal) && MsnGroups.IsMatch(received));
    }

    /// <summary>Mail of MSN's groups as they send it.</summary>
    [RuleFunction("check_for_msn_groups_headers")]
    internal static int IsOfMsnGroups(RuleCall call)
    {
        if (
            MsnList.Find(call.Mail.Joined("To")) is not { } list
            || MsnServer.Find(call.Mail.Joined("Received")) is not { } server
        )
            return 0;
        var id = call.Mail.Joined("Message-Id");
        if (list == "notifications")
            return Hits(new FunctionPattern($@"^<\S+@{FunctionPattern.Quote(server)}>").IsMatch(id));
        return Hits(
            new FunctionPattern($@"^<{FunctionPattern.Quote(list)}-\S+@groups\.msn\.com>").IsMatch(id)
                && call.Mail.FirstAddress("EnvelopeFrom")
                    .Contains($"{list}-bounce@groups.msn.com", StringComparison.Ordinal)
        );
    }

    /// <summary>A client that said it was Hotmail's and was not.</summary>
    [RuleFunction("check_for_forged_hotmail_received_headers")]
    internal static int IsHotmailForged(RuleCall call) => Hits(call.Facts.Shared(HotmailFacts.Of(call)).IsHelo);

    /// <summary>An author at Hotmail whose mail does not come from there.</summary>
    [RuleFunction("check_for_no_hotmail_received_headers")]
    internal static int IsHotmailElsewhere(RuleCall call) => Hits(call.Facts.Shared(HotmailFacts.Of(call)).IsAuthor);

    /// <summary>An author at Eudoramail whose mail does not come from there.</summary>
    [RuleFunction("check_for_forged_eudoramail_received_headers")]
    internal static int IsEudoraForged(RuleCall call)
    {
        if (!OfEudora.IsMatch(call.Mail.FirstAddress("From")) || LosesReceivedFields(call) != 0)
            return 0;
        return Hits(!(HasAddress(call.Mail.Joined("X-Sender-Ip")) && Eudora.IsMatch(call.Received())));
    }

    /// <summary>An author at Yahoo whose mail does not come from there.</summary>
    [RuleFunction("check_for_forged_yahoo_received_headers")]
    internal static int IsYahooForged(RuleCall call)
    {
        var mail = call.Mail;
        var from = mail.FirstAddress("From");
        if (!OfYahoo.IsMatch(from))
            return 0;
        var received = call.Received();
        if (
            mail.Joined("Resent-From").Length > 0
            && mail.Joined("Resent-To").Length > 0
            && mail.Joined("X-Received") is { Length: > 0 } before
        )
            received = MailValues.Squeeze(before);
        if (LosesReceivedFields(call) != 0)
            return 0;
        // Yahoo's own bounces.
        var relays = ReceivedTrail.Describe(mail.Received.Untrusted);
        var first = relays.IndexOf(']', StringComparison.Ordinal) is var end and >= 0 ? relays[..end] : relays;
        return Hits(
            !YahooRelay.IsMatch(ReceivedTrail.Describe(mail.Received.Trusted))
                && !YahooRelay.IsMatch(first)
                && !Yahoo.IsMatch(received)
                && !HasYahooGroups(received)
                && !(YahooBulk.IsMatch(received) && YahooReply.IsMatch(from))
        );
    }

    /// <summary>An author at Juno whose mail does not come from there.</summary>
    [RuleFunction("check_for_forged_juno_received_headers")]
    internal static int IsJunoForged(RuleCall call)
    {
        var mail = call.Mail;
        if (!OfJuno.IsMatch(mail.FirstAddress("From")) || LosesReceivedFields(call) != 0)
            return 0;
        var origin = mail.Joined("X-Originating-IP");
        var mailer = mail.Joined("X-Mailer");
        var received = mail.Joined("Received");
        if (origin.Length > 0)
        {
            return Hits(
                (!HasJunoAddress(received) && !JunoCookie.IsMatch(received))
                    || !mailer.Contains("Juno ", StringComparison.Ordinal)
            );
        }

        // Juno's web mail writes X-Originating-IP always.
        return 1;
    }

    /// <summary>An author at Gmail whose mail does not come from there.</summary>
    [RuleFunction("check_for_forged_gmail_received_headers")]
    internal static int IsGmailForged(RuleCall call)
    {
        var mail = call.Mail;
        return Hits(
            OfGmail.IsMatch(mail.FirstAddress("From"))
                && !GmailReceived.IsMatch(mail.Joined("X-Received"))
                && !GooglemailReceived.IsMatch(mail.Joined("Received"))
                && (
                    mail.Joined("X-Gm-Message-State").Length < GoogleTokenLength
                    || mail.Joined("X-Google-Smtp-Source").Length < GoogleTokenLength
                )
        );
    }

    /// <summary>A Received field of a form that a certain bulk mailer made up.</summary>
    [RuleFunction("check_for_forged_gw05_received_headers")]
    internal static int IsGroupwiseForged(RuleCall call) =>
        Hits(
            Groupwise.Find(call.Mail.Joined("Received")) is { } server
                && !server.Contains('.', StringComparison.Ordinal)
        );

    private static FunctionPattern Domain(string name) => new($@"\b{name}\.com$", "i");

    private static bool HasAddress(string text) => AddressText.Find(text).Length > 0;

    private static bool IsAddressAt(string text, int at, char close) =>
        AddressText.Match(text, at) is var length and > 0 && at + length < text.Length && text[at + length] == close;

    private static bool HasYahooGroups(string received)
    {
        for (
            var at = received.IndexOf("from [", StringComparison.Ordinal);
            at >= 0;
            at = received.IndexOf("from [", at + 1, StringComparison.Ordinal)
        )
        {
            var length = AddressText.Match(received, at + 6);
            var end = at + 6 + length;
            // Beyond the next field's "from [" there is another to look at.
            var next = received.IndexOf("from [", end, StringComparison.Ordinal);
            if (length > 0 && YahooGroups.IsMatch(received.AsSpan(end, (next < 0 ? received.Length : next) - end)))
                return true;
        }

        return false;
    }

    // In one line: "from", the name, an address in brackets, "by".
    private static bool HasJunoAddress(string received)
    {
        foreach (var line in received.Split('\n'))
        {
            var from = line.IndexOf("from", StringComparison.Ordinal);
            if (from < 0)
                continue;
            var rest = line[(from + 4)..];
            var at = JunoName.Ends(rest).FirstOrDefault(rest.Length);
            while (at < rest.Length && !(rest[at] is '[' or '(' && IsBracketed(rest, at)))
                at++;
            if (at < rest.Length && rest.IndexOf("by", at + 1, StringComparison.Ordinal) >= 0)
                return true;
        }

        return false;
    }

    private static bool IsBracketed(string text, int at) =>
        IsAddressAt(text, at + 1, ']') || IsAddressAt(text, at + 1, ')');

    private sealed record HotmailFacts(bool IsHelo, bool IsAuthor)
    {
        private static readonly HotmailFacts None = new(false, false);

        public static Func<MailFacts, HotmailFacts> Of(RuleCall call) => _ => Read(call);

        private static HotmailFacts Read(RuleCall call)
        {
            var received = call.Received();
            var isHelo = received.Contains("hotmail.com", StringComparison.Ordinal) && SaysHotmail.IsMatch(received);
            var isAuthor = OfHotmail.IsMatch(call.Mail.FirstAddress("From"));
            if (!isHelo && !isAuthor)
                return None;
            if (
                received.Contains(
                    "from mail pickup service by hotmail.com with Microsoft SMTPSVC;",
                    StringComparison.Ordinal
                )
                || IsOfMsnGroups(call) != 0
                || LosesReceivedFields(call) != 0
                || IsReal(call.Mail, received)
            )
                return None;
            return new HotmailFacts(isHelo, !isHelo);
        }

        private static bool IsReal(SpamMail mail, string received)
        {
            var origin = mail.Joined("X-OriginatorOrg");
            if (
                HasAddress(mail.Joined("X-Originating-Ip"))
                && (
                    Hotmail.IsMatch(received)
                    || HotmailByWeb.IsMatch(received)
                    || HotmailByYahoo.IsMatch(received)
                    || HotmailByAddress.Ends(received).Any(at => IsAddressBeforeEnd(received, at))
                )
            )
                return true;
            return (
                    origin.Contains("hotmail.com", StringComparison.Ordinal)
                    || origin.Contains("msonline-outlook", StringComparison.Ordinal)
                )
                && (
                    Outlook.IsMatch(received)
                    || OutlookByAddress.Ends(received).Any(at => IsAddressAt(received, at, ')'))
                );
        }

        private static bool IsAddressBeforeEnd(string received, int at)
        {
            var end = at + AddressText.Match(received, at);
            return end > at && received.AsSpan(end) is [']', ' ' or ')' or ':', ..];
        }
    }
}
