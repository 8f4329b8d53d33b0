using System.Globalization;
using System.Net;
using System.Security.Cryptography;
using System.Text;

namespace Postreiter.Net.Sasl;

/// <summary>SCRAM-SHA-256 and SCRAM-SHA-256-PLUS (RFC 5802, RFC 7677), channel binding tls-server-end-point (RFC 5929 §4).</summary>
/// <param name="authenticator">Gives the keys and hears the outcome.</param>
/// <param name="remote">The peer's address.</param>
/// <param name="tls">The TLS in force.</param>
/// <param name="plus">Whether the client chose the -PLUS form.</param>
/// <param name="nonce">Our part of the nonce; null draws 18 random bytes. Tests pass the RFC's.</param>
internal sealed class ScramExchange(
    IAuthenticator authenticator,
    IPAddress remote,
    TlsInfo? tls,
    bool plus,
    string? nonce = null
) : SaslExchange
{
    internal const string Name = "SCRAM-SHA-256";
    internal const string PlusName = "SCRAM-SHA-256-PLUS";
    private const int MaxNameBytes = 1024;
    private const int MaxNonceBytes = 256;

    private State _state;
    private ScramSecret? _secret;
    private AuthenticationResult? _result;
    private string _user = "";
    private string _gs2Header = "";
    private string _clientFirstBare = "";
    private string _serverFirst = "";
    private string _nonce = "";

    private enum State
    {
        First,
        Final,
        Acknowledged,
        Over,
    }

    private protected override ValueTask<SaslStep> TakeAsync(ReadOnlyMemory<byte>? response, CancellationToken ct)
    {
        switch (_state)
        {
            case State.First when response is null:
                return new(SaslStep.Ask([]));
            case State.First when SaslText.TryDecode(response.Value.Span, out var first):
                return TakeFirstAsync(first, ct);
            case State.Final when response is { } bytes && SaslText.TryDecode(bytes.Span, out var final):
                return TakeFinalAsync(final, ct);
            // RFC 5802 §5: the client answers the server's signature with an empty response.
            case State.Acknowledged when response is { IsEmpty: true }:
                _state = State.Over;
                return new(SaslStep.End(_result ?? AuthenticationResult.Failed));
            default:
                _state = State.Over;
                return new(SaslStep.Failed);
        }
    }

    private async ValueTask<SaslStep> TakeFirstAsync(string message, CancellationToken ct)
    {
        _state = State.Over;
        if (!TryReadFirst(message, out var clientNonce))
            return SaslStep.Failed;
        _secret = await authenticator.FindScramAsync(_user, remote, ct);
        if (_secret is null)
            return SaslStep.Failed;
        _nonce = clientNonce + (nonce ?? Convert.ToBase64String(RandomNumberGenerator.GetBytes(18)));
        _serverFirst =
            $"r={_nonce},s={Convert.ToBase64String(_secret.Salt.Span)},i={_secret.Iterations.ToString(CultureInfo.InvariantCulture)}";
        _state = State.Final;
        return SaslStep.Ask(Encoding.UTF8.GetBytes(_serverFirst));
    }

    /// <summary><c>gs2-cbind-flag "," [authzid] "," ["m=…"] "n=" name "," "r=" nonce [extensions]</c> (RFC 5802 §7).</summary>
    private bool TryReadFirst(string message, out string clientNonce)
    {
        clientNonce = "";
        var parts = message.Split(',', 6);
        if (parts.Length is < 4 or > 5)
            return false;
        // RFC 5802 §6: "y" says the server seems not to offer -PLUS. When we do, somebody took it off the list.
        var flagIsGood = parts[0] switch
        {
            "n" => !plus,
            "y" => !plus && tls?.ServerEndPointBinding is null,
            "p=tls-server-end-point" => plus,
            _ => false,
        };
        if (
            !flagIsGood
            || !parts[2].StartsWith("n=", StringComparison.Ordinal)
            || !parts[3].StartsWith("r=", StringComparison.Ordinal)
        )
            return false;
        clientNonce = parts[3][2..];
        if (
            clientNonce.Length is 0 or > MaxNonceBytes
            || clientNonce.AsSpan().ContainsAnyExceptInRange('\u0021', '\u007E')
            || parts[2].Length > MaxNameBytes
            || !TryReadName(parts[2][2..], out _user)
        )
            return false;
        if (parts[1].Length > 0)
        {
            // As in PLAIN: an authorization identity may only repeat the name.
            if (
                !parts[1].StartsWith("a=", StringComparison.Ordinal)
                || !TryReadName(parts[1][2..], out var identity)
                || !identity.Equals(_user, StringComparison.OrdinalIgnoreCase)
            )
                return false;
        }

        _gs2Header = parts[0] + "," + parts[1] + ",";
        _clientFirstBare = message[_gs2Header.Length..];
        return true;
    }

    /// <summary><c>saslname</c>: "=2C" is a comma, "=3D" an equals sign, no other "=" (RFC 5802 §5.1).</summary>
    internal static bool TryReadName(string text, out string name)
    {
        name = "";
        var raw = text.Replace("=2C", "", StringComparison.Ordinal).Replace("=3D", "", StringComparison.Ordinal);
        if (raw.Contains('=', StringComparison.Ordinal))
            return false;
        var plain = text.Replace("=2C", ",", StringComparison.Ordinal).Replace("=3D", "=", StringComparison.Ordinal);
        if (SaslPrep.Prepare(plain) is not { } prepared)
            return false;
        name = prepared;
        return true;
    }

    private async ValueTask<SaslStep> TakeFinalAsync(string message, CancellationToken ct)
    {
        _state = State.Over;
        var proofAt = message.LastIndexOf(",p=", StringComparison.Ordinal);
        var succeeded = false;
        byte[] signature = [];
        if (proofAt > 0 && HasOurBindingAndNonce(message[..proofAt]))
        {
            var authMessage = Encoding.UTF8.GetBytes($"{_clientFirstBare},{_serverFirst},{message[..proofAt]}");
            succeeded = IsProofGood(authMessage, message[(proofAt + 3)..]);
            signature = HMACSHA256.HashData(_secret!.ServerKey.Span, authMessage);
        }

        _result = await authenticator.ReportScramAsync(_user, succeeded, remote, ct);
        if (_result.Status != AuthenticationStatus.Succeeded)
            return SaslStep.End(_result);
        _state = State.Acknowledged;
        return SaslStep.Ask(Encoding.UTF8.GetBytes("v=" + Convert.ToBase64String(signature)));
    }

    /// <summary><c>"c=" base64(gs2-header [cbind-data]) ",r=" nonce [extensions]</c>.</summary>
    private bool HasOurBindingAndNonce(string withoutProof)
    {
        var binding = plus ? tls!.ServerEndPointBinding!.Value : ReadOnlyMemory<byte>.Empty;
        byte[] bound = [.. Encoding.UTF8.GetBytes(_gs2Header), .. binding.Span];
        var expected = $"c={Convert.ToBase64String(bound)},r={_nonce}";
        return withoutProof.StartsWith(expected, StringComparison.Ordinal)
            && (withoutProof.Length == expected.Length || withoutProof[expected.Length] == ',');
    }

    /// <summary>ClientKey = ClientProof XOR HMAC(StoredKey, AuthMessage); its hash must be StoredKey (RFC 5802 §3).</summary>
    private bool IsProofGood(byte[] authMessage, string proofText)
    {
        Span<byte> key = stackalloc byte[SHA256.HashSizeInBytes];
        if (!Convert.TryFromBase64String(proofText, key, out var length) || length != key.Length)
            return false;
        Span<byte> mask = stackalloc byte[SHA256.HashSizeInBytes];
        HMACSHA256.HashData(_secret!.StoredKey.Span, authMessage, mask);
        for (var i = 0; i < key.Length; i++)
            key[i] ^= mask[i];
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(key, hash);
        return CryptographicOperations.FixedTimeEquals(hash, _secret.StoredKey.Span);
    }
}
