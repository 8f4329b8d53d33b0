using System.Text;
using Postreiter.Core;
using Postreiter.MailAuth.Arc;
using Postreiter.MailAuth.Dkim;
using Postreiter.Testing;

namespace Postreiter.Delivery.Tests.Authentication;

/// <summary>Messages signed and sealed by others.</summary>
internal static class Signed
{
    private static readonly DkimKey Key = DkimKey.GenerateRsa(1024);
    private static readonly TestClock Clock = new();

    /// <summary>Publishes the key of others at <c>s._domainkey.DOMAIN</c>.</summary>
    public static FakeDns WithKey(this FakeDns dns, string domain) => dns.Txt($"s._domainkey.{domain}", Key.TxtRecord);

    /// <summary>A message with a DKIM signature of a domain in front; lines end with LF, as scripts want them.</summary>
    public static string By(string domain, string message, DkimSigningOptions? options = null)
    {
        var (header, body) = Split(message);
        var signing = new DkimSigner([At(domain)], Clock, options).Start(header);
        signing.AppendBody(body);
        return signing.Complete().ReplaceLineEndings("\n") + message;
    }

    /// <summary>A message with the first ARC set of a domain in front.</summary>
    public static string Sealed(string domain, string results, string message)
    {
        var (header, body) = Split(message);
        var sealing = new ArcSealer(At(domain), Clock).Start(header);
        sealing.AppendBody(body);
        var none = new ArcOutcome(ArcResult.None, 0, [], "", [], false);
        return sealing.Complete(none, $"mx.{domain}; {results}")!.ReplaceLineEndings("\n") + message;
    }

    /// <summary>Verifies a message as it is stored.</summary>
    public static async Task<(IReadOnlyList<DkimOutcome> Dkim, ArcOutcome Arc)> VerifyAsync(
        string text,
        FakeDns dns,
        TimeProvider? time = null
    )
    {
        var (header, body) = Split(text);
        using var message = new SignedMessage(header);
        var dkim = new DkimVerifier(dns, time ?? Clock).Start(message);
        var arc = new ArcValidator(dns, time ?? Clock).Start(message);
        message.AppendBody(body);
        return (await dkim.CompleteAsync(default), await arc.CompleteAsync(default));
    }

    private static DkimSigningKey At(string domain) => new(DomainName.Parse(domain), "s", Key);

    private static (byte[] Header, byte[] Body) Split(string message)
    {
        var text = message.ReplaceLineEndings("\r\n");
        if (!text.EndsWith("\r\n", StringComparison.Ordinal))
            text += "\r\n";
        var end = text.IndexOf("\r\n\r\n", StringComparison.Ordinal);
        if (end < 0)
            return (Encoding.UTF8.GetBytes(text), []);
        return (Encoding.UTF8.GetBytes(text[..(end + 2)]), Encoding.UTF8.GetBytes(text[(end + 4)..]));
    }
}
