using Postreiter.Delivery.Inbound;
using Postreiter.MailAuth;
using Postreiter.MailAuth.Arc;
using Postreiter.MailAuth.Dkim;
using Postreiter.MailAuth.Dmarc;
using Postreiter.MailAuth.Spf;
using Postreiter.Smtp.Server;

namespace Postreiter.Delivery.Authentication;

/// <summary>The check of one message, fed while it arrives: one pass over its body, whatever checks it.</summary>
internal sealed class MessageCheck(
    SenderChecks checks,
    SenderCheckOptions options,
    SmtpPeer peer,
    SmtpEnvelope envelope,
    SenderCheck sender,
    Task<IprevOutcome>? iprev
) : IDisposable
{
    private const string TooLate = "it took too long";
    private readonly CancellationTokenSource _abandoned = new();
    private SignedMessage? _message;
    private DkimVerification? _dkim;
    private ArcValidation? _arc;
    private DmarcAuthors? _authors;

    /// <summary>The message as DKIM and ARC see it; null before <see cref="Start"/>.</summary>
    public SignedMessage? Message => _message;

    /// <summary>Whether <see cref="Message"/> has the whole header; of a large one it has what signatures need.</summary>
    public bool IsHeaderWhole { get; private set; }

    /// <summary>The header is whole.</summary>
    /// <param name="header">As it came, without the empty line.</param>
    public void Start(ReadOnlyMemory<byte> header)
    {
        _authors = DmarcAuthors.Read(header.Span);
        var signed = LargeHeader.ForCheck(header);
        IsHeaderWhole = signed.Length == header.Length;
        _message = new SignedMessage(signed.Span);
        _dkim = checks.Dkim.Start(_message);
        _arc = checks.Arc.Start(_message);
        _dkim.BeginLookups(_abandoned.Token);
    }

    /// <summary>The next bytes of the body as they came.</summary>
    public void AppendBody(ReadOnlySpan<byte> bytes) => _message!.AppendBody(bytes);

    /// <summary>The message is whole.</summary>
    public async ValueTask<SenderVerdict> CompleteAsync(CancellationToken ct)
    {
        using var budget = new CancellationTokenSource(options.Budget, checks.Time);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(ct, budget.Token);
        Task<T> InTime<T>(Task<T> task, Func<T> late) => OrLateAsync(task, late, both.Token, ct);

        var spf = await InTime(sender.MailFrom, () => Late(envelope.Mail.ReversePath?.Domain.Ascii));
        var helo = await InTime(sender.Helo, () => Late(peer.Helo));
        var name = iprev is null
            ? null
            : await InTime(iprev, () => new IprevOutcome(IprevResult.TempError, peer.Address, null, TooLate));
        var dkim = await InTime(_dkim!.CompleteAsync(both.Token).AsTask(), LateSignatures);
        var arc = await InTime(_arc!.CompleteAsync(both.Token).AsTask(), LateChain);
        var trust = SenderPolicy.FindTrust(options, peer, name, spf, arc, _authors!, checks.Suffixes);
        var request = new DmarcRequest(_authors!, spf, dkim, checks.Draw())
        {
            Overrides = trust is null ? [] : [trust],
        };
        var dmarc = await InTime(
            checks.Dmarc.CheckAsync(request, both.Token).AsTask(),
            () =>
                new DmarcOutcome(
                    DmarcResult.TempError,
                    DmarcPolicy.None,
                    _authors!.Domains is [var first, ..] ? first : "",
                    TooLate
                )
        );
        var verdict = new SenderVerdict
        {
            Spf = spf,
            Helo = helo,
            Dkim = dkim,
            Arc = arc,
            Dmarc = dmarc,
            Iprev = name,
            Results = new AuthenticationResults(checks.HostName, [.. ResultsOf(spf, helo, name, dkim, arc, dmarc)]),
        };
        return SenderPolicy.Decide(options, verdict, trust is not null);
    }

    /// <summary>The message is done with, or given up: nobody waits for its keys any more.</summary>
    public void Dispose()
    {
        _abandoned.Cancel();
        _abandoned.Dispose();
        _message?.Dispose();
    }

    private IEnumerable<AuthenticationResult> ResultsOf(
        SpfOutcome spf,
        SpfOutcome helo,
        IprevOutcome? name,
        IReadOnlyList<DkimOutcome> dkim,
        ArcOutcome arc,
        DmarcOutcome dmarc
    )
    {
        var from = envelope.Mail.ReversePath?.ToString();
        yield return AuthenticationResults.Of(spf, from);
        // Few publish a record for the name of a host; what it says counts where there is one.
        if (from is not null && helo.Result != SpfResult.None)
            yield return AuthenticationResults.Of(helo, null);
        foreach (var signature in AuthenticationResults.Of(dkim))
            yield return signature;
        yield return AuthenticationResults.Of(dmarc);
        if (arc.Result != ArcResult.None)
            yield return Of(arc);
        if (name is not null)
            yield return AuthenticationResults.Of(name);
    }

    // RFC 8617 §10.1.
    private static AuthenticationResult Of(ArcOutcome arc) =>
        new("arc", arc.Result.ToString().ToLowerInvariant(), arc.Result == ArcResult.Pass ? "" : arc.Reason, [])
        {
            Comment = arc.Sealers.Count > 0 ? "sealed by " + string.Join(" ", arc.Sealers) : "",
        };

    // F7: what is not known in time is as good as no answer of the DNS.
    private static async Task<T> OrLateAsync<T>(
        Task<T> task,
        Func<T> late,
        CancellationToken inTime,
        CancellationToken ct
    )
    {
        try
        {
            return await task.WaitAsync(inTime);
        }
        catch (OperationCanceledException) when (inTime.IsCancellationRequested && !ct.IsCancellationRequested)
        {
            InboundMetrics.Limit("F7");
            return late();
        }
    }

    private static SpfOutcome Late(string? domain) => new(SpfResult.TempError, domain ?? "", TooLate, null, []);

    private static ArcOutcome LateChain() => new(ArcResult.TempError, 0, [], TooLate, [], false);

    private static IReadOnlyList<DkimOutcome> LateSignatures() =>
        [new DkimOutcome(DkimResult.TempError, "", "", "", "", "", false, TooLate)];
}
