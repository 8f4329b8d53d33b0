namespace Postreiter.Net.Sasl;

/// <summary>The server's side of SASL (RFC 4422) for every protocol room: which mechanisms to offer, and their exchanges.</summary>
/// <param name="authenticator">Says who is who.</param>
public sealed class SaslServer(IAuthenticator authenticator)
{
    /// <summary>Largest response taken, in decoded bytes; a longer one fails the exchange.</summary>
    public const int MaxResponseBytes = 8 * 1024;

    /// <summary>The mechanisms offered on a connection, strongest first.</summary>
    /// <param name="connection">Its TLS decides about PLAIN, LOGIN and the -PLUS form.</param>
    /// <param name="allowPlaintext">Whether the operator lets passwords pass without TLS (P13).</param>
    public IReadOnlyList<string> Mechanisms(Connection connection, bool allowPlaintext)
    {
        var names = new List<string>(4);
        if (connection.Tls?.ServerEndPointBinding is not null)
            names.Add(ScramExchange.PlusName);
        names.Add(ScramExchange.Name);
        if (connection.Tls is not null || allowPlaintext)
        {
            names.Add(PlainExchange.Name);
            names.Add(LoginExchange.Name);
        }

        return names;
    }

    /// <summary>Starts an exchange.</summary>
    /// <param name="mechanism">Its name in any case (RFC 4422 §3.1 has upper case; clients differ).</param>
    /// <param name="connection">The peer.</param>
    /// <param name="allowPlaintext">As in <see cref="Mechanisms"/>.</param>
    /// <returns>Null for a mechanism that is not offered here.</returns>
    public SaslExchange? Begin(string mechanism, Connection connection, bool allowPlaintext)
    {
        var name = Mechanisms(connection, allowPlaintext)
            .FirstOrDefault(offered => offered.Equals(mechanism, StringComparison.OrdinalIgnoreCase));
        var address = connection.Remote.Address;
        return name switch
        {
            PlainExchange.Name => new PlainExchange(authenticator, address),
            LoginExchange.Name => new LoginExchange(authenticator, address),
            ScramExchange.Name => new ScramExchange(authenticator, address, connection.Tls, plus: false),
            ScramExchange.PlusName => new ScramExchange(authenticator, address, connection.Tls, plus: true),
            _ => null,
        };
    }
}

/// <summary>One exchange. Not to be used again after a step gave a result.</summary>
public abstract class SaslExchange
{
    /// <summary>Takes the client's next response and gives a challenge or the end.</summary>
    /// <param name="response">Decoded bytes; null when the client sent no initial response.</param>
    /// <param name="ct">Stops waiting.</param>
    public async ValueTask<SaslStep> StepAsync(ReadOnlyMemory<byte>? response, CancellationToken ct) =>
        response is { Length: > SaslServer.MaxResponseBytes } ? SaslStep.Failed : await TakeAsync(response, ct);

    private protected abstract ValueTask<SaslStep> TakeAsync(ReadOnlyMemory<byte>? response, CancellationToken ct);
}

/// <summary>What the server does after a response; exactly one of the two is set.</summary>
/// <param name="Challenge">To be sent, not yet in base64; may be empty.</param>
/// <param name="Result">The end. SCRAM's last word to the client goes as a challenge before it (RFC 4422 §3.6).</param>
public sealed record SaslStep(ReadOnlyMemory<byte>? Challenge, AuthenticationResult? Result)
{
    /// <summary>The end: refused.</summary>
    public static readonly SaslStep Failed = End(AuthenticationResult.Failed);

    internal static SaslStep End(AuthenticationResult result) => new(null, result);

    internal static SaslStep Ask(ReadOnlySpan<byte> challenge) => new(challenge.ToArray(), null);
}
