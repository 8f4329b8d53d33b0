using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Net;

namespace Postreiter.Spam.Configuration;

/// <summary>How two numbers test an answer.</summary>
internal enum NumberComparison
{
    /// <summary>One of the bits is set, and the answer is in 127.0.0.0/8.</summary>
    Mask,

    /// <summary>From the first to the second number.</summary>
    Range,

    /// <summary>The bits of the second number are those of the first.</summary>
    ValueOfMask,
}

/// <summary>What an answer of a list must be: `16`, `127.0.1.2`, `127.0.1.20-127.0.1.39`, `0.0.0.16/0.0.0.16`; numbers may be hexadecimal.</summary>
/// <param name="Comparison">How it is compared.</param>
/// <param name="First">The first number.</param>
/// <param name="Second">The second one.</param>
/// <param name="Text">As SpamAssassin keeps it, in decimal: a TXT record that is this very text fits too.</param>
internal sealed record NumberTest(NumberComparison Comparison, ulong First, ulong Second, string Text)
{
    /// <summary>Reads one.</summary>
    public static bool TryParse(string text, [NotNullWhen(true)] out NumberTest? test)
    {
        test = null;
        var at = text.AsSpan().IndexOfAny('/', '-');
        var first = at < 0 ? text : text[..at];
        if (!TryReadNumber(first, out var one, out var isAddress))
            return false;
        if (at < 0)
        {
            test = isAddress
                ? new NumberTest(NumberComparison.Range, one, one, Written(one, '-', one))
                : new NumberTest(NumberComparison.Mask, one, 0, one.ToString(CultureInfo.InvariantCulture));
            return true;
        }
        if (!TryReadNumber(text[(at + 1)..], out var two, out _))
            return false;
        var comparison = text[at] == '-' ? NumberComparison.Range : NumberComparison.ValueOfMask;
        test = new NumberTest(comparison, one, two, Written(one, text[at], two));
        return true;
    }

    /// <summary>Whether a text is four numbers with dots between, whatever they are: an address, or what was meant to be one.</summary>
    public static bool IsFourNumbers(string text) => text.Split('.') is { Length: 4 } labels && AreNumbers(labels);

    /// <summary>Whether all labels are numbers.</summary>
    public static bool AreNumbers(ReadOnlySpan<string> labels)
    {
        foreach (var label in labels)
        {
            if (label.Length == 0 || label.AsSpan().ContainsAnyExceptInRange('0', '9'))
                return false;
        }

        return true;
    }

    /// <summary>Whether a record fits: an address by its number, a text by being the same.</summary>
    public bool Fits(string record)
    {
        if (record == Text)
            return true;
        if (!TryReadAddress(record, out var number))
            return false;
        return Comparison switch
        {
            NumberComparison.Mask => (number & First) != 0 && number >> 24 == 127,
            NumberComparison.Range => number >= First && number <= Second,
            _ => (number & Second) == (First & Second),
        };
    }

    /// <summary>Four numbers of up to 255, nothing else: as a number.</summary>
    public static bool TryReadAddress(ReadOnlySpan<char> text, out ulong number)
    {
        number = 0;
        if (
            text.Count('.') != 3
            || !IPAddress.TryParse(text, out var address)
            || !address.TryFormat(stackalloc char[15], out var length)
            || length != text.Length
        )
            return false;
        foreach (var octet in address.GetAddressBytes())
            number = (number << 8) | octet;
        return true;
    }

    private static bool TryReadNumber(string text, out ulong number, out bool isAddress)
    {
        isAddress = TryReadAddress(text, out number);
        return isAddress
            || (text.Length <= 10 && ulong.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out number))
            || (
                text.Length is > 2 and <= 10
                && text.StartsWith("0x", StringComparison.Ordinal)
                && ulong.TryParse(
                    text.AsSpan(2),
                    NumberStyles.AllowHexSpecifier,
                    CultureInfo.InvariantCulture,
                    out number
                )
            );
    }

    private static string Written(ulong first, char between, ulong second) =>
        string.Create(CultureInfo.InvariantCulture, $"{first}{between}{second}");
}
