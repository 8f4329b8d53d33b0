using System.Net;
using System.Text;

namespace Postreiter.Net.Sasl;

/// <summary>PLAIN (RFC 4616): <c>[authzid] NUL authcid NUL passwd</c>.</summary>
internal sealed class PlainExchange(IAuthenticator authenticator, IPAddress remote) : SaslExchange
{
    internal const string Name = "PLAIN";

    private bool _asked;

    private protected override async ValueTask<SaslStep> TakeAsync(ReadOnlyMemory<byte>? response, CancellationToken ct)
    {
        if (response is not { } bytes)
        {
            if (_asked)
                return SaslStep.Failed;
            _asked = true;
            return SaslStep.Ask([]);
        }

        if (!TryRead(bytes.Span, out var user, out var password))
            return SaslStep.Failed;
        return SaslStep.End(await authenticator.VerifyPasswordAsync(user, password, remote, ct));
    }

    internal static bool TryRead(ReadOnlySpan<byte> message, out string user, out string password)
    {
        (user, password) = ("", "");
        var first = message.IndexOf((byte)0);
        if (first < 0)
            return false;
        var rest = message[(first + 1)..];
        var second = rest.IndexOf((byte)0);
        if (second < 0 || rest[(second + 1)..].Contains((byte)0))
            return false;
        if (
            !SaslText.TryDecode(message[..first], out var identity)
            || !SaslText.TryDecode(rest[..second], out var name)
            || !SaslText.TryDecode(rest[(second + 1)..], out var secret)
            || SaslPrep.Prepare(name) is not { } prepared
            || SaslPrep.Prepare(secret) is not { } preparedSecret
        )
            return false;
        // RFC 4616 §2: nobody acts for somebody else here, so an authorization identity may only repeat the name.
        if (identity.Length > 0 && !string.Equals(identity, name, StringComparison.OrdinalIgnoreCase))
            return false;
        (user, password) = (prepared, preparedSecret);
        return true;
    }
}

/// <summary>LOGIN (draft-murchison-sasl-login): the name and the password as answers to two prompts.</summary>
internal sealed class LoginExchange(IAuthenticator authenticator, IPAddress remote) : SaslExchange
{
    internal const string Name = "LOGIN";

    private string? _user;

    private protected override async ValueTask<SaslStep> TakeAsync(ReadOnlyMemory<byte>? response, CancellationToken ct)
    {
        if (response is not { } bytes)
            return _user is null ? SaslStep.Ask("Username:"u8) : SaslStep.Failed;
        if (!SaslText.TryDecode(bytes.Span, out var text) || SaslPrep.Prepare(text) is not { } prepared)
            return SaslStep.Failed;
        if (_user is not null)
            return SaslStep.End(await authenticator.VerifyPasswordAsync(_user, prepared, remote, ct));
        _user = prepared;
        return SaslStep.Ask("Password:"u8);
    }
}

/// <summary>Strict UTF-8.</summary>
internal static class SaslText
{
    private static readonly UTF8Encoding Strict = new(false, throwOnInvalidBytes: true);

    internal static bool TryDecode(ReadOnlySpan<byte> bytes, out string text)
    {
        try
        {
            text = Strict.GetString(bytes);
            return true;
        }
        catch (DecoderFallbackException)
        {
            text = "";
            return false;
        }
    }
}
