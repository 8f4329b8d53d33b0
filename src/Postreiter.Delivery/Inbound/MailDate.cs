using System.Globalization;

namespace Postreiter.Delivery.Inbound;

/// <summary>Date and time as header fields write them (RFC 5322 §3.3).</summary>
internal static class MailDate
{
    /// <summary>E.g. <c>Tue, 24 Nov 2026 10:42:03 +0000</c>; in UTC.</summary>
    public static string Format(DateTimeOffset time) =>
        time.ToUniversalTime().ToString("ddd, d MMM yyyy HH:mm:ss '+0000'", CultureInfo.InvariantCulture);
}
