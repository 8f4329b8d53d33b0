using Postreiter.Dns;

namespace Postreiter.MailAuth.Dkim;

/// <summary>Verifies the DKIM signatures of messages (RFC 6376 §6). One for the whole server: it keeps the keys it has read.</summary>
/// <param name="dns">Answers; a cache behind it makes repeated checks cheap.</param>
/// <param name="time">For <c>t=</c> and <c>x=</c>, and for the budget.</param>
/// <param name="limits">L17; null for the defaults.</param>
public sealed class DkimVerifier(IDnsResolver dns, TimeProvider time, DkimLimits? limits = null)
{
    private readonly DkimLimits _limits = limits ?? new DkimLimits();
    private readonly DkimKeys _keys = new(dns, limits ?? new DkimLimits());

    /// <summary>Begins with a message of its own.</summary>
    /// <param name="header">All header lines with their CRLF, without the empty line; copied.</param>
    public DkimVerification Start(ReadOnlySpan<byte> header)
    {
        var message = new SignedMessage(header);
        return Start(message);
    }

    /// <summary>Begins with a message that others check too; feed it once, by any of them or by itself.</summary>
    public DkimVerification Start(SignedMessage message) => new(message, _keys, time, _limits);
}
