using System.Text;
using MimeKit;
using MimeKit.Cryptography;
using Org.BouncyCastle.Crypto;
using Org.BouncyCastle.Security;
using Postreiter.Core;
using Postreiter.MailAuth.Arc;
using Postreiter.MailAuth.Dkim;
using Postreiter.Testing;
using OurSigner = Postreiter.MailAuth.Dkim.DkimSigner;
using OurVerifier = Postreiter.MailAuth.Dkim.DkimVerifier;
using TheirSigner = MimeKit.Cryptography.DkimSigner;
using TheirVerifier = MimeKit.Cryptography.DkimVerifier;

namespace Postreiter.MailAuth.Tests.Dkim;

/// <summary>MimeKit's signer and verifier beside ours, over messages made from a seed.</summary>
public sealed class MimeKitTests : IDisposable
{
    private const int Messages = 100;
    private static readonly DomainName Domain = DomainName.Parse("a.example");
    private readonly DkimKey _rsa = DkimKey.GenerateRsa();
    private readonly DkimKey _ed25519 = DkimKey.GenerateEd25519();
    private readonly FakeDns _dns = new();
    private readonly KeyLocator _keys;

    public MimeKitTests()
    {
        _dns.Txt("rsa._domainkey.a.example", _rsa.TxtRecord).Txt("ed._domainkey.a.example", _ed25519.TxtRecord);
        _keys = new KeyLocator(_rsa.TxtRecord, _ed25519.TxtRecord);
    }

    public void Dispose()
    {
        _rsa.Dispose();
        _ed25519.Dispose();
    }

    [Fact]
    public async Task What_we_sign_MimeKit_judges_as_we_do()
    {
        var (random, passed) = (new RandomMail(6), 0);
        DkimSigningKey[] keys = [new(Domain, "rsa", _rsa), new(Domain, "ed", _ed25519)];
        var signer = new OurSigner(keys, TimeProvider.System);
        for (var i = 0; i < Messages; i++)
        {
            var (header, body) = random.Next();
            var signed = WireMessage.From(header + "\r\n" + body).Signed(signer);
            var change = i % 3 == 0 ? "none" : RandomMail.Changes[i % RandomMail.Changes.Count];
            (header, body) = random.Changed(change, signed.HeaderText, Encoding.Latin1.GetString(signed.Body));
            var changed = WireMessage.From(header + "\r\n" + body);

            var ours = await changed.VerifyAsync(new OurVerifier(_dns, TimeProvider.System));
            var theirs = Load(changed);
            var verifier = new TheirVerifier(_keys);
            var fields = theirs.Headers.Where(static h => h.Id == HeaderId.DkimSignature).ToList();
            for (var j = 0; j < 2; j++)
            {
                var isPass = await verifier.VerifyAsync(theirs, fields[j], TestContext.Current.CancellationToken);
                Assert.True(
                    isPass == (ours[j].Result == DkimResult.Pass),
                    $"{change}: theirs {isPass}, {ours[j]}\n{header}\r\n{body}"
                );
                passed += isPass ? 1 : 0;
            }
        }

        Assert.InRange(passed, Messages / 2, 3 * Messages / 2);
    }

    [Theory]
    [InlineData(DkimCanonicalizationAlgorithm.Simple, DkimCanonicalizationAlgorithm.Simple)]
    [InlineData(DkimCanonicalizationAlgorithm.Simple, DkimCanonicalizationAlgorithm.Relaxed)]
    [InlineData(DkimCanonicalizationAlgorithm.Relaxed, DkimCanonicalizationAlgorithm.Simple)]
    [InlineData(DkimCanonicalizationAlgorithm.Relaxed, DkimCanonicalizationAlgorithm.Relaxed)]
    public async Task What_MimeKit_signs_passes(
        DkimCanonicalizationAlgorithm header,
        DkimCanonicalizationAlgorithm body
    )
    {
        var random = new RandomMail(7);
        AsymmetricKeyParameter[] keys = [Private(_rsa), Private(_ed25519)];
        for (var i = 0; i < Messages / 4; i++)
        {
            var (fields, text) = random.Next();
            var message = Load(WireMessage.From(fields + "\r\n" + text));
            for (var j = 0; j < 2; j++)
            {
                var signer = new TheirSigner(keys[j], "a.example", j == 0 ? "rsa" : "ed")
                {
                    HeaderCanonicalizationAlgorithm = header,
                    BodyCanonicalizationAlgorithm = body,
                    SignatureAlgorithm =
                        j == 0 ? DkimSignatureAlgorithm.RsaSha256 : DkimSignatureAlgorithm.Ed25519Sha256,
                    AgentOrUserIdentifier = "@a.example",
                };
                signer.Sign(message, [HeaderId.From, HeaderId.Subject, HeaderId.To, HeaderId.Date]);
            }

            using var stream = new MemoryStream();
            await message.WriteToAsync(Wire(), stream, TestContext.Current.CancellationToken);
            var signed = WireMessage.From(stream.ToArray());
            var outcomes = await signed.VerifyAsync(new OurVerifier(_dns, TimeProvider.System));
            Assert.Equal(2, outcomes.Count);
            Assert.All(
                outcomes,
                o => Assert.True(o.Result == DkimResult.Pass, $"{o}\n{Encoding.Latin1.GetString(stream.ToArray())}")
            );
        }
    }

    [Fact]
    public async Task A_chain_of_ours_passes_with_MimeKit()
    {
        var random = new RandomMail(8);
        var sealer = new ArcSealer(new DkimSigningKey(Domain, "rsa", _rsa), TimeProvider.System);
        var validator = new ArcValidator(_dns, TimeProvider.System);
        for (var i = 0; i < 20; i++)
        {
            var (header, body) = random.Next();
            var message = WireMessage.From(header + "\r\n" + body);
            for (var hop = 0; hop < 3; hop++)
                message = message.Sealed(
                    sealer,
                    await message.ValidateAsync(validator),
                    "mx.a.example; spf=pass smtp.mailfrom=a@a.example"
                );
            var result = await new ArcVerifier(_keys).VerifyAsync(Load(message), TestContext.Current.CancellationToken);
            Assert.Equal(ArcSignatureValidationResult.Pass, result.Chain);
            Assert.Equal(ArcResult.Pass, (await message.ValidateAsync(validator)).Result);
        }
    }

    private static FormatOptions Wire()
    {
        var options = FormatOptions.Default.Clone();
        options.NewLineFormat = NewLineFormat.Dos;
        return options;
    }

    private static MimeMessage Load(WireMessage message)
    {
        using var stream = new MemoryStream([.. message.Header, .. "\r\n"u8, .. message.Body]);
        return MimeMessage.Load(stream, TestContext.Current.CancellationToken);
    }

    private static AsymmetricKeyParameter Private(DkimKey key)
    {
        var pem = key.ExportPem();
        var fields = System.Security.Cryptography.PemEncoding.Find(pem);
        return PrivateKeyFactory.CreateKey(Convert.FromBase64String(pem[fields.Base64Data]));
    }

    private sealed class KeyLocator(string rsa, string ed25519) : DkimPublicKeyLocatorBase
    {
        public override AsymmetricKeyParameter LocatePublicKey(
            string methods,
            string domain,
            string selector,
            CancellationToken ct = default
        ) => GetPublicKey(selector == "rsa" ? rsa : ed25519);

        public override Task<AsymmetricKeyParameter> LocatePublicKeyAsync(
            string methods,
            string domain,
            string selector,
            CancellationToken ct = default
        ) => Task.FromResult(LocatePublicKey(methods, domain, selector, ct));
    }
}
