using System.Buffers;
using static Postreiter.Spam.Mail.Received.Field;
using static Postreiter.Spam.Mail.Received.Piece;

namespace Postreiter.Spam.Mail.Received;

/// <summary>
/// Reads one Received field of any server. There is no grammar that servers keep to (RFC 5321 §4.4 has one): some swap name and HELO,
/// some leave out the address. So the line goes through an ordered list of formats, and the first that fits says what is what.
/// </summary>
internal static partial class ReceivedParser
{
    // What may stand in the name that a client gives of itself.
    private static readonly SearchValues<char> HeloChars = SearchValues.Create(WordChars + "-.^+&:=?!@%*$\\/");

    private static readonly SearchValues<char> Structural = SearchValues.Create(" \t\n\v\f\r\0#[]()<>|");
    private static readonly SearchValues<char> NameChars = SearchValues.Create(
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-."
    );

    private static readonly SearchValues<char> AddressChars = SearchValues.Create("0123456789.");
    private static readonly SearchValues<char> NotInId = SearchValues.Create(" \t\n\v\f\r<>;");
    private static readonly string[] Weekdays = ["Mon, ", "Tue, ", "Wed, ", "Thu, ", "Fri, ", "Sat, ", "Sun, "];

    private static readonly string[] Months =
    [
        "Jan",
        "Feb",
        "Mar",
        "Apr",
        "May",
        "Jun",
        "Jul",
        "Aug",
        "Sep",
        "Oct",
        "Nov",
        "Dec",
    ];

    // simta and Rockliffe: FROM HELO (RDNS [IP]) BY HOST (Rockliffe SMTPRA) WITH SMTP ID <x> FOR <y>
    private static readonly ReceivedPattern UpperCase = new(
        Word(Helo),
        " (",
        Word(Rdns),
        " [",
        Ip(),
        "]) BY ",
        Word(By),
        " ",
        Optional("(", Except(")"), ") WITH SMTP "),
        "ID ",
        Optional("<"),
        Word(Id),
        Optional(">"),
        Optional(" FOR <", Except(">"), ">"),
        End()
    );

    // Norton AntiVirus Gateway: (from HELO [IP]) by HOST (NAVGW 2.5) with SMTP
    private static readonly ReceivedPattern Norton = new(
        MaybeWord(Helo),
        " [",
        Ip(),
        "]) by ",
        Word(By),
        " (NAVGW ",
        Least(),
        ") with "
    );

    private static readonly ReceivedPattern SubmittedHere = new(Word(), "@localhost) by ", Word(), " ");

    private static readonly ReceivedPattern Juno = new(
        Except("@ "),
        "@",
        Except(")"),
        ") by ",
        Word(),
        "(jqueuemail) id ",
        Except("; ")
    );

    /// <summary>Reads a field's value.</summary>
    /// <param name="value">The value, unfolded; octets.</param>
    /// <param name="relay">The relay, if the field names one.</param>
    /// <param name="envelopeFrom">The sender that belongs to the next line, from qmail-scanner.</param>
    /// <returns><see cref="Reading.Other"/> when the field is about a handover that could not be read.</returns>
    public static Reading Read(string value, out Relay? relay, out string? envelopeFrom)
    {
        (relay, envelopeFrom) = (null, null);
        var text = Squeeze(value);
        if (
            !text.StartsWith("from ", StringComparison.OrdinalIgnoreCase)
            && !text.StartsWith("(from ", StringComparison.OrdinalIgnoreCase)
        )
        {
            return Reading.Ignore;
        }

        if (HasWords(text, "with local for") || IsBareHandover(text))
            return Reading.Ignore;
        text = WithoutDate(text);
        var close = text.IndexOf(")by ", StringComparison.Ordinal);
        if (close >= 0)
            text = text.Insert(close + 1, " ");

        var line = new ReceivedLine(text);
        ReadWellKnown(line);
        line.Auth = ReceivedAuthentication.Method(line) ?? "";
        var reading = ReadFormats(line, out envelopeFrom);
        if (reading == Reading.Other && line.Ip.Length == 0)
            FindBracketed(line);
        if (reading == Reading.Other && line.Ip.Length > 0 && line.By.Length > 0)
            reading = Reading.Relay;
        if (reading == Reading.Relay)
            relay = Finish(line);
        return reading;
    }

    /// <summary>The sender without brackets, with a <c>!</c> for what could be mistaken for structure.</summary>
    public static string CleanSender(string sender)
    {
        var rest = Octets.TrimStart(sender).TrimStart('<');
        rest = Octets.TrimEnd(rest).TrimEnd('>');
        return Clean(rest);
    }

    private static Reading ReadFormats(ReceivedLine line, out string? envelopeFrom)
    {
        envelopeFrom = null;
        if (line.Text.StartsWith("from ", StringComparison.Ordinal))
        {
            line.Text = line.Text[5..];
            line.EnvelopeFrom = FindEnvelopeFrom(line.Text);
            var reading = NamedServerFormats.Read(line);
            if (reading == Reading.Other)
                reading = GeneralFormats.Read(line);
            if (reading != Reading.Other)
                return reading;
            if (IgnoredFormats.Has(line, out envelopeFrom))
                return Reading.Ignore;
            if (line.Helo.Length == 0)
                line.Helo = FirstName(line.Text);
            return Reading.Other;
        }

        if (line.Text.StartsWith("FROM ", StringComparison.Ordinal))
        {
            line.Text = line.Text[5..];
            if (!UpperCase.Match(line))
                return Reading.Other;
            line.LooksUpNames = true;
            if (line.Id.EndsWith('>'))
                line.Id = line.Id[..^1];
            if (line.Rdns == "unverified")
                line.Rdns = "";
            return Reading.Relay;
        }

        if (!line.Text.StartsWith("(from ", StringComparison.Ordinal))
            return Reading.Other;
        line.Text = line.Text[6..];
        if (Norton.Match(line))
            return Reading.Relay;
        return SubmittedHere.Match(line) || Juno.Match(line) ? Reading.Ignore : Reading.Other;
    }

    // The first word, up to the last character of it that a name does not have when nothing follows it.
    private static string FirstName(ReadOnlySpan<char> text)
    {
        var end = text.IndexOf(' ');
        if (end < 0)
            end = text.LastIndexOfAnyExcept(NameChars);
        return end > 0 ? text[..end].ToString() : "";
    }

    private static Relay Finish(ReceivedLine line)
    {
        var rdns = line.Rdns.TrimEnd('.');
        if (rdns.Equals("unknown", StringComparison.OrdinalIgnoreCase) || rdns.StartsWith('['))
            rdns = "";
        var ip = CleanAddress(line.Ip);
        var by = line.By.EndsWith(';') ? line.By[..^1] : line.By;
        return new Relay
        {
            Ip = Clean(ip),
            Rdns = Clean(rdns),
            Helo = Clean(line.Helo),
            By = Clean(by),
            Ident = Clean(line.Ident),
            EnvelopeFrom = line.EnvelopeFrom is { } sender ? CleanSender(sender) : null,
            Id = line.Id,
            Auth = line.Auth,
            HasNoReverseDns = rdns.Length == 0 && line.LooksUpNames,
            IsRdnsMissing = rdns.Length == 0 && !line.LooksUpNames,
            IsPrivate = AddressText.IsPrivate(ip),
        };
    }

    private static ReadOnlySpan<char> CleanAddress(ReadOnlySpan<char> ip)
    {
        if (ip.StartsWith("IPv6:", StringComparison.OrdinalIgnoreCase))
            ip = ip[5..];
        // IPv4 in IPv6 is IPv4, in the form that ends in dotted decimal.
        var mapped = ip.LastIndexOf(':');
        if (
            mapped >= 4
            && ip[mapped..].Contains('.')
            && ip[..mapped].EndsWith("ffff", StringComparison.OrdinalIgnoreCase)
            && ip[..(mapped - 4)].IndexOfAnyExcept('0', ':') < 0
        )
        {
            ip = ip[(mapped + 1)..];
        }

        return ip;
    }

    private static string Clean(ReadOnlySpan<char> text)
    {
        if (!text.ContainsAny(Structural))
            return text.ToString();
        var clean = text.ToArray();
        for (var i = 0; i < clean.Length; i++)
        {
            if (Structural.Contains(clean[i]))
                clean[i] = '!';
        }

        return new string(clean);
    }

    // Runs of blanks are one, none at the ends, and no semicolon at the end.
    private static string Squeeze(string value)
    {
        var to = new char[value.Length];
        var n = 0;
        foreach (var c in value)
        {
            if (!Octets.IsBlank(c))
                to[n++] = c;
            else if (n == 0 || to[n - 1] != ' ')
                to[n++] = ' ';
        }

        var text = to.AsSpan(0, n);
        if (text is [' ', ..])
            text = text[1..];
        if (text is [.., ' '])
            text = text[..^1];
        while (text is [.., ';'])
        {
            text = text[..^1];
            if (text is [.., ' '])
                text = text[..^1];
        }

        return text.ToString();
    }

    private static bool HasWords(string text, string words)
    {
        for (var at = text.IndexOf(words, StringComparison.Ordinal); at >= 0; )
        {
            var end = at + words.Length;
            if ((at == 0 || !Octets.IsWord(text[at - 1])) && (end == text.Length || !Octets.IsWord(text[end])))
                return true;
            at = text.IndexOf(words, at + 1, StringComparison.Ordinal);
        }

        return false;
    }

    // "from NAME by NAME ;" has no address, unless NAME is one in brackets.
    private static bool IsBareHandover(string text)
    {
        if (!text.StartsWith("from ", StringComparison.OrdinalIgnoreCase))
            return false;
        var rest = text.AsSpan(5);
        var end = rest.IndexOf(' ');
        if (end < 1 || !rest[end..].StartsWith(" by ", StringComparison.OrdinalIgnoreCase))
            return false;
        var name = rest[..end];
        rest = rest[(end + 4)..];
        var length = rest.IndexOfAny(' ', ';');
        if (length < 1)
            return false;
        rest = rest[length..];
        if (rest is [' ', ..])
            rest = rest[1..];
        if (rest is not [';', ..])
            return false;
        return !(name is ['[', .. { Length: > 0 } inner, ']'] && inner.IndexOfAnyExcept(AddressChars) < 0);
    }

    // "; Tue, 23 May 2006 13:06:35 -0400" at the end says nothing of the relay.
    private static string WithoutDate(string text)
    {
        var rest = text.AsSpan();
        if (!TakeWord(ref rest, out var zone) || zone.IsEmpty)
            return text;
        if (!TakeWord(ref rest, out var time) || !IsTime(time))
            return text;
        if (!TakeWord(ref rest, out var year) || year.IsEmpty || year.ContainsAnyExceptInRange('0', '9'))
            return text;
        if (!TakeWord(ref rest, out var month) || Array.IndexOf(Months, month.ToString()) < 0)
            return text;
        var digits = rest.Length - 1 - rest.LastIndexOfAnyExceptInRange('0', '9');
        if (digits == 0)
            return text;
        rest = rest[..^digits];
        foreach (var weekday in Weekdays)
        {
            if (rest.EndsWith(weekday) && rest[..^5] is [.., ' ' or ';'])
                rest = rest[..^5];
        }

        var end = rest.TrimEnd(" ;");
        return end.Length == rest.Length ? text : end.ToString();
    }

    private static bool TakeWord(ref ReadOnlySpan<char> text, out ReadOnlySpan<char> word)
    {
        var at = text.LastIndexOf(' ');
        word = text[(at + 1)..];
        if (at < 0)
            return false;
        text = text[..at];
        return true;
    }

    private static bool IsTime(ReadOnlySpan<char> text)
    {
        var parts = 0;
        foreach (var part in text.Split(':'))
        {
            if (text[part].IsEmpty || text[part].ContainsAnyExceptInRange('0', '9'))
                return false;
            parts++;
        }

        return parts is 2 or 3;
    }

    private static int Next(ReadOnlySpan<char> text, int at, ReadOnlySpan<char> what)
    {
        var next = text[(at + 1)..].IndexOf(what);
        return next < 0 ? -1 : at + 1 + next;
    }
}
