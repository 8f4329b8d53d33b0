using Postreiter.Spam.Mail;
using static Postreiter.Spam.Functions.CallArguments;

namespace Postreiter.Spam.Functions;

/// <summary>Functions of SpamAssassin's HeaderEval: what single headers say, and whether they agree.</summary>
internal static class HeaderEval
{
    private const double FileTimeHigh = 0.0023283064365387;
    private const double FileTimeOffset = 27111902.8329849;
    private const int OutlookTolerance = 250;
    private const double SecondsOfYear = 31_556_952;

    private static readonly FunctionPattern EncodedCharset = new(@"=\?([^\n]+?)\?[^\n]\?[^\n]*?\?=");
    private static readonly FunctionPattern CharsetWithoutCase = new(
        @"=\?[-_a-z0-9]*(?:koi|jp|jis|euc|gb|big5|isoir|cp1251|windows-1251|georgianps|pt154|tis)[-_a-z0-9]*\?",
        "i"
    );

    private static readonly FunctionPattern OutlookId = new(@"^<[0-9a-f]{4}([0-9a-f]{8})\$[0-9a-f]{8}\$[0-9a-f]{8}@");
    private static readonly FunctionPattern ListUnsubscribe = new(@"<mailto:(?:leave-\S+|\S+-unsubscribe)@\S+>$", "i");

    private static readonly FunctionPattern Template = new("%[A-Z][A-Z_-]");
    private static readonly FunctionPattern FreeText = new(
        @"^(?:X-VMS-To|X-UIDL|X-Face|To|Cc|From|Subject|References|In-Reply-To|(?:X-|Resent-|X-Original-)?Message-Id):",
        "i"
    );

    private static readonly FunctionPattern RatwareId = new("<[A-Z]{28}\\.([^>]+?)>");
    private static readonly FunctionPattern RewrittenSender = new(@"^SRS\d[=+-]", "i");
    private static readonly string[] ReplyMarks = ["re", "fwd", "fw", "aw", "antwort", "wg", "sv", "vb", "vs", "vl"];

    /// <summary>An encoded word of From or Subject in a charset of no language of `ok_locales`.</summary>
    [RuleFunction("check_for_faraway_charset_in_headers")]
    internal static int HasFarawayCharset(RuleCall call)
    {
        var locales = Locales.Of(call.Facts);
        if (locales.AreAll)
            return 0;
        foreach (
            var value in call.Mail.HeaderValues("From", raw: true).Concat(call.Mail.HeaderValues("Subject", raw: true))
        )
        {
            if (EncodedCharset.All(value).Any(word => !locales.Allows(word[1])))
                return 1;
        }

        return 0;
    }

    /// <summary>Never: there is no such rule any more, but old rulesets have it.</summary>
    [RuleFunction("check_for_unique_subject_id")]
    internal static int HasUniqueSubject(RuleCall call) => 0;

    /// <summary>Octets of a header that should be encoded: header, least share, least number.</summary>
    [RuleFunction("check_illegal_chars")]
    internal static int HasIllegalCharacters(RuleCall call)
    {
        var name = call.Argument(0) ?? "";
        if (name.EndsWith(":raw", StringComparison.Ordinal))
            name = name[..^4];
        var text = call.Mail.Joined(name, raw: true);
        if (Octets.Trim(text).IsEmpty)
            return 0;
        // UTF-8 in headers is RFC 6532's.
        if (Octets.HasHigh(text) && !text.AsSpan().ContainsAny(Controls) && IsUtf8(text))
            return 0;
        var illegal = 0;
        var signs = 0;
        foreach (var c in text)
        {
            illegal += c >= 0x7F || Controls.Contains(c) ? 1 : 0;
            signs += c is '\xA2' or '\xA3' or '\xAE' ? 1 : 0;
        }

        // A cent, pound or registered sign is nothing odd in a subject.
        if (illegal > 0 && signs == 1 && Octets.EqualsIgnoreCase(name, "Subject"))
            illegal--;
        return Hits((double)illegal / text.Length >= call.Number(1) && illegal >= call.Number(2));
    }

    /// <summary>Envelope's sender and From are the same address, or both are missing.</summary>
    [RuleFunction("check_for_matching_env_and_hdr_from")]
    internal static int IsSenderAuthor(RuleCall call) =>
        Hits(Octets.EqualsIgnoreCase(call.Mail.FirstAddress("EnvelopeFrom"), call.Mail.FirstAddress("From")));

    /// <summary>Neither To nor Apparently-To.</summary>
    [RuleFunction("check_for_missing_to_header")]
    internal static int IsToMissing(RuleCall call) =>
        Hits(call.Mail.Joined("To").Length == 0 && call.Mail.Joined("Apparently-To").Length == 0);

    /// <summary>The date lies so many hours behind the nearest handover: at least, below; `undef` is no limit.</summary>
    [RuleFunction("check_for_shifted_date")]
    internal static int IsDateShifted(RuleCall call)
    {
        var shift = MailDates.Of(call.Facts).Shift;
        return Hits(!(shift < 3600 * call.Limit(0)) && !(shift >= 3600 * call.Limit(1)));
    }

    /// <summary>The mail came so many months ago: at least, below.</summary>
    [RuleFunction("received_within_months")]
    internal static int IsOfMonths(RuleCall call)
    {
        var age = call.Facts.Time.GetUtcNow().ToUnixTimeSeconds() - MailDates.Of(call.Facts).Arrived;
        const double Month = SecondsOfYear / 12;
        return Hits(!(age < Month * call.Limit(0)) && !(age >= Month * call.Limit(1)));
    }

    /// <summary>A subject of two words and ten octets at least, all its letters capitals.</summary>
    [RuleFunction("subject_is_all_caps")]
    internal static int IsSubjectCapitals(RuleCall call)
    {
        var subject = WithoutReplyMarks(Octets.Trim(call.Mail.Joined("Subject")));
        if (subject.Length < 10 || subject.IndexOfAny(Octets.Blanks) < 0)
            return 0;
        var letters = 0;
        foreach (var c in subject)
        {
            if (char.IsAsciiLetterLower(c))
                return 0;
            letters += char.IsAsciiLetterUpper(c) ? 1 : 0;
        }

        return Hits(letters > 0 && !CharsetWithoutCase.IsMatch(call.Mail.Joined("Subject", raw: true)));
    }

    /// <summary>The subject names the recipient: `address`, or `user` where a greeting would stand.</summary>
    [RuleFunction("check_for_to_in_subject")]
    internal static int IsRecipientInSubject(RuleCall call)
    {
        var to = call.Mail.FirstAddress("To");
        if (to.Length == 0)
            return 0;
        var subject = call.Mail.Joined("Subject");
        return call.Argument(0) switch
        {
            "address" => Hits(HasWord(subject, to)),
            "user" => Hits(Greets(subject, to[..Math.Max(0, IndexOrEnd(to, '@'))])),
            _ => 0,
        };
    }

    /// <summary>A Message-ID of Outlook's form whose time is neither that of the date nor that of the handovers.</summary>
    [RuleFunction("check_outlook_message_id")]
    internal static int IsOutlookIdWrong(RuleCall call)
    {
        if (OutlookId.Find(call.Mail.Joined("MESSAGEID")) is not { } token)
            return 0;
        var time = Convert.ToInt64(token, 16);
        return Hits(IsFar(call.Mail.Joined("Date")) && IsFar(call.Mail.Joined("Received")));

        bool IsFar(string text)
        {
            var expected = (long)(((LenientDate.Read(text) ?? 0) * FileTimeHigh) + FileTimeOffset);
            return Math.Abs(time - expected) >= OutlookTolerance;
        }
    }

    /// <summary>Message-ID that lists and gateways have changed.</summary>
    [RuleFunction("check_messageid_not_usable")]
    internal static int IsMessageIdChanged(RuleCall call)
    {
        if (
            ListUnsubscribe.IsMatch(call.Mail.Joined("List-Unsubscribe"))
            || ForgedReceived.LosesReceivedFields(call) != 0
        )
            return 1;
        var received = call.Mail.Joined("Received");
        return Hits(
            received.Contains("/CWT/DCE)", StringComparison.Ordinal)
                || received.Contains("iPlanet Messaging Server", StringComparison.Ordinal)
        );
    }

    /// <summary>How many different values a header has: header, least, most.</summary>
    [RuleFunction("check_header_count_range")]
    internal static int IsCountInRange(RuleCall call)
    {
        var name = call.Argument(0) ?? "";
        var count = call.Mail.Fields.Named(name).Select(static field => field.Decoded).Distinct().Count();
        return Hits(count >= call.Number(1) && count <= call.Number(2));
    }

    /// <summary>A placeholder such as %NAME where nobody would have written one.</summary>
    [RuleFunction("check_unresolved_template")]
    internal static int HasTemplate(RuleCall call)
    {
        var all = call.Mail.Joined("ALL");
        return Hits(
            all.Contains('%', StringComparison.Ordinal)
                && all.Split('\n').Any(static line => Template.IsMatch(line) && !FreeText.IsMatch(line))
        );
    }

    /// <summary>The Message-ID is 28 capitals and the author's address.</summary>
    [RuleFunction("check_ratware_name_id")]
    internal static int IsIdOfAuthor(RuleCall call)
    {
        if (RatwareId.Find(call.Mail.Joined("MESSAGEID")) is not { } address)
            return 0;
        var from = call.Mail.Joined("From");
        address = $"<{address}>";
        for (
            var at = from.IndexOf(address, StringComparison.Ordinal);
            at >= 0;
            at = from.IndexOf(address, at + 1, StringComparison.Ordinal)
        )
        {
            // "a name" in front.
            var front = Octets.TrimEnd(from.AsSpan(0, at));
            if (front is [.., not '"', '"'] && front[..^1].Contains('"'))
                return 1;
        }

        return 0;
    }

    /// <summary>The sender's address is made of the recipient's domain and name.</summary>
    [RuleFunction("check_ratware_envelope_from")]
    internal static int IsSenderMadeOfRecipient(RuleCall call)
    {
        var to = call.Mail.FirstAddress("To");
        var from = call.Mail.FirstAddress("EnvelopeFrom");
        var at = to.IndexOf('@', StringComparison.Ordinal);
        if (from.Length == 0 || at <= 0 || at == to.Length - 1 || RewrittenSender.IsMatch(from))
            return 0;
        var domain = call.Facts.Domains.RegisteredDomain(to[(at + 1)..]);
        return Hits(call.Facts.Domains.IsValid(domain) && HasJoined(from, domain, to[..at] + "@"));
    }

    /// <summary>From and the envelope's sender are of different domains, by their last two labels.</summary>
    [RuleFunction("check_equal_from_domains")]
    internal static int AreDomainsDifferent(RuleCall call)
    {
        var author = LastLabels(call.Mail.FirstAddress("From"));
        var sender = LastLabels(call.Mail.FirstAddress("EnvelopeFrom"));
        return Hits(author.Length > 0 && sender.Length > 0 && !Octets.EqualsIgnoreCase(author, sender));
    }

    private static System.Buffers.SearchValues<char> Controls { get; } =
        System.Buffers.SearchValues.Create(
            "\0\x01\x02\x03\x04\x05\x06\a\b\v\f\x0E\x0F\x10\x11\x12\x13\x14\x15\x16\x17\x18\x19\x1A\x1B\x1C\x1D\x1E\x1F"
        );

    private static bool IsUtf8(string octets) =>
        System.Text.Unicode.Utf8.IsValid(System.Text.Encoding.Latin1.GetBytes(octets));

    private static ReadOnlySpan<char> WithoutReplyMarks(ReadOnlySpan<char> subject)
    {
        while (true)
        {
            var length = 0;
            foreach (var mark in ReplyMarks)
            {
                if (
                    subject.Length > mark.Length
                    && subject[mark.Length] == ':'
                    && Octets.EqualsIgnoreCase(subject[..mark.Length], mark)
                )
                    length = mark.Length + 1;
            }

            if (length == 0)
                return subject;
            subject = Octets.TrimStart(subject[length..]);
        }
    }

    private static bool HasWord(string text, string word)
    {
        for (
            var at = text.IndexOf(word, StringComparison.OrdinalIgnoreCase);
            at >= 0;
            at = text.IndexOf(word, at + 1, StringComparison.OrdinalIgnoreCase)
        )
        {
            if (IsBorder(text, at) && IsBorder(text, at + word.Length))
                return true;
        }

        return false;
    }

    // The domain, any octet, the rest.
    private static bool HasJoined(string text, string domain, string rest)
    {
        for (
            var at = text.IndexOf(domain, StringComparison.OrdinalIgnoreCase);
            at >= 0;
            at = text.IndexOf(domain, at + 1, StringComparison.OrdinalIgnoreCase)
        )
        {
            var behind = at + domain.Length + 1;
            if (
                IsBorder(text, at)
                && behind <= text.Length
                && text[behind - 1] != '\n'
                && text.AsSpan(behind).StartsWith(rest, StringComparison.OrdinalIgnoreCase)
            )
                return true;
        }

        return false;
    }

    private static bool IsBorder(string text, int at) =>
        (at > 0 && Octets.IsWord(text[at - 1])) != (at < text.Length && Octets.IsWord(text[at]));

    private static int IndexOrEnd(string text, char c) =>
        text.IndexOf(c, StringComparison.Ordinal) is var at and >= 0 ? at : text.Length;

    private static bool Greets(string subject, string user)
    {
        if (
            subject.StartsWith("re:", StringComparison.OrdinalIgnoreCase)
            || subject.StartsWith("fw:", StringComparison.OrdinalIgnoreCase)
        )
        {
            var rest = Octets.TrimStart(subject.AsSpan(3));
            if (IsWhole(rest, user))
                return true;
            var word = 0;
            while (word < rest.Length && Octets.IsWord(rest[word]))
                word++;
            var next = Octets.TrimStart(rest[word..]);
            if (word > 0 && next.Length < rest.Length - word && IsWhole(next, user))
                return true;
        }

        if (subject.StartsWith(user, StringComparison.Ordinal))
        {
            var rest = Octets.TrimStart(subject.AsSpan(user.Length));
            if (rest is [',' or ':' or ';' or '!' or '?' or '-', ..] && (IsEnd(rest[1..]) || Octets.IsBlank(rest[1])))
                return true;
        }

        if (IsWhole(subject, user))
            return true;
        if (subject is not [',', ..])
            return false;
        var named = Octets.TrimStart(subject.AsSpan(1));
        return named.StartsWith(user, StringComparison.OrdinalIgnoreCase)
            && named[user.Length..] is [',' or ':' or ';' or '!' or '?' or '-', ..]
            && IsEnd(named[(user.Length + 1)..]);
    }

    private static bool IsWhole(ReadOnlySpan<char> text, string user) =>
        text.StartsWith(user, StringComparison.OrdinalIgnoreCase) && IsEnd(text[user.Length..]);

    private static bool IsEnd(ReadOnlySpan<char> rest) => rest is "" or "\n";

    private static ReadOnlySpan<char> LastLabels(string address)
    {
        var at = address.LastIndexOf('@');
        if (at < 0)
            return "";
        var domain = address.AsSpan(at + 1);
        var last = domain.LastIndexOf('.');
        if (last <= 0 || last == domain.Length - 1)
            return domain;
        var before = domain[..last].LastIndexOf('.');
        return before > 0 && before < last - 1 ? domain[(before + 1)..] : domain;
    }
}
