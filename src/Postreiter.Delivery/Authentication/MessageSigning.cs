using System.Text;
using Postreiter.Core;
using Postreiter.Delivery.Inbound;
using Postreiter.MailAuth;
using Postreiter.MailAuth.Arc;
using Postreiter.MailAuth.Dkim;
using Postreiter.MailAuth.Dmarc;
using Postreiter.Smtp.Server;

namespace Postreiter.Delivery.Authentication;

/// <summary>
/// The signatures and seals of one message that goes to other servers, made while it comes in: then its bytes are what they stay.
/// What a user submits is signed for its author's domain; what an alias forwards is sealed for the alias's.
/// </summary>
internal sealed class MessageSigning : IDisposable
{
    private readonly DkimSigning? _signing;
    private readonly Dictionary<DomainName, ArcSealing> _sealing = [];
    private readonly SignedMessage _message;
    private readonly bool _isFedByOthers;
    private string? _signatures;

    private MessageSigning(SignedMessage message, bool isFedByOthers, DkimSigning? signing) =>
        (_message, _isFedByOthers, _signing) = (message, isFedByOthers, signing);

    /// <summary>Whether a message may need any of it.</summary>
    public static bool IsWanted(SmtpPeer peer, SmtpEnvelope envelope, bool isChecked) =>
        (isChecked || peer is { Role: ListenerRole.Submission, User: not null })
        && envelope.Recipients.Any(static r => r.Target is Resolution { Remote.Count: > 0 });

    /// <summary>The header is whole.</summary>
    /// <param name="keys">Those that sign.</param>
    /// <param name="peer">Who brings the message.</param>
    /// <param name="envelope">For whom.</param>
    /// <param name="header">As it is kept and goes on, without the empty line.</param>
    /// <param name="shared">The message as its check sees it, where the header is the same; null otherwise.</param>
    /// <param name="time">The clock.</param>
    /// <param name="ct">Stops waiting.</param>
    /// <returns>Null when there is no key for it.</returns>
    public static async ValueTask<MessageSigning?> StartAsync(
        SigningKeys keys,
        SmtpPeer peer,
        SmtpEnvelope envelope,
        ReadOnlyMemory<byte> header,
        SignedMessage? shared,
        TimeProvider time,
        CancellationToken ct
    )
    {
        if (header.IsEmpty)
            return null;
        if (peer.User is { } user)
        {
            var signer = await keys.FindAsync(SigningDomain(header.Span, envelope.Mail.ReversePath, user.Address), ct);
            if (signer.Count == 0)
                return null;
            var own = new SignedMessage(header.Span);
            return new MessageSigning(own, false, new DkimSigner(signer, time).Start(own));
        }

        MessageSigning? made = null;
        foreach (var recipient in envelope.Recipients)
        {
            var domain = recipient.Arguments.Recipient.Domain;
            if (
                recipient.Target is not Resolution { Remote.Count: > 0, IsForBounces: false }
                || made?._sealing.ContainsKey(domain) == true
                // RFC 8617 §4.1: what every validator knows is RSA.
                || (await keys.FindAsync(domain, ct)).FirstOrDefault(static k => k.Key.Algorithm == "rsa-sha256")
                    is not { } key
            )
                continue;
            made ??= new MessageSigning(shared ?? new SignedMessage(header.Span), shared is not null, null);
            made._sealing.Add(domain, new ArcSealer(key, time).Start(made._message));
        }

        return made;
    }

    /// <summary>The signature fields of a message that the server wrote itself; empty where there is no key for its domain.</summary>
    /// <exception cref="Postreiter.Storage.StoreException">The store cannot tell the keys.</exception>
    public static async ValueTask<byte[]> SignWholeAsync(
        SigningKeys keys,
        DomainName domain,
        ReadOnlyMemory<byte> message,
        TimeProvider time,
        CancellationToken ct
    )
    {
        if (await keys.FindAsync(domain, ct) is not { Count: > 0 } signer)
            return [];
        var end = message.Span.IndexOf("\r\n\r\n"u8) + 2;
        var signing = new DkimSigner(signer, time).Start(message.Span[..end]);
        signing.AppendBody(message.Span[(end + 2)..]);
        return Encoding.ASCII.GetBytes(signing.Complete());
    }

    /// <summary>The next bytes of the body.</summary>
    public void AppendBody(ReadOnlySpan<byte> bytes)
    {
        if (!_isFedByOthers)
            _message.AppendBody(bytes);
    }

    /// <summary>The DKIM-Signature fields; empty when there are none. The message is whole.</summary>
    public string Signatures() => _signatures ??= _signing?.Complete() ?? "";

    /// <summary>The ARC set for what an alias of a domain forwards; empty when there is none. The message is whole.</summary>
    public string Seal(DomainName domain, SenderVerdict verdict, bool allowUtf8)
    {
        // A chain that could not be looked at may still hold for the next one: a seal that calls it failed would break it.
        if (verdict.Arc.Result == ArcResult.TempError || !_sealing.TryGetValue(domain, out var sealing))
            return "";
        var field = verdict.Results.ToField(allowUtf8: allowUtf8);
        return sealing.Complete(verdict.Arc, field[(AuthenticationResults.FieldName.Length + 1)..]) ?? "";
    }

    /// <summary>The message is done with, or given up.</summary>
    public void Dispose()
    {
        if (!_isFedByOthers)
            _message.Dispose();
    }

    // A user signs for the author's domain where it is that of an address of his own; whatever else he writes into From, a
    // resent message's author say, does not get the word of another domain of ours.
    private static DomainName SigningDomain(ReadOnlySpan<byte> header, EmailAddress? reversePath, EmailAddress account)
    {
        var own = reversePath?.Domain ?? account.Domain;
        return
            DmarcAuthors.Read(header).Domains is [var author]
            && DomainName.TryParse(author, out var domain)
            && (domain == account.Domain || domain.IsAtOrBelow(own))
            ? domain
            : own;
    }
}
