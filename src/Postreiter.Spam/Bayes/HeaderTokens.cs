using System.Text.RegularExpressions;
using Postreiter.Spam.Configuration;
using Postreiter.Spam.Mail;

namespace Postreiter.Spam.Bayes;

/// <summary>Which header fields give tokens, under which short names, and what is taken out of them first.</summary>
/// <remarks>Names, sources and formats as in SpamAssassin's databases: section 9 of its Bayes plugin's documentation.</remarks>
internal sealed partial class HeaderTokens(Settings settings)
{
    private const RegexOptions NoCase = RegexOptions.IgnoreCase | RegexOptions.ECMAScript;

    // No clock: a mail has the same tokens on a machine that is busy, or what is learned could not be forgotten. A value has 8 KiB at most
    // and no pattern here takes more than the square of that in steps, some milliseconds; of the long ones two fields are read.
    private const int MostTime = Timeout.Infinite;

    // Of one field. A name of many labels is written once for each of them, and relays once for each Received field: so a mail could make
    // of a few KiB as much as it likes.
    private const int MostOctets = 64 * 1024;

    private static readonly Dictionary<string, string> ShortNames = new(StringComparer.Ordinal)
    {
        ["Message-Id"] = "*m",
        ["Message-ID"] = "*M",
        ["Received"] = "*r",
        ["User-Agent"] = "*u",
        ["References"] = "*f",
        ["In-Reply-To"] = "*i",
        ["From"] = "*F",
        ["Reply-To"] = "*R",
        ["Return-Path"] = "*p",
        ["Return-path"] = "*rp",
        ["X-Mailer"] = "*x",
        ["X-Authentication-Warning"] = "*a",
        ["Organization"] = "*o",
        ["Organisation"] = "*o",
        ["Content-Type"] = "*ct",
        ["Content-Disposition"] = "*cd",
        ["Content-Transfer-Encoding"] = "*ce",
        ["x-spam-relays-trusted"] = "*RT",
        ["x-spam-relays-untrusted"] = "*RU",
    };

    private readonly HashSet<string> _ignored = new(
        settings.Words("bayes_ignore_header"),
        Octets.NameComparer.Instance
    );

    /// <summary>The values that are to be divided into tokens, each with the prefix of its tokens.</summary>
    /// <param name="mail">The mail.</param>
    /// <param name="withSenders">
    /// Whether the domains of author and sender count. They do in a scan, and not where somebody shows a mail to learn.
    /// </param>
    public IEnumerable<(string Prefix, string Value)> Of(SpamMail mail, bool withSenders)
    {
        foreach (var (name, value) in Fields(mail, withSenders))
        {
            if (_ignored.Contains(name) || Chewed(name, value) is not { } chewed)
                continue;
            yield return (Prefix(name), chewed);
            if (IsAny(name, "In-Reply-To", "References", "Message-ID"))
                yield return ("H*MI:", chewed);
            else if (IsAny(name, "From", "To", "Cc"))
                yield return ("H*Ad:", chewed);
            else if (IsAny(name, "X-Mailer", "User-Agent"))
                yield return ("H*UA:", chewed);
        }
    }

    private static string Prefix(string name) => $"H{(ShortNames.TryGetValue(name, out var known) ? known : name)}:";

    // Fields in their order, then what is known besides, then the two lowest Received fields: who handed the mail in.
    private static List<(string Name, string Value)> Fields(SpamMail mail, bool withSenders)
    {
        var fields = new List<(string Name, string Value)>();
        var received = new List<(string Name, string Value)>();
        foreach (var shown in mail.ShownFields)
        {
            if (Octets.EqualsIgnoreCase(shown.Name, "Received"))
                received.Add((shown.Name, " " + shown.Decoded));
            else if (!IgnoredNames.Contains(shown.Name) && !IsIgnoredFamily(shown.Name))
                fields.Add((shown.Name, " " + shown.Decoded));
        }

        foreach (var name in mail.Metadata.Keys.Order(StringComparer.Ordinal))
            fields.Add((Octets.Lower(name), " " + mail.Metadata[name]));
        if (withSenders)
        {
            foreach (var name in new[] { "x-authordomain", "x-senderdomain" })
            {
                if (mail.Fields.Named(name).Count == 0 && mail.HeaderValues(name) is [var domains])
                    fields.Add((name, " " + domains));
            }
        }

        foreach (var part in new[] { "external", "internal", "trusted", "untrusted" })
        {
            var relays = mail.Header("x-spam-relays-" + part) ?? "";
            fields.Add(("x-spam-relays-" + part, " " + relays[..Math.Min(relays.Length, MostOctets)]));
        }

        fields.AddRange(received.AsEnumerable().Reverse().Take(2));
        return fields;
    }

    // Null for what is only marked as present: a mark is too short to be a token.
    private static string? Chewed(string name, string value)
    {
        if (IsAny(name, "Message-Id", "X-Message-Id", "Resent-Message-Id"))
            return MessageId(value);
        if (IsAddressField(name))
            return Addresses(value);
        if (name == "Received")
            return Received(value);
        if (name == "Content-Type")
            return ContentType(value);
        if (name == "MIME-Version")
            return value.IndexOf("1.0", StringComparison.Ordinal) is >= 0 and var at ? value.Remove(at, 3) : value;
        if (PresenceOnly().IsMatch(name))
            return null;
        return name.StartsWith("x-spam-relays-", StringComparison.Ordinal) ? WithoutRelayWords(value) : value;
    }

    private static bool IsAny(string name, string a, string b, string c = "Message-ID") =>
        Octets.EqualsIgnoreCase(name, a) || Octets.EqualsIgnoreCase(name, b) || Octets.EqualsIgnoreCase(name, c);

    private static bool IsAddressField(string name)
    {
        var rest = name.AsSpan();
        if (Octets.StartsIgnoreCase(rest, "X-"))
            rest = rest[2..];
        else if (Octets.StartsIgnoreCase(rest, "Resent-"))
            rest = rest[7..];
        foreach (var known in AddressNames)
        {
            if (Octets.EqualsIgnoreCase(rest, known))
                return true;
        }

        return false;
    }

    private static string[] AddressNames { get; } =
    ["Return-Path", "From", "To", "Cc", "Reply-To", "Errors-To", "Mail-Followup-To", "Sender"];

    private static string Addresses(string value)
    {
        var words = new System.Text.StringBuilder(value.Length * 2);
        foreach (var address in AddressListParser.Parse(value))
        {
            if (words.Length >= MostOctets)
                break;
            foreach (var word in (address.Phrase ?? "").Split(Perl.Blanks, StringSplitOptions.RemoveEmptyEntries))
                words.Append("N*").Append(word).Append(' ');
            if (address.Address is not { } text || LineTokens.MailAt(text) is not (> 0 and var at))
                continue;
            words.Append("U*").Append(text, 0, at).Append(' ');
            for (var domain = text.AsSpan(at + 1); ; )
            {
                words.Append("D*").Append(domain).Append(' ');
                if (
                    words.Length >= MostOctets
                    || domain.IndexOf('.') is not (> 0 and var dot)
                    || dot == domain.Length - 1
                )
                    break;
                domain = domain[(dot + 1)..];
            }
        }

        return words.ToString();
    }

    // What the clock wrote goes, what the program and the host wrote stays.
    private static string MessageId(string value)
    {
        if (value.Contains('$', StringComparison.Ordinal))
            value = OutlookId().Replace(value, " OEA$1 OEB$2 OEC$3 $4 ");
        value = EximId().Replace(value, "", 1);
        if (value.Contains("<20", StringComparison.Ordinal))
            value = SendmailId().Replace(value, "");
        return string.Create(
            value.Length,
            value,
            static (to, from) =>
            {
                for (var i = 0; i < to.Length; i++)
                    to[i] = Octets.IsWord(from[i]) ? from[i] : ' ';
            }
        );
    }

    // " ip=" and the like become a blank.
    private static string WithoutRelayWords(string value)
    {
        var kept = System.Buffers.ArrayPool<char>.Shared.Rent(value.Length);
        var n = 0;
        for (var i = 0; i < value.Length; i++)
        {
            kept[n++] = value[i];
            if (value[i] != ' ')
                continue;
            var end = i + 1;
            while (end < value.Length && char.IsAsciiLetterLower(value[end]))
                end++;
            if (end > i + 1 && end < value.Length && value[end] == '=')
                i = end;
        }

        var text = kept.AsSpan(0, n).ToString();
        System.Buffers.ArrayPool<char>.Shared.Return(kept);
        return text;
    }

    private static string ContentType(string value)
    {
        var found = Boundary().Matches(value);
        if (found.Count > 0)
        {
            var boundary = HexDigit().Replace(found[^1].Groups[1].Value, "H");
            value = Boundary().Replace(value, " ") + Separators().Replace(boundary, " $1 ");
        }

        return ContentTypeWord().Replace(value, " ");
    }

    private static string Received(string value)
    {
        if (value.Contains("SMTP", StringComparison.Ordinal))
        {
            value = SmtpId().Replace(value, " ");
            value = EsmtpId().Replace(value, " ");
        }

        value = AnyId().Replace(value, " ");
        value = EximReceivedId().Replace(value, " ");
        value = Date().Replace(value, "");
        // To the nearest /24, and once as it is.
        value = Ip().Replace(value, "$1$2$3 ip*$1$2$3$4 ");
        return ReceivedWord().Replace(value, " ");
    }

    [GeneratedRegex(
        @"^(?:X-Face|X-(?:Gnu-?PG|PGP|GPG)(?:-Key)?-Fingerprint|D(?:KIM|omainKey)-Signature|X-Google-DKIM-Signature|ARC-(?:Message-Signature|Seal)|Autocrypt)$",
        NoCase,
        MostTime
    )]
    private static partial Regex PresenceOnly();

    [GeneratedRegex(
        @"<([0-9a-f]{4})[0-9a-f]{8}\$([0-9a-f]{4})[0-9a-f]{4}\$([0-9a-f]{8})@(\S+)>",
        RegexOptions.ECMAScript,
        MostTime
    )]
    private static partial Regex OutlookId();

    [GeneratedRegex("<[A-Za-z0-9]{7}-[A-Za-z0-9]{6}-0[A-Za-z0-9]@", RegexOptions.ECMAScript, MostTime)]
    private static partial Regex EximId();

    [GeneratedRegex(
        @"<20\d\d[01]\d[0123]\d[012]\d[012345]\d[012345]\d\.[A-F0-9]{10,12}@",
        RegexOptions.ECMAScript,
        MostTime
    )]
    private static partial Regex SendmailId();

    [GeneratedRegex("""boundary=["'](.*?)["']""", NoCase, MostTime)]
    private static partial Regex Boundary();

    [GeneratedRegex("[a-fA-F0-9]", RegexOptions.ECMAScript, MostTime)]
    private static partial Regex HexDigit();

    [GeneratedRegex(@"([-_\.=]+)", RegexOptions.ECMAScript, MostTime)]
    private static partial Regex Separators();

    [GeneratedRegex(@"\b(?:text|charset)\b", RegexOptions.ECMAScript, MostTime)]
    private static partial Regex ContentTypeWord();

    [GeneratedRegex(@"\swith\sSMTP\sid\sg[\dA-Z]{10,12}\s", RegexOptions.ECMAScript, MostTime)]
    private static partial Regex SmtpId();

    [GeneratedRegex(@"\swith\sESMTP\sid\s[\dA-F]{10,12}\s", RegexOptions.ECMAScript, MostTime)]
    private static partial Regex EsmtpId();

    [GeneratedRegex(@"\bid\s[a-zA-Z0-9]{7,20}\b", RegexOptions.ECMAScript, MostTime)]
    private static partial Regex AnyId();

    [GeneratedRegex(@"\bid\s[A-Za-z0-9]{7}-[A-Za-z0-9]{6}-0[A-Za-z0-9]", RegexOptions.ECMAScript, MostTime)]
    private static partial Regex EximReceivedId();

    [GeneratedRegex(
        @"(?:(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun),\s)?[0-3\s]?[0-9]\s(?:Jan|Feb|Ma[ry]|Apr|Ju[nl]|Aug|Sep|Oct|Nov|Dec)\s(?:19|20)?[0-9]{2}\s[0-2][0-9](?::[0-5][0-9]){1,2}\s(?:\s*\(|\)|\s*(?:[+-][0-9]{4})|\s*(?:UT|[A-Z]{2,3}T))*",
        RegexOptions.ECMAScript,
        MostTime
    )]
    private static partial Regex Date();

    [GeneratedRegex(@"\b(\d{1,3}\.)(\d{1,3}\.)(\d{1,3})(\.\d{1,3})\b", RegexOptions.ECMAScript, MostTime)]
    private static partial Regex Ip();

    [GeneratedRegex(@"\b(?:with|from|for|SMTP|ESMTP)\b", RegexOptions.ECMAScript, MostTime)]
    private static partial Regex ReceivedWord();
}
