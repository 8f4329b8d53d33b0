using System.Globalization;
using System.Text;
using Postreiter.Core;

namespace Postreiter.Zone;

/// <summary>One record that a domain of ours should have.</summary>
/// <param name="Kind">What it is for.</param>
/// <param name="Name">Where it stands.</param>
/// <param name="Type">MX, TXT, SRV, TLSA, CNAME.</param>
/// <param name="Data">In the presentation form of zone files; of TXT the text itself, unquoted.</param>
/// <param name="IsOptional">Whether mail works without it.</param>
internal sealed record ZoneRecord(ZoneRecordKind Kind, DomainName Name, string Type, string Data, bool IsOptional)
{
    // A string of TXT holds 255 octets (RFC 1035 §3.3.14).
    private const int MaxString = 255;

    /// <summary>Of DKIM: the selector; otherwise empty.</summary>
    public string Selector { get; init; } = "";

    /// <summary>What else is to be said to people; null for nothing.</summary>
    public string? Remark { get; init; }

    /// <summary>A line of a zone file.</summary>
    public string ZoneLine() => $"{Name.Ascii}. 3600 IN {Type} {(Type == "TXT" ? Quoted(Data) : Data)}";

    private static string Quoted(string text)
    {
        var result = new StringBuilder(text.Length + 16);
        for (var at = 0; at == 0 || at < text.Length; at += MaxString)
        {
            var part = text.AsSpan(at, Math.Min(MaxString, text.Length - at));
            result.Append(at == 0 ? "\"" : " \"");
            foreach (var c in part)
            {
                if (c is '"' or '\\')
                    result.Append('\\');
                if (c is >= ' ' and <= '~')
                    result.Append(c);
                else
                    result.Append(CultureInfo.InvariantCulture, $"\\{(int)c:D3}");
            }

            result.Append('"');
        }

        return result.ToString();
    }
}

/// <summary>What records are for.</summary>
internal enum ZoneRecordKind
{
    /// <summary>Where mail for the domain goes.</summary>
    Mx,

    /// <summary>Who may send for it.</summary>
    Spf,

    /// <summary>A key that its mail is signed with.</summary>
    Dkim,

    /// <summary>What receivers do with mail that fails.</summary>
    Dmarc,

    /// <summary>That it is sent to under TLS only.</summary>
    MtaSts,

    /// <summary>Where failures of TLS are reported.</summary>
    TlsRpt,

    /// <summary>Which certificate the server has.</summary>
    Tlsa,

    /// <summary>Where mail programs find the server.</summary>
    Autoconfig,
}
