using System.Formats.Asn1;
using System.Security.Cryptography;
using Postreiter.MailAuth.Dkim;
using Postreiter.Testing;

namespace Postreiter.MailAuth.Tests.Dkim;

public sealed class RsaKeySizeTests
{
    private const string Tags = "v=1; a=rsa-sha256; d=a.example; s=s; h=from; bh={bh}";

    private static readonly WireMessage Message = WireMessage.From("From: a@a.example\n\nHello.\n");

    [Theory]
    [InlineData(1024)]
    [InlineData(2048)]
    [InlineData(4096)]
    public async Task L17_RSA_keys_of_1024_to_4096_bits_pass(int bits)
    {
        using var key = DkimKey.GenerateRsa(bits);
        var outcome = await VerifyAsync(Message.SignedByHand(key, Tags), key.TxtRecord);
        Assert.True(outcome.Result == DkimResult.Pass, outcome.ToString());
        Assert.Contains($"{bits}-bit", outcome.Reason, StringComparison.Ordinal);
        // As RFC 6376 §3.6.1 has it: the RSAPublicKey alone.
        using var rsa = RSA.Create();
        rsa.ImportFromPem(key.ExportPem());
        var bare = $"v=DKIM1; p={Convert.ToBase64String(rsa.ExportRSAPublicKey())}";
        Assert.Equal(DkimResult.Pass, (await VerifyAsync(Message.SignedByHand(key, Tags), bare)).Result);
    }

    [Theory]
    [InlineData(512, 3, DkimResult.Policy, "512 bits")]
    [InlineData(768, 3, DkimResult.Policy, "768 bits")]
    [InlineData(1016, 3, DkimResult.Policy, "1016 bits")]
    [InlineData(4104, 3, DkimResult.Policy, "4104 bits")]
    [InlineData(16384, 3, DkimResult.Policy, "16384 bits")]
    [InlineData(16392, 3, DkimResult.PermError, "2049 octets")]
    [InlineData(80_000, 3, DkimResult.PermError, "octets")]
    [InlineData(2048, 9, DkimResult.PermError, "exponent of 9")]
    [InlineData(2048, 256, DkimResult.PermError, "exponent of 256")]
    [InlineData(2048, 3, DkimResult.Fail, "does not match")]
    public async Task L17_other_sizes_are_refused_before_they_cost_anything(
        int bits,
        int exponentBytes,
        DkimResult expected,
        string reason
    )
    {
        using var key = DkimKey.GenerateRsa(1024);
        var outcome = await VerifyAsync(Message.SignedByHand(key, Tags), Record(bits, exponentBytes));
        Assert.True(outcome.Result == expected, outcome.ToString());
        Assert.Contains(reason, outcome.Reason, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("MAA=")]
    [InlineData("MAYCAQACAQA=")]
    [InlineData("MAYCAQECAQE=")]
    [InlineData("MAkGByqGSM49AgE=")]
    [InlineData("MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8A")]
    public async Task Keys_that_are_none_are_refused(string data)
    {
        using var key = DkimKey.GenerateRsa(1024);
        var outcome = await VerifyAsync(Message.SignedByHand(key, Tags), $"p={data}");
        Assert.Contains(outcome.Result, new[] { DkimResult.PermError, DkimResult.Policy });
    }

    // A number of so many bits that is no key at all, but looks like one.
    private static string Record(int bits, int exponentBytes)
    {
        var (modulus, exponent) = (new byte[bits / 8], new byte[exponentBytes]);
        modulus.AsSpan().Fill(0xA5);
        exponent.AsSpan().Fill(0x11);
        var writer = new AsnWriter(AsnEncodingRules.DER);
        using (writer.PushSequence())
        {
            writer.WriteIntegerUnsigned(modulus);
            writer.WriteIntegerUnsigned(exponent);
        }

        return $"v=DKIM1; p={Convert.ToBase64String(writer.Encode())}";
    }

    private static Task<DkimOutcome> VerifyAsync(WireMessage message, string record) =>
        message.VerifyOneAsync(new DkimVerifier(new FakeDns().Txt("s._domainkey.a.example", record), new TestClock()));
}
