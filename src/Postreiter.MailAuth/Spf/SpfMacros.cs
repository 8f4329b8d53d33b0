using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Postreiter.Core;

namespace Postreiter.MailAuth.Spf;

/// <summary>The values of the macro letters in one evaluation (RFC 7208 §7.2, §7.3).</summary>
internal sealed class SpfMacros(
    SpfRequest request,
    IPAddress client,
    string localPart,
    string senderDomain,
    TimeProvider time
)
{
    private const int MaxNameLength = 253;

    /// <summary>Expands a domain-spec.</summary>
    /// <returns>Null when the result is no name that DNS could hold.</returns>
    public async ValueTask<DomainName?> ExpandDomainAsync(
        MacroString macro,
        DomainName current,
        Func<DomainName, ValueTask<string>> validatedName
    )
    {
        var text = await ExpandAsync(macro, current, validatedName);
        if (text.EndsWith('.'))
            text = text[..^1];
        // RFC 7208 §7.3: labels are taken off the left until it fits.
        while (text.Length > MaxNameLength && text.IndexOf('.', StringComparison.Ordinal) is >= 0 and var dot)
            text = text[(dot + 1)..];
        return DomainName.TryParseQuery(text, out var name) ? name : null;
    }

    /// <summary>Expands a text.</summary>
    public async ValueTask<string> ExpandAsync(
        MacroString macro,
        DomainName current,
        Func<DomainName, ValueTask<string>> validatedName
    )
    {
        var validated = macro.NeedsValidatedName ? await validatedName(current) : "";
        return macro.Expand(letter => Value(letter, current, validated));
    }

    private string Value(char letter, DomainName current, string validated) =>
        letter switch
        {
            's' => $"{localPart}@{senderDomain}",
            'l' => localPart,
            'o' => senderDomain,
            'd' => current.Ascii,
            'i' => Dotted(),
            'p' => validated,
            'v' => client.AddressFamily == AddressFamily.InterNetworkV6 ? "ip6" : "in-addr",
            'h' => request.Helo,
            'c' => client.ToString(),
            'r' => request.Receiver,
            _ => time.GetUtcNow().ToUnixTimeSeconds().ToString(CultureInfo.InvariantCulture),
        };

    private string Dotted()
    {
        if (client.AddressFamily != AddressFamily.InterNetworkV6)
            return client.ToString();
        var nibbles = new StringBuilder(63);
        foreach (var c in Convert.ToHexStringLower(client.GetAddressBytes()))
        {
            if (nibbles.Length > 0)
                nibbles.Append('.');
            nibbles.Append(c);
        }

        return nibbles.ToString();
    }
}
