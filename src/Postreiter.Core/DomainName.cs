using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace Postreiter.Core;

/// <summary>
/// A domain name in its one comparable form: lower case, A-labels (RFC 5890 §2.3.2.1), no trailing dot;
/// or an address literal such as <c>[192.0.2.1]</c> or <c>[IPv6:2001:db8::1]</c> (RFC 5321 §4.1.3).
/// </summary>
/// <remarks>Limits: 255 octets in all, 63 a label (RFC 1035 §2.3.4). The default value is the empty name.</remarks>
public readonly record struct DomainName : IComparable<DomainName>
{
    /// <summary>Longest name in octets, without a trailing dot.</summary>
    public const int MaxLength = 255;

    /// <summary>Longest label in octets.</summary>
    public const int MaxLabelLength = 63;

    // UseStd3AsciiRules stays off: underscores occur in names that are looked up (RFC 6376 §3.6.2.1).
    private static readonly IdnMapping Idn = new() { AllowUnassigned = false, UseStd3AsciiRules = false };

    private readonly string? _value;

    private DomainName(string value) => _value = value;

    /// <summary>The name as ASCII: A-labels in lower case, or the address literal with its brackets.</summary>
    public string Ascii => _value ?? "";

    /// <summary>Whether this is the default value, which no parse ever gives.</summary>
    public bool IsEmpty => string.IsNullOrEmpty(_value);

    /// <summary>Whether this is an address literal in brackets.</summary>
    public bool IsAddressLiteral => _value is ['[', ..];

    /// <summary>The name with U-labels (RFC 5890 §2.3.2.1) where they can be shown; otherwise as <see cref="Ascii"/>.</summary>
    public string Unicode
    {
        get
        {
            if (!Ascii.Contains("xn--", StringComparison.Ordinal))
                return Ascii;
            try
            {
                return Idn.GetUnicode(Ascii);
            }
            catch (ArgumentException)
            {
                return Ascii;
            }
        }
    }

    /// <summary>Reads a domain or an address literal as RFC 5321 §4.1.2 and RFC 6531 §3.3 allow them.</summary>
    /// <param name="text">The text; a single trailing dot is taken off.</param>
    /// <param name="name">The name in its comparable form.</param>
    /// <returns>False for anything that breaks the syntax or a limit.</returns>
    public static bool TryParse(ReadOnlySpan<char> text, out DomainName name)
    {
        name = default;
        if (text is ['[', .., ']'])
            return TryParseLiteral(text, out name);
        if (text is [.., '.'])
            text = text[..^1];
        if (text.IsEmpty || text.Length > MaxLength)
            return false;

        string ascii;
        if (System.Text.Ascii.IsValid(text))
        {
            ascii = string.Create(text.Length, text, static (to, from) => from.ToLowerInvariant(to));
        }
        else
        {
            try
            {
                ascii = Idn.GetAscii(text.ToString()).ToLowerInvariant();
            }
            catch (ArgumentException)
            {
                return false;
            }
        }

        if (!IsValidAscii(ascii))
            return false;
        name = new DomainName(ascii);
        return true;
    }

    /// <summary>
    /// Reads a name that is only to be looked up: the DNS itself allows any octet in a label (RFC 2181 §11), and names
    /// made from strangers' text (RFC 7208 §7.3) hold many.
    /// </summary>
    /// <param name="text">The text; a single trailing dot is taken off.</param>
    /// <param name="name">The name, its ASCII letters in lower case.</param>
    /// <returns>False unless all is printable ASCII, in labels of 1 to 63 and 253 in all.</returns>
    public static bool TryParseQuery(ReadOnlySpan<char> text, out DomainName name)
    {
        name = default;
        if (text is [.., '.'])
            text = text[..^1];
        if (text.IsEmpty || text.Length > 253 || text[0] == '[' || text.ContainsAnyExceptInRange(' ', '~'))
            return false;
        foreach (var label in text.Split('.'))
        {
            var (_, length) = label.GetOffsetAndLength(text.Length);
            if (length is 0 or > MaxLabelLength)
                return false;
        }

        name = new DomainName(string.Create(text.Length, text, static (to, from) => from.ToLowerInvariant(to)));
        return true;
    }

    /// <summary>The entry of a set that is this name or a domain above it, the nearest; null for none.</summary>
    /// <param name="names">Names as <see cref="Ascii"/> has them.</param>
    public string? FindInOrAbove(IReadOnlySet<string> names)
    {
        for (var rest = Ascii; ; )
        {
            if (names.Contains(rest))
                return rest;
            var dot = rest.IndexOf('.', StringComparison.Ordinal);
            if (dot < 0)
                return null;
            rest = rest[(dot + 1)..];
        }
    }

    /// <summary>As <see cref="TryParse"/>, for text that is known to be good.</summary>
    /// <exception cref="FormatException">It is not.</exception>
    public static DomainName Parse(string text) =>
        TryParse(text, out var name) ? name : throw new FormatException($"'{text}' is not a domain name");

    /// <summary>The address inside an address literal.</summary>
    public bool TryGetAddress([NotNullWhen(true)] out IPAddress? address)
    {
        address = null;
        if (!IsAddressLiteral)
            return false;
        var inner = Ascii.AsSpan()[1..^1];
        if (inner.StartsWith("ipv6:", StringComparison.OrdinalIgnoreCase))
            inner = inner[5..];
        return IPAddress.TryParse(inner, out address);
    }

    /// <summary>Whether this name is <paramref name="parent"/> or lies below it.</summary>
    public bool IsAtOrBelow(DomainName parent) =>
        Ascii.EndsWith(parent.Ascii, StringComparison.Ordinal)
        && (Ascii.Length == parent.Ascii.Length || Ascii[^(parent.Ascii.Length + 1)] == '.');

    /// <inheritdoc/>
    public int CompareTo(DomainName other) => string.CompareOrdinal(Ascii, other.Ascii);

    /// <inheritdoc/>
    public override string ToString() => Ascii;

    private static bool TryParseLiteral(ReadOnlySpan<char> text, out DomainName name)
    {
        name = default;
        var inner = text[1..^1];
        var isV6 = inner.StartsWith("IPv6:", StringComparison.OrdinalIgnoreCase);
        if (isV6)
            inner = inner[5..];
        if (inner.Length > 45 || inner.Contains('%') || !IPAddress.TryParse(inner, out var address))
            return false;
        // "[1]" and "[0x7f.1]" are addresses for inet_aton, not for RFC 5321 §4.1.3: four decimal parts.
        if (isV6 != (address.AddressFamily == AddressFamily.InterNetworkV6) || (!isV6 && inner.Count('.') != 3))
            return false;
        name = new DomainName(isV6 ? $"[IPv6:{address}]" : $"[{address}]");
        return true;
    }

    private static bool IsValidAscii(string name)
    {
        if (name.Length > MaxLength)
            return false;
        var labelLength = 0;
        for (var i = 0; i < name.Length; i++)
        {
            var c = name[i];
            if (c == '.')
            {
                if (labelLength == 0 || name[i - 1] == '-')
                    return false;
                labelLength = 0;
                continue;
            }

            var good = char.IsAsciiLetterOrDigit(c) || c == '_' || (c == '-' && labelLength > 0);
            if (!good || ++labelLength > MaxLabelLength)
                return false;
        }

        return labelLength > 0 && name[^1] != '-';
    }
}
