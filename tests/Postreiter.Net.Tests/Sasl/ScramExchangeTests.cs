using System.Net;
using System.Security.Cryptography;
using System.Text;
using Postreiter.Core;
using Postreiter.Net.Sasl;

namespace Postreiter.Net.Tests.Sasl;

public sealed class ScramExchangeTests
{
    private const string ClientNonce = "rOprNGfwEbeRWgbNEkqO";
    private const string ServerNonce = "%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0";
    private static readonly TlsInfo Tls = new("TLSv1.3", "TLS_AES_256_GCM_SHA384", new byte[] { 1, 2, 3 });

    private static ScramExchange Exchange(TlsInfo? tls = null, bool plus = false) =>
        new(new PencilDirectory(), IPAddress.Loopback, tls, plus, ServerNonce);

    private static async Task<string?> SayAsync(SaslExchange exchange, string text)
    {
        var step = await exchange.StepAsync(Encoding.UTF8.GetBytes(text), CancellationToken.None);
        return step.Challenge is { } challenge
            ? Encoding.UTF8.GetString(challenge.Span)
            : step.Result!.Status.ToString();
    }

    [Fact]
    public async Task The_example_of_RFC_7677_succeeds()
    {
        var exchange = Exchange();
        Assert.Equal(
            $"r={ClientNonce}{ServerNonce},s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096",
            await SayAsync(exchange, $"n,,n=user,r={ClientNonce}")
        );
        Assert.Equal(
            "v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=",
            await SayAsync(
                exchange,
                $"c=biws,r={ClientNonce}{ServerNonce},p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ="
            )
        );
        Assert.Equal("Succeeded", await SayAsync(exchange, ""));
    }

    [Theory]
    [InlineData("c=biws,r=X,p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=")]
    [InlineData("c=biws,r=NONCE,p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVU=")]
    [InlineData("c=eSws,r=NONCE,p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=")]
    [InlineData("c=biws,r=NONCE,p=dHzb")]
    [InlineData("c=biws,r=NONCE,p=***")]
    [InlineData("c=biws,r=NONCE")]
    [InlineData("")]
    public async Task A_wrong_proof_nonce_or_binding_fails(string final)
    {
        var exchange = Exchange();
        await SayAsync(exchange, $"n,,n=user,r={ClientNonce}");
        var text = final.Replace("NONCE", ClientNonce + ServerNonce, StringComparison.Ordinal);
        Assert.Equal("Failed", await SayAsync(exchange, text));
        Assert.Equal("Failed", await SayAsync(exchange, ""));
    }

    [Theory]
    [InlineData("")]
    [InlineData("n")]
    [InlineData("n,,")]
    [InlineData("n,,n=user")]
    [InlineData("n,,n=user,r=")]
    [InlineData("n,,n=us=er,r=abc")]
    [InlineData("n,,n=,r=abc")]
    [InlineData("n,a=other,n=user,r=abc")]
    [InlineData("n,,m=x,n=user,r=abc")]
    [InlineData("x,,n=user,r=abc")]
    [InlineData("p=tls-unique,,n=user,r=abc")]
    [InlineData("p=tls-server-end-point,,n=user,r=abc")]
    [InlineData("n,,n=user,r=a\u0001c")]
    public async Task A_malformed_first_message_fails(string first) =>
        Assert.Equal("Failed", await SayAsync(Exchange(), first));

    [Fact]
    public async Task A_downgrade_is_noticed()
    {
        Assert.Equal("Failed", await SayAsync(Exchange(Tls), "y,,n=user,r=abc"));
        Assert.StartsWith("r=abc", await SayAsync(Exchange(), "y,,n=user,r=abc"), StringComparison.Ordinal);
        Assert.Equal("Failed", await SayAsync(Exchange(Tls, plus: true), "n,,n=user,r=abc"));
    }

    [Theory]
    [InlineData(true, "Succeeded")]
    [InlineData(false, "Failed")]
    public async Task The_plus_form_proves_the_channel(bool sameChannel, string expected)
    {
        var exchange = Exchange(Tls, plus: true);
        const string header = "p=tls-server-end-point,,";
        var bare = $"n=user,r={ClientNonce}";
        var serverFirst = await SayAsync(exchange, header + bare);
        byte[] channel = [1, 2, (byte)(sameChannel ? 3 : 4)];
        byte[] bound = [.. Encoding.ASCII.GetBytes(header), .. channel];
        var final = $"c={Convert.ToBase64String(bound)},r={ClientNonce}{ServerNonce}";
        var proof = PencilDirectory.Prove($"{bare},{serverFirst},{final}");
        var last = await SayAsync(exchange, $"{final},p={proof}");
        Assert.Equal(expected, sameChannel ? await SayAsync(exchange, "") : last);
    }

    private sealed class PencilDirectory : IAuthenticator
    {
        private static readonly byte[] Salt = Convert.FromBase64String("W22ZaJ0SNY7soEsUEjb6gQ==");

        private static readonly byte[] Salted = Rfc2898DeriveBytes.Pbkdf2(
            "pencil",
            Salt,
            4096,
            HashAlgorithmName.SHA256,
            32
        );

        private static byte[] ClientKey => HMACSHA256.HashData(Salted, "Client Key"u8.ToArray());

        public static string Prove(string authMessage)
        {
            var proof = HMACSHA256.HashData(SHA256.HashData(ClientKey), Encoding.UTF8.GetBytes(authMessage));
            for (var i = 0; i < proof.Length; i++)
                proof[i] ^= ClientKey[i];
            return Convert.ToBase64String(proof);
        }

        public ValueTask<AuthenticationResult> VerifyPasswordAsync(
            string user,
            string password,
            IPAddress remote,
            CancellationToken ct
        ) => throw new InvalidOperationException("SCRAM never asks for a password");

        public ValueTask<ScramSecret?> FindScramAsync(string user, IPAddress remote, CancellationToken ct) =>
            new(
                new ScramSecret(
                    Salt,
                    4096,
                    SHA256.HashData(ClientKey),
                    HMACSHA256.HashData(Salted, "Server Key"u8.ToArray())
                )
            );

        public ValueTask<AuthenticationResult> ReportScramAsync(
            string user,
            bool succeeded,
            IPAddress remote,
            CancellationToken ct
        ) =>
            new(
                succeeded
                    ? new AuthenticationResult(
                        AuthenticationStatus.Succeeded,
                        new AuthenticatedUser(1, EmailAddress.Parse("user@postreiter.example"))
                    )
                    : AuthenticationResult.Failed
            );
    }
}
