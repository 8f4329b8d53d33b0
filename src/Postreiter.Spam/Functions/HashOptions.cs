using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Postreiter.Spam.Mail;

namespace Postreiter.Spam.Functions;

/// <summary>How a function of HashBL makes names out of what it finds: `sha1/max=10/shuffle`.</summary>
/// <param name="text">Options with slashes between; null or empty = the standard.</param>
/// <param name="standard">The function's own.</param>
internal sealed class HashOptions(string? text, string standard)
{
    private const string Base32 = "abcdefghijklmnopqrstuvwxyz234567";
    private const int MostQuestions = 100;

    private readonly Dictionary<string, string> _options = Read(string.IsNullOrEmpty(text) ? standard : text);

    /// <summary>Questions at most. The original draws lots where there are more (`shuffle`); ours are the first.</summary>
    public int Most => Math.Min(Number("max") is var max and > 0 ? max : 10, MostQuestions);

    /// <summary>Whether an option is set.</summary>
    public bool Has(string name) => _options.ContainsKey(name);

    /// <summary>The number of an option `name=number`; 0 without one.</summary>
    public int Number(string name) =>
        _options.TryGetValue(name, out var value)
        && int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out var number)
            ? number
            : 0;

    /// <summary>Lower case, unless the option `case` keeps it.</summary>
    public string Cased(string value) => Has("case") ? value : Octets.Lower(value);

    /// <summary>The name for a value: a hash, or the value itself (`raw`).</summary>
    /// <param name="value">Octets.</param>
    public string Hash(string value)
    {
        if (Has("sha256"))
            return ToBase32(SHA256.HashData(Encoding.Latin1.GetBytes(value)));
        // Lists of the DNS have these names; nothing is protected by them.
#pragma warning disable CA5350, CA5351
        if (Has("sha1"))
            return Convert.ToHexStringLower(SHA1.HashData(Encoding.Latin1.GetBytes(value)));
        return Has("md5") ? Convert.ToHexStringLower(MD5.HashData(Encoding.Latin1.GetBytes(value))) : value;
#pragma warning restore CA5350, CA5351
    }

    /// <summary>RFC 4648 §6, small letters and no padding.</summary>
    internal static string ToBase32(ReadOnlySpan<byte> bytes)
    {
        var to = new StringBuilder((bytes.Length * 8 + 4) / 5);
        var (bits, count) = (0, 0);
        foreach (var b in bytes)
        {
            (bits, count) = ((bits << 8) | b, count + 8);
            for (; count >= 5; count -= 5)
                to.Append(Base32[(bits >> (count - 5)) & 31]);
            bits &= 31;
        }
        if (count > 0)
            to.Append(Base32[(bits << (5 - count)) & 31]);
        return to.ToString();
    }

    private static Dictionary<string, string> Read(string text)
    {
        var options = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var option in Octets.Lower(text).Split('/', StringSplitOptions.TrimEntries))
        {
            var equals = option.IndexOf('=', StringComparison.Ordinal);
            options[equals < 0 ? option : option[..equals]] = equals < 0 ? "1" : option[(equals + 1)..];
        }
        return options;
    }
}
