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
    TimeProvider time,
    Func<DomainName, ValueTask<string>> validatedName
)
{
    /// <summary>Expands a domain-spec.</summary>
    /// <returns>Null when the result is no name that DNS could hold.</returns>
    public ValueTask<DomainName?> ExpandDomainAsync(MacroString macro, DomainName current) =>
        macro.IsFixed ? new(macro.FixedName) : ExpandAnewAsync(macro, current);

    /// <summary>Expands a text.</summary>
    public async ValueTask<string> ExpandAsync(MacroString macro, DomainName current)
    {
        var validated = macro.NeedsValidatedName ? await validatedName(current) : "";
        return macro.Expand(letter => Value(letter, current, validated));
    }

    private async ValueTask<DomainName?> ExpandAnewAsync(MacroString macro, DomainName current)
    {
        var validated = macro.NeedsValidatedName ? await validatedName(current) : "";
        return MacroString.ToName(macro.ExpandEnd(letter => Value(letter, current, validated)));
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
            'h' => AsAscii(request.Helo),
            'c' => client.ToString(),
            'r' => request.Receiver,
            _ => time.GetUtcNow().ToUnixTimeSeconds().ToString(CultureInfo.InvariantCulture),
        };

    // RFC 8616 §4: an EHLO name of U-labels counts as its A-labels.
    private static string AsAscii(string name) =>
        !Ascii.IsValid(name) && DomainName.TryParse(name, out var domain) ? domain.Ascii : name;

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
