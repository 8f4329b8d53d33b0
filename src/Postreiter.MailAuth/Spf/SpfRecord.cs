using System.Buffers;
using System.Buffers.Binary;
using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace Postreiter.MailAuth.Spf;

/// <summary>The mechanisms of RFC 7208 §5.</summary>
internal enum SpfMechanism
{
    All,
    Include,
    A,
    Mx,
    Ptr,
    Ip4,
    Ip6,
    Exists,
}

/// <summary>One directive: a qualifier and a mechanism.</summary>
/// <param name="Text">As it stands in the record.</param>
/// <param name="Result">What a match means (RFC 7208 §4.6.2).</param>
/// <param name="Mechanism">Which.</param>
/// <param name="Domain">Its domain-spec; null means the current domain.</param>
/// <param name="Network">Of ip4 and ip6, as <see cref="SpfRecord.Bits"/>.</param>
/// <param name="Length4">Leading bits of an IPv4 address that count.</param>
/// <param name="Length6">Leading bits of an IPv6 address that count.</param>
internal sealed record SpfDirective(
    string Text,
    SpfResult Result,
    SpfMechanism Mechanism,
    MacroString? Domain,
    UInt128 Network,
    int Length4,
    int Length6
);

/// <summary>A record, read in full before anything of it is used: an error anywhere spoils it all (RFC 7208 §4.6).</summary>
internal sealed class SpfRecord
{
    /// <summary>Longest record in characters; DNS itself carries hardly more.</summary>
    public const int MaxLength = 65_535;

    private static readonly SearchValues<char> NameCharacters = SearchValues.Create(
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_."
    );

    private static readonly SearchValues<char> Ip4Characters = SearchValues.Create("0123456789.");
    private static readonly SearchValues<char> Ip6Characters = SearchValues.Create("0123456789abcdefABCDEF:.");

    private static readonly Dictionary<string, SpfMechanism> Mechanisms = new(StringComparer.OrdinalIgnoreCase)
    {
        ["all"] = SpfMechanism.All,
        ["include"] = SpfMechanism.Include,
        ["a"] = SpfMechanism.A,
        ["mx"] = SpfMechanism.Mx,
        ["ptr"] = SpfMechanism.Ptr,
        ["ip4"] = SpfMechanism.Ip4,
        ["ip6"] = SpfMechanism.Ip6,
        ["exists"] = SpfMechanism.Exists,
    };

    /// <summary>The directives in order; those behind <c>all</c> can never match.</summary>
    public List<SpfDirective> Directives { get; } = [];

    /// <summary><c>redirect=</c>.</summary>
    public MacroString? Redirect { get; private set; }

    /// <summary><c>exp=</c>.</summary>
    public MacroString? Explanation { get; private set; }

    /// <summary>Whether a TXT record is one of SPF (RFC 7208 §4.5): the version alone or before a space.</summary>
    public static bool IsSpf(string text) =>
        text.StartsWith("v=spf1", StringComparison.OrdinalIgnoreCase) && (text.Length == 6 || text[6] == ' ');

    /// <summary>Reads a record.</summary>
    /// <param name="text">The text, with the version.</param>
    /// <param name="error">What is wrong, for people; null when nothing is.</param>
    public static SpfRecord? Parse(string text, out string? error)
    {
        error = null;
        var record = new SpfRecord();
        if (text.Length > MaxLength)
            error = "the record is longer than 65,535 characters";
        foreach (var range in text.AsSpan(6).Split(' '))
        {
            if (error is not null)
                return null;
            var term = text.AsSpan(6)[range];
            if (!term.IsEmpty && !record.TryAdd(term))
                error = $"'{Shown(term)}' is not a term of SPF";
        }

        return error is null ? record : null;
    }

    /// <summary>A stranger's text, fit for logs and reasons.</summary>
    internal static string Shown(ReadOnlySpan<char> text) => Printable.Cut(text, 100);

    /// <summary>An address as a number whose leading bits are those of the address: the 32 of IPv4 stand in front too.</summary>
    internal static UInt128 Bits(IPAddress address)
    {
        Span<byte> bytes = stackalloc byte[16];
        bytes.Clear();
        address.TryWriteBytes(bytes, out _);
        return BinaryPrimitives.ReadUInt128BigEndian(bytes);
    }

    /// <summary>Whether the leading bits of two addresses are the same.</summary>
    internal static bool IsSame(UInt128 left, UInt128 right, int bits) =>
        bits == 0 || ((left ^ right) >> (128 - bits)) == 0;

    private bool TryAdd(ReadOnlySpan<char> term)
    {
        // modifier = name "=" …; a directive has no "=" before its ":" or "/".
        var end = term.IndexOfAnyExcept(NameCharacters);
        if (end > 0 && term[end] == '=' && char.IsAsciiLetter(term[0]))
            return TryAddModifier(term[..end], term[(end + 1)..]);
        return TryAddDirective(term);
    }

    private bool TryAddModifier(ReadOnlySpan<char> name, ReadOnlySpan<char> value)
    {
        // RFC 7208 §6: redirect and exp stand at most once each; unknown ones are ignored, if their syntax is good.
        if (name.Equals("redirect", StringComparison.OrdinalIgnoreCase))
            return Redirect is null && (Redirect = DomainSpec(value)) is not null;
        if (name.Equals("exp", StringComparison.OrdinalIgnoreCase))
            return Explanation is null && (Explanation = DomainSpec(value)) is not null;
        return MacroString.Parse(value) is not null;
    }

    private bool TryAddDirective(ReadOnlySpan<char> term)
    {
        var text = term.ToString();
        SpfResult? result = term[0] switch
        {
            '+' => SpfResult.Pass,
            '-' => SpfResult.Fail,
            '~' => SpfResult.SoftFail,
            '?' => SpfResult.Neutral,
            _ => null,
        };
        if (result is not null)
            term = term[1..];
        var end = term.IndexOfAny(':', '/');
        var name = end < 0 ? term : term[..end];
        if (!Mechanisms.GetAlternateLookup<ReadOnlySpan<char>>().TryGetValue(name, out var mechanism))
            return false;

        var rest = end < 0 ? default : term[end..];
        if (mechanism is SpfMechanism.Ip4 or SpfMechanism.Ip6)
            return TryAddNetwork(text, result ?? SpfResult.Pass, mechanism, rest);
        var (length4, length6) = (32, 128);
        if (mechanism is SpfMechanism.A or SpfMechanism.Mx && !TryTakeDualLength(ref rest, out length4, out length6))
            return false;
        MacroString? domain = null;
        if (!rest.IsEmpty && (rest[0] != ':' || (domain = DomainSpec(rest[1..])) is null))
            return false;
        var isGood = mechanism switch
        {
            SpfMechanism.All => rest.IsEmpty,
            SpfMechanism.Include or SpfMechanism.Exists => domain is not null,
            _ => true,
        };
        if (isGood)
            Directives.Add(new(text, result ?? SpfResult.Pass, mechanism, domain, default, length4, length6));
        return isGood;
    }

    private bool TryAddNetwork(string text, SpfResult result, SpfMechanism mechanism, ReadOnlySpan<char> rest)
    {
        if (rest is not [':', ..])
            return false;
        rest = rest[1..];
        var isV6 = mechanism == SpfMechanism.Ip6;
        var most = isV6 ? 128 : 32;
        var length = most;
        var slash = rest.LastIndexOf('/');
        if (slash >= 0 && !TryReadLength(rest[(slash + 1)..], most, out length))
            return false;
        var address = slash < 0 ? rest : rest[..slash];
        // IPAddress also takes "1.2", "0x7f.1" and "fe80::1%eth0"; RFC 7208 §5.6 does not.
        var isPlain = isV6
            ? address.IndexOfAnyExcept(Ip6Characters) < 0
            : address.IndexOfAnyExcept(Ip4Characters) < 0 && address.Count('.') == 3 && !HasLeadingZero(address);
        if (!isPlain || !IPAddress.TryParse(address, out var network))
            return false;
        if (network.AddressFamily != (isV6 ? AddressFamily.InterNetworkV6 : AddressFamily.InterNetwork))
            return false;
        Directives.Add(new(text, result, mechanism, null, Bits(network), length, length));
        return true;
    }

    private static bool HasLeadingZero(ReadOnlySpan<char> address)
    {
        foreach (var part in address.Split('.'))
        {
            if (address[part] is ['0', _, ..])
                return true;
        }

        return false;
    }

    // dual-cidr-length = [ "/" ip4 ] [ "/" "/" ip6 ]
    private static bool TryTakeDualLength(ref ReadOnlySpan<char> rest, out int length4, out int length6)
    {
        (length4, length6) = (32, 128);
        var digits = TrailingDigits(rest);
        if (digits > 0 && rest[..^digits].EndsWith("//"))
        {
            if (!TryReadLength(rest[^digits..], 128, out length6))
                return false;
            rest = rest[..^(digits + 2)];
            digits = TrailingDigits(rest);
        }

        if (digits == 0 || rest[..^digits] is not [.., '/'])
            return true;
        var isGood = TryReadLength(rest[^digits..], 32, out length4);
        rest = rest[..^(digits + 1)];
        return isGood;
    }

    private static int TrailingDigits(ReadOnlySpan<char> text) =>
        text.Length - 1 - text.LastIndexOfAnyExceptInRange('0', '9');

    private static bool TryReadLength(ReadOnlySpan<char> text, int most, out int length) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out length)
        && length <= most
        && text is not ['0', _, ..];

    // domain-spec = macro-string domain-end; domain-end = ( "." toplabel [ "." ] ) / macro-expand
    private static MacroString? DomainSpec(ReadOnlySpan<char> text)
    {
        var macro = MacroString.Parse(text);
        if (macro is null || text.IsEmpty || macro.EndsWithMacro)
            return macro is { EndsWithMacro: true } ? macro : null;
        if (text[^1] == '.')
            text = text[..^1];
        var dot = text.LastIndexOf('.');
        return dot >= 0 && IsTopLabel(text[(dot + 1)..]) ? macro : null;
    }

    // toplabel: letters, digits and inner hyphens, not digits alone.
    private static bool IsTopLabel(ReadOnlySpan<char> label)
    {
        if (label.IsEmpty || label[0] == '-' || label[^1] == '-')
            return false;
        var isNumber = true;
        foreach (var c in label)
        {
            if (!char.IsAsciiLetterOrDigit(c) && c != '-')
                return false;
            isNumber &= char.IsAsciiDigit(c);
        }

        return !isNumber;
    }
}
