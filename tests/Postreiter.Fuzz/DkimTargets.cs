using System.Security.Cryptography;
using System.Text;
using Postreiter.MailAuth.Arc;
using Postreiter.MailAuth.Dkim;
using Postreiter.Testing;

namespace Postreiter.Fuzz;

/// <summary>DKIM and ARC: fields, key records, bodies, and whole messages against keys that are there.</summary>
internal static class DkimTargets
{
    // The keys of RFC 8463 §A.2, and one that is made for its size only.
    private static FakeDns Dns =>
        new FakeDns()
            .Txt(
                "brisbane._domainkey.football.example.com",
                "v=DKIM1; k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="
            )
            .Txt("dummy._domainkey.example.org", "v=DKIM1; p=MAYCAQECAQE=");

    /// <summary>The value of DKIM-Signature, ARC-Message-Signature or ARC-Seal.</summary>
    public static void Signature(byte[] input)
    {
        foreach (var field in Enum.GetValues<SignatureField>())
        {
            var signature = DkimSignature.Read(input, field);
            Require(signature.Fault is null || Printable(signature.Fault));
            if (signature.Fault is not null)
                continue;
            Require(signature.Domain.Length > 0 && signature.Selector.Length > 0 && signature.Signature.Length > 0);
            Require(signature.KeyName.Ascii.Contains("._domainkey.", StringComparison.Ordinal));
            Require(!signature.Identity.Any(char.IsControl));
            var (offset, length) = signature.SignatureRange.GetOffsetAndLength(input.Length);
            Require(offset > 0 && offset + length <= input.Length && input[offset - 1] == '=');
        }
    }

    /// <summary>A key record.</summary>
    public static void KeyRecord(byte[] input)
    {
        var record = DkimKeyRecord.Read(Encoding.Latin1.GetString(input));
        Require(record.Fault is null == record.Key is not null);
        Require(record.Fault is null || Printable(record.Fault));
        record.Key?.Verify(new byte[32], HashAlgorithmName.SHA256, new byte[128]);
        foreach (var algorithm in new[] { SignatureAlgorithm.RsaSha256, SignatureAlgorithm.Ed25519Sha256 })
            Require(record.FaultFor(algorithm) is not null || record.Key is not null);
    }

    /// <summary>A header section with a chain.</summary>
    public static void ArcHeader(byte[] input)
    {
        var fields = new HeaderFields(input);
        for (var i = 0; i < fields.Count; i++)
        {
            Require(fields[i].NameLength > 0 && fields[i].ValueStart > fields[i].Start + fields[i].NameLength);
            Require(fields.Whole(i).EndsWith("\r\n"u8) && (i == 0 || fields[i].Start >= fields[i - 1].End));
        }

        var chain = ArcChain.Read(fields);
        Require(chain.Highest is >= 0 and <= ArcChain.MaxSets && chain.Sets.Count <= ArcChain.MaxSets);
        Require(chain.Fault is null || Printable(chain.Fault));
        if (chain.Fault is null)
            Require(chain.Sets.Count == chain.Highest);
        if (chain.Fault is null && chain.Highest > 0)
            Require(new SealInput(fields, chain.Sets).Hash(chain.Highest).Length == 32);
    }

    /// <summary>A message: in any cut it has the same results, none of them pass unless the signature is whole.</summary>
    public static void Message(byte[] input)
    {
        var end = input.AsSpan().IndexOf("\r\n\r\n"u8);
        var (header, body) = end < 0 ? (input, []) : (input[..(end + 2)], input[(end + 4)..]);
        var whole = Verify(header, body.Length == 0 ? [] : [body]);
        Require(whole.SequenceEqual(Verify(header, [.. body.Chunk(7)])));
        Require(whole.All(static o => o.Reason.Length > 0 && Printable(o.Reason)));
        var arc = new ArcValidator(Dns, Clock).Start(header);
        arc.AppendBody(body);
        var outcome = arc.CompleteAsync(default).AsTask().GetAwaiter().GetResult();
        Require(outcome.Result is ArcResult.None or ArcResult.Fail && Printable(outcome.Reason));
    }

    private static TestClock Clock => new();

    private static IReadOnlyList<DkimOutcome> Verify(byte[] header, IEnumerable<byte[]> pieces)
    {
        var verification = new DkimVerifier(Dns, Clock).Start(header);
        foreach (var piece in pieces)
            verification.AppendBody(piece);
        return verification.CompleteAsync(default).AsTask().GetAwaiter().GetResult();
    }

    private static bool Printable(string text) => text.Length < 1000 && !text.Any(char.IsControl);

    private static void Require(bool holds)
    {
        if (!holds)
            throw new InvalidOperationException("A promise of the parser does not hold for this input");
    }
}
