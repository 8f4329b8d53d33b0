namespace Postreiter.Spam.Mail;

/// <summary>Addresses of hosts as they stand in headers: IPv4, IPv6, IPv4 in IPv6, with or without <c>IPv6:</c> in front.</summary>
/// <remarks>Each place of a text has at most one address: what would be a longer number, name or group beside it makes it none.</remarks>
internal static class AddressText
{
    /// <summary>The length of the address that begins at <paramref name="at"/>, 0 if there is none.</summary>
    public static int Match(ReadOnlySpan<char> text, int at)
    {
        if (at >= text.Length)
            return 0;
        var c = text[at];
        if (char.IsAsciiDigit(c) && MatchV4(text, at) is var v4 and > 0)
            return v4;
        if (HasPrefix(text, at))
            return MatchV6(text, at + 5) is var v6 and > 0 ? v6 + 5 : 0;
        if (!IsGroupChar(c) || (at > 0 && IsGroupChar(text[at - 1])))
            return 0;
        return MatchV6(text, at);
    }

    /// <summary>The first address of the text, or an empty range at its end.</summary>
    public static (int Start, int Length) Find(ReadOnlySpan<char> text)
    {
        for (var i = 0; i < text.Length; i++)
        {
            if ((IsGroupChar(text[i]) || text[i] is 'I' or 'i') && Match(text, i) is var length and > 0)
                return (i, length);
        }

        return (text.Length, 0);
    }

    /// <summary>The length of a name or address of the machine itself at <paramref name="at"/>: localhost, 127.0.0.1, ::1.</summary>
    public static int MatchLocalhost(ReadOnlySpan<char> text, int at)
    {
        var rest = text[at..];
        if (rest.StartsWith("localhost", StringComparison.OrdinalIgnoreCase))
            return rest[9..].StartsWith(".localdomain", StringComparison.OrdinalIgnoreCase) ? 21 : 9;
        var length = Match(text, at);
        if (length == 0)
            return 0;
        var address = rest[..length];
        if (HasPrefix(address, 0))
            address = address[5..];
        if (!address.Contains(':'))
            return address is "127.0.0.1" ? length : 0;
        return IsLoopbackV6(address) || (IsMapped(address, out var v4) && v4 is "127.0.0.1") ? length : 0;
    }

    /// <summary>Whether the address is of a network that the public internet does not route: RFC 1918, 6598, loopback, link-local.</summary>
    public static bool IsPrivate(ReadOnlySpan<char> address)
    {
        if (HasPrefix(address, 0))
            address = address[5..];
        if (!address.Contains(':'))
            return IsPrivateV4(address);
        if (IsMapped(address, out var v4))
            return IsPrivateV4(v4);
        var linkLocal =
            address.Length > 4
            && address.StartsWith("fe", StringComparison.OrdinalIgnoreCase)
            && address[2] is '8' or '9' or 'a' or 'b' or 'A' or 'B'
            && char.IsAsciiHexDigit(address[3])
            && address[4] == ':';
        return linkLocal || IsLoopbackV6(address);
    }

    private static bool IsPrivateV4(ReadOnlySpan<char> address)
    {
        Span<int> parts = stackalloc int[2];
        var rest = address;
        for (var i = 0; i < 2; i++)
        {
            var dot = rest.IndexOf('.');
            if (
                dot is < 1 or > 3
                || !int.TryParse(rest[..dot], System.Globalization.NumberStyles.None, null, out parts[i])
            )
                return i == 1 && parts[0] is 10 or 127;
            rest = rest[(dot + 1)..];
        }

        return (parts[0], parts[1]) switch
        {
            (10 or 127, _) => true,
            (169, 254) or (192, 168) => true,
            (172, >= 16 and <= 31) => true,
            (100, >= 64 and <= 127) => true,
            _ => false,
        };
    }

    // Dotted decimal without leading zeros, with no letter, digit or "_" at either side and no colon in front.
    private static int MatchV4(ReadOnlySpan<char> text, int at)
    {
        if (at > 0 && (Octets.IsWord(text[at - 1]) || text[at - 1] == ':'))
            return 0;
        var length = Decimals(text[at..]);
        return length > 0 && (at + length == text.Length || !Octets.IsWord(text[at + length])) ? length : 0;
    }

    private static int Decimals(ReadOnlySpan<char> text)
    {
        var at = 0;
        for (var part = 0; part < 4; part++)
        {
            if (part > 0 && (at >= text.Length || text[at++] != '.'))
                return 0;
            var start = at;
            var value = 0;
            while (at < text.Length && char.IsAsciiDigit(text[at]) && at - start < 3)
                value = (value * 10) + text[at++] - '0';
            if (at == start || value > 255 || (at - start > 1 && text[start] == '0'))
                return 0;
        }

        return at;
    }

    private static bool IsGroupChar(char c) => char.IsAsciiHexDigit(c) || c == ':';

    private static bool HasPrefix(ReadOnlySpan<char> text, int at) =>
        text[at..].StartsWith("IPv6:", StringComparison.OrdinalIgnoreCase);

    private static int MatchV6(ReadOnlySpan<char> text, int at)
    {
        var end = at;
        while (end < text.Length && IsGroupChar(text[end]))
            end++;
        var run = text[at..end];
        if (!run.Contains(':'))
            return 0;
        if (end < text.Length && text[end] == '.')
        {
            var last = run.LastIndexOf(':') + 1;
            var v4 = Decimals(text[(at + last)..]);
            var after = at + last + v4;
            if (v4 > 0 && (after == text.Length || !IsGroupChar(text[after])) && Groups(run[..last], mapped: true))
                return last + v4;
        }

        return Groups(run, mapped: false) ? run.Length : 0;
    }

    // The groups of a whole address (eight, or fewer with one "::"), or those in front of an IPv4 address, "h:h:" (six, or at
    // most five with "::").
    private static bool Groups(ReadOnlySpan<char> text, bool mapped)
    {
        var gap = text.IndexOf("::");
        if (gap < 0)
            return mapped ? text is [.. var six, ':'] && Count(six) == 6 : Count(text) == 8;
        var front = text[..gap];
        var back = text[(gap + 2)..];
        if (mapped && back.Length > 0)
        {
            if (back[^1] != ':')
                return false;
            back = back[..^1];
        }

        var (a, b) = (front.Length == 0 ? 0 : Count(front), back.Length == 0 ? 0 : Count(back));
        return a >= 0 && b >= 0 && a + b <= (mapped ? 5 : 7);
    }

    // How many groups of one to four digits, -1 if one is empty or longer.
    private static int Count(ReadOnlySpan<char> groups)
    {
        var count = 0;
        foreach (var range in groups.Split(':'))
        {
            var length = range.End.Value - range.Start.Value;
            if (length is 0 or > 4)
                return -1;
            count++;
        }

        return count;
    }

    private static bool IsLoopbackV6(ReadOnlySpan<char> address)
    {
        var last = address.LastIndexOf(':') + 1;
        return last > 0
            && address[last..].TrimStart('0') is "1"
            && address[..last].IndexOfAnyExcept('0', ':') < 0
            && Groups(address, mapped: false);
    }

    private static bool IsMapped(ReadOnlySpan<char> address, out ReadOnlySpan<char> v4)
    {
        var last = address.LastIndexOf(':') + 1;
        v4 = address[last..];
        var front = address[..last];
        return last > 0
            && v4.Contains('.')
            && front.EndsWith("ffff:", StringComparison.OrdinalIgnoreCase)
            && front[..^5].IndexOfAnyExcept('0', ':') < 0
            && Groups(front, mapped: true);
    }
}
