using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using Postreiter.Spam.Configuration;
using Postreiter.Spam.Patterns;

namespace Postreiter.Spam.Functions;

/// <summary>What an answer of a list must be, as `check_rbl` and `check_rbl_sub` write it: a bit mask, an address, or a pattern.</summary>
internal sealed class DnsTest
{
    private readonly ulong _mask;
    private readonly string? _address;
    private readonly OctetPattern? _pattern;

    private DnsTest(ulong mask, string? address, OctetPattern? pattern) =>
        (_mask, _address, _pattern) = (mask, address, pattern);

    /// <summary>Reads one.</summary>
    /// <param name="text">The argument.</param>
    /// <param name="test">The test.</param>
    /// <param name="error">What is wrong, for people.</param>
    public static bool TryParse(
        string text,
        [NotNullWhen(true)] out DnsTest? test,
        [NotNullWhen(false)] out string? error
    )
    {
        (test, error) = (null, null);
        if (text.StartsWith("sb:", StringComparison.Ordinal))
        {
            error = "tests of SenderBase have no meaning any more";
            return false;
        }
        if (text.Length > 0 && !text.AsSpan().ContainsAnyExceptInRange('0', '9'))
        {
            // More bits than an address has say nothing.
            _ = ulong.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var mask);
            test = new DnsTest(mask, null, null);
            return true;
        }
        if (NumberTest.IsFourNumbers(text))
        {
            test = new DnsTest(0, text, null);
            return true;
        }
        if (!OctetPattern.TryParse(text, "", out var pattern, out error))
            return false;
        test = new DnsTest(0, null, pattern);
        return true;
    }

    /// <summary>Whether a record fits. A mask fits addresses in 127.0.0.0/8 alone.</summary>
    public bool Fits(string record) =>
        _pattern is not null ? _pattern.IsMatch(record)
        : _address is not null ? record == _address
        : NumberTest.TryReadAddress(record, out var number) && number >> 24 == 127 && (number & _mask) != 0;
}
