using System.Globalization;
using System.Net;
using Postreiter.Core;
using Postreiter.Delivery.Authentication;
using Postreiter.Delivery.Gate;
using Postreiter.MailAuth;
using Postreiter.Milter.Policy;
using Postreiter.Smtp.Server;
using TlsInfo = Postreiter.Net.TlsInfo;

namespace Postreiter.Delivery.Foreign;

/// <summary>
/// Sessions of another server, told question by question (Postfix's policy delegation): what was not told yet of a message is caught up with, so
/// that it is all the same in which states we are asked.
/// </summary>
internal sealed class ForeignPolicySession(ForeignGate foreign, string connection) : IPolicySession
{
    private const string GoOn = "DUNNO";

    private string _instance = "";
    private SmtpPeer? _peer;
    private SmtpEnvelope? _envelope;
    private SmtpReply? _refusal;
    private bool _hasHelo;
    private bool _hasMail;
    private bool _hasData;
    private bool _hasResults;

    /// <inheritdoc/>
    public async ValueTask<string> DecideAsync(PolicyRequest request, CancellationToken ct)
    {
        if (
            request["request"] != "smtpd_access_policy"
            || request.State is "VRFY" or "ETRN"
            || !IPAddress.TryParse(request["client_address"], out var address)
        )
            return GoOn;
        // Questions without an instance stand each for itself.
        if (_peer is null || request.Instance.Length == 0 || request.Instance != _instance)
        {
            End();
            await BeginAsync(request, address);
        }

        // Whom the session was refused, every message is.
        if (_refusal is not null)
            return Action(_refusal);
        if (request.State == "CONNECT")
            return GoOn;
        Hello(request);
        if (request.State is "HELO" or "EHLO")
            return GoOn;
        if (Mail(request) is { } no)
            return Action(no);
        return request.State switch
        {
            "RCPT" => await RcptAsync(request, ct),
            "DATA" or "END-OF-MESSAGE" => Data(),
            _ => GoOn,
        };
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync()
    {
        End();
        return ValueTask.CompletedTask;
    }

    private async ValueTask BeginAsync(PolicyRequest request, IPAddress address)
    {
        _instance = request.Instance;
        _peer = new SmtpPeer
        {
            ConnectionId = connection,
            Role = ListenerRole.Mx,
            Door = "policy",
            Address = address,
            Port = int.TryParse(request["client_port"], NumberStyles.None, CultureInfo.InvariantCulture, out var port)
                ? port
                : 0,
            IsExtended = request["protocol_name"] == "ESMTP",
        };
        if (request["encryption_protocol"] is { Length: > 0 } protocol)
            _peer.Tls = new TlsInfo(protocol, request["encryption_cipher"], null);
        _refusal = await foreign.ConnectAsync(_peer);
    }

    private void Hello(PolicyRequest request)
    {
        if (_hasHelo || request["helo_name"].Length == 0)
            return;
        _hasHelo = true;
        var name = request["helo_name"];
        _peer!.Helo = name.Length > DomainName.MaxLength + 2 ? name[..(DomainName.MaxLength + 2)] : name;
        foreign.Gate.Hello(_peer);
    }

    private SmtpReply? Mail(PolicyRequest request)
    {
        if (_hasMail)
            return _refusal;
        _hasMail = true;
        var isNull = request["sender"].Length == 0;
        var sender = default(EmailAddress);
        if (!isNull && !foreign.TryRead(request["sender"], out sender))
            return _refusal = new SmtpReply(553, "5.1.7", "That is no sender address");
        var mail = new MailArguments
        {
            ReversePath = isNull ? null : sender,
            Size =
                long.TryParse(request["size"], NumberStyles.None, CultureInfo.InvariantCulture, out var size)
                && size > 0
                    ? size
                    : null,
        };
        _refusal = foreign.Mail(_peer!, mail, isTrusted: request["sasl_username"].Length > 0);
        _envelope = foreign.Envelope(mail);
        return _refusal;
    }

    private async ValueTask<string> RcptAsync(PolicyRequest request, CancellationToken ct)
    {
        if (!foreign.TryRead(request["recipient"], out var recipient) || recipient.IsEmpty)
            return Action(new SmtpReply(501, "5.1.3", "That is no recipient address"));
        var decision = await foreign.Gate.RecipientAsync(_peer!, _envelope!, recipient, RecipientDecision.Accept(), ct);
        return decision.Refusal is { } refusal ? Action(refusal) : Results() ?? GoOn;
    }

    private string Data()
    {
        if (_hasData)
            return _refusal is { } known ? Action(known) : GoOn;
        _hasData = true;
        _refusal = foreign.Gate.Data(_peer!);
        return _refusal is { } refusal ? Action(refusal) : GoOn;
    }

    // Once a message, with its first recipient that passes: what is known by then.
    private string? Results()
    {
        if (
            _hasResults
            || !foreign.Options.AddsResults
            || (_peer!.Notes as PeerNotes)?.Sender?.MailFrom is not { IsCompletedSuccessfully: true } spf
        )
            return null;
        _hasResults = true;
        var results = new List<AuthenticationResult>
        {
            AuthenticationResults.Of(spf.Result, _envelope!.Mail.ReversePath?.ToString()),
        };
        if ((_peer.Notes as PeerNotes)?.Iprev is { IsCompletedSuccessfully: true } iprev)
            results.Add(AuthenticationResults.Of(iprev.Result));
        var field = new AuthenticationResults(foreign.HostName, results).ToField();
        return "PREPEND " + field.TrimEnd().Replace("\r\n", "", StringComparison.Ordinal).Replace('\t', ' ');
    }

    private void End()
    {
        if (_peer is { } peer)
        {
            // Whether the other server took it in the end is not told.
            if (_refusal is null && ReceptionGate.HasPassed(peer))
                foreign.Gate.ForeignEnded(peer, ForeignMessage.Passed);
            else
                foreign.Gate.Finish(peer);
        }

        (_peer, _envelope, _refusal) = (null, null, null);
        (_hasHelo, _hasMail, _hasData, _hasResults) = (false, false, false, false);
    }

    // access(5): a code and a text, on one line.
    private static string Action(SmtpReply reply) => reply.ToString();
}
