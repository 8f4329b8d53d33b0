namespace Postreiter.Pop3.Commands;

/// <summary>CAPA: what the server can, at this moment.</summary>
/// <remarks>RFC 2449 §5 and §6, RFC 2595 §4 (STLS), RFC 5034 §6 (SASL), RFC 3206 §6 (AUTH-RESP-CODE).</remarks>
internal sealed class CapaCommand : IPop3Command
{
    public Pop3Phases AllowedIn => Pop3Phases.Any;

    public ValueTask<Pop3Reply> ExecuteAsync(
        Pop3Session session,
        ReadOnlyMemory<byte>? argument,
        CancellationToken ct
    ) => new(argument is null ? Pop3Reply.Multi("capabilities follow", Capabilities(session)) : Pop3Reply.Syntax);

    private static IEnumerable<string> Capabilities(Pop3Session session)
    {
        yield return "TOP";
        yield return "UIDL";
        yield return "RESP-CODES";
        yield return "AUTH-RESP-CODE";
        yield return "PIPELINING";
        yield return "EXPIRE NEVER";
        // RFC 2449 §5: what holds in both states is listed in both; STLS ends with TLS (RFC 2595 §4).
        if (session.AllowsPasswords)
            yield return "USER";
        if (session.Mechanisms is { Count: > 0 } mechanisms)
            yield return "SASL " + string.Join(' ', mechanisms);
        if (session.CanStartTls)
            yield return "STLS";
    }
}
