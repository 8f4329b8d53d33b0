using Postreiter.Delivery.Authentication;

namespace Postreiter.Zone;

/// <summary>What stands in TXT records.</summary>
internal static class ZoneText
{
    /// <summary>RFC 7208 §4.5: the version, then a space or the end.</summary>
    public static bool IsSpf(string text) =>
        text.Equals("v=spf1", StringComparison.OrdinalIgnoreCase)
        || text.StartsWith("v=spf1 ", StringComparison.OrdinalIgnoreCase);

    /// <summary>Whether a text is meant for this: other texts may stand beside it.</summary>
    public static bool IsOfKind(ZoneRecordKind kind, string text) =>
        kind switch
        {
            ZoneRecordKind.Spf => IsSpf(text),
            ZoneRecordKind.Dmarc => HasVersion(text, "DMARC1"),
            ZoneRecordKind.MtaSts => HasVersion(text, "STSv1"),
            ZoneRecordKind.TlsRpt => HasVersion(text, "TLSRPTv1"),
            _ => true,
        };

    /// <summary>What is wrong about a record; null when nothing is.</summary>
    public static string? WhatIsWrong(ZoneRecord record, string found)
    {
        var tags = Tags(found);
        switch (record.Kind)
        {
            case ZoneRecordKind.Dkim:
                return DkimKeyMaker.WhatIsWrong(found, record.Data);
            case ZoneRecordKind.Dmarc:
                return tags.GetValueOrDefault("p")?.ToLowerInvariant() is "none" or "quarantine" or "reject"
                    ? null
                    : "it has no p= of none, quarantine or reject";
            case ZoneRecordKind.MtaSts:
                // RFC 8461 §3.1: 1 to 32 letters and digits.
                return tags.GetValueOrDefault("id") is { Length: > 0 and <= 32 } id && id.All(char.IsAsciiLetterOrDigit)
                    ? null
                    : "its id= must be 1 to 32 letters and digits";
            case ZoneRecordKind.TlsRpt:
                return
                    tags.GetValueOrDefault("rua") is { } rua
                    && rua.Split(',').All(u => u.Trim().Split(':')[0].ToLowerInvariant() is "mailto" or "https")
                    ? null
                    : "it has no rua= of mailto: or https:";
            default:
                return null;
        }
    }

    private static bool HasVersion(string text, string version) =>
        Tags(text.Split(';')[0]).TryGetValue("v", out var found) && found == version;

    // The tag lists of DKIM, DMARC, MTA-STS and TLS-RPT look alike.
    private static Dictionary<string, string> Tags(string text)
    {
        var tags = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var part in text.Split(';'))
        {
            if (part.IndexOf('=') is > 0 and var equals)
                tags.TryAdd(part[..equals].Trim().ToLowerInvariant(), part[(equals + 1)..].Trim());
        }

        return tags;
    }
}
