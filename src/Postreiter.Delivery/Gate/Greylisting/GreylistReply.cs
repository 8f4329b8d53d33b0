using System.Globalization;
using System.Net;
using Postreiter.Core;

namespace Postreiter.Delivery.Gate.Greylisting;

/// <summary>What a caller is told that has to come again.</summary>
internal static class GreylistReply
{
    // RFC 5321 §4.5.3.1.5: a reply line has at most 512 octets, code and line end included.
    private const int MaxText = 480;

    /// <summary>The reply: who is not known, with which sender for whom, and when to come.</summary>
    /// <param name="client">The caller.</param>
    /// <param name="sender">Null for the null sender.</param>
    /// <param name="recipient">The recipient; at DATA the first of those that have to wait.</param>
    /// <param name="seconds">When to come again.</param>
    public static SmtpReply Of(IPAddress client, EmailAddress? sender, EmailAddress recipient, uint seconds)
    {
        var address = client.Plain();
        var (from, to) = ($"<{sender}>", $"<{recipient}>");
        var lines = new List<string> { $"{address} is not yet authorized to deliver mail from" };
        if (from.Length + to.Length <= MaxText)
            lines.Add($"{from} to {to}.");
        else
            lines.AddRange([$"{from} to", $"{to}."]);
        lines.Add(string.Create(CultureInfo.InvariantCulture, $"Please try again in {Math.Max(1, seconds)} seconds."));
        return new SmtpReply(451, "4.7.1", lines);
    }
}
