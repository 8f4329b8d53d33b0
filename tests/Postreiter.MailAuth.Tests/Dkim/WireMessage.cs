using System.Text;
using Postreiter.MailAuth.Arc;
using Postreiter.MailAuth.Dkim;

namespace Postreiter.MailAuth.Tests.Dkim;

/// <summary>A message as it would come over the wire, cut where the header ends.</summary>
internal sealed record WireMessage(byte[] Header, byte[] Body)
{
    /// <summary>From a text or a file whose lines may end in LF.</summary>
    public static WireMessage From(byte[] octets)
    {
        var text = Encoding.Latin1.GetString(octets);
        return From(text);
    }

    /// <summary>From a text of octets whose lines may end in LF.</summary>
    public static WireMessage From(string text)
    {
        text = text.Replace("\r\n", "\n", StringComparison.Ordinal).Replace("\n", "\r\n", StringComparison.Ordinal);
        if (text.StartsWith("\r\n", StringComparison.Ordinal))
            return new WireMessage([], Encoding.Latin1.GetBytes(text[2..]));
        var end = text.IndexOf("\r\n\r\n", StringComparison.Ordinal);
        return end < 0
            ? new WireMessage(Encoding.Latin1.GetBytes(text), [])
            : new WireMessage(Encoding.Latin1.GetBytes(text[..(end + 2)]), Encoding.Latin1.GetBytes(text[(end + 4)..]));
    }

    /// <summary>With more fields above the header.</summary>
    public WireMessage Under(string fields) => this with { Header = [.. Encoding.UTF8.GetBytes(fields), .. Header] };

    public string HeaderText => Encoding.Latin1.GetString(Header);

    public async Task<IReadOnlyList<DkimOutcome>> VerifyAsync(DkimVerifier verifier)
    {
        var verification = verifier.Start(Header);
        foreach (var piece in Body.Chunk(Math.Max(1, Body.Length / 3)))
            verification.AppendBody(piece);
        return await verification.CompleteAsync(TestContext.Current.CancellationToken);
    }

    public async Task<DkimOutcome> VerifyOneAsync(DkimVerifier verifier) => Assert.Single(await VerifyAsync(verifier));

    public async Task<ArcOutcome> ValidateAsync(ArcValidator validator)
    {
        var validation = validator.Start(Header);
        validation.AppendBody(Body);
        return await validation.CompleteAsync(TestContext.Current.CancellationToken);
    }

    public WireMessage Signed(DkimSigner signer)
    {
        var signing = signer.Start(Header);
        signing.AppendBody(Body);
        return Under(signing.Complete());
    }

    /// <summary>With one more ARC Set, or as it is when there is to be none.</summary>
    public WireMessage Sealed(ArcSealer sealer, ArcOutcome received, string results)
    {
        var sealing = sealer.Start(Header);
        sealing.AppendBody(Body);
        return sealing.Complete(received, results) is { } fields ? Under(fields) : this;
    }
}
