using System.Net;
using Postreiter.Core;
using Postreiter.Net;

namespace Postreiter.Smtp.Client;

/// <summary>
/// One session with a server (RFC 5321 §3). Whatever the server does is a reply: a lost connection, a timeout and
/// nonsense are a 421 of ours with <see cref="SmtpReply.ClosesConnection"/>. Not for use by two tasks at once.
/// </summary>
/// <param name="connection">An open connection; the caller disposes it.</param>
/// <param name="options">Settings.</param>
/// <param name="time">Measures the timeouts of RFC 5321 §4.5.3.2.</param>
public sealed class SmtpClient(OutgoingConnection connection, SmtpClientOptions options, TimeProvider time)
{
    private static readonly TimeSpan Command = TimeSpan.FromMinutes(5);
    private readonly SmtpExchange _exchange = new(connection, time);
    private SmtpExtensions _extensions = new();
    private SmtpTransaction? _transaction;

    /// <summary>Whether the server offers DSN (RFC 3461): it then takes over the duty to report.</summary>
    public bool OffersDsn => _extensions.Has("DSN");

    /// <summary>Whether the TLS handshake failed; in opportunistic mode a new connection without TLS may be tried.</summary>
    public bool TlsFailed { get; private set; }

    /// <summary>Greeting, EHLO (or HELO), STARTTLS, AUTH.</summary>
    /// <returns>Null when mail can be sent; otherwise the reply that stood in the way.</returns>
    public async ValueTask<SmtpReply?> OpenAsync(CancellationToken ct)
    {
        // RFC 8314 §3: TLS from the first byte.
        if (options.Tls == SmtpTlsMode.Implicit && !await connection.StartTlsAsync(options.ServerName, true, ct))
            return HandshakeFailed();
        var greeting = await _exchange.ReadReplyAsync(Command, ct);
        if (greeting.Code != 220)
            return SmtpTransaction.Refusal(greeting);
        if (await SayHelloAsync(ct) is { } refused)
            return refused;
        if (options.Tls is SmtpTlsMode.Opportunistic or SmtpTlsMode.Required && connection.Tls is null)
        {
            if (_extensions.Has("STARTTLS"))
            {
                if (await StartTlsAsync(ct) is { } failed)
                    return failed;
            }
            else if (options.Tls == SmtpTlsMode.Required)
            {
                return new SmtpReply(454, "4.7.10", "TLS is required and was not offered") { IsOurs = true };
            }
        }

        return options.Credentials is null ? null : await LogInAsync(options.Credentials, ct);
    }

    /// <summary>Sends one message; the session stays open for the next unless a reply closes it.</summary>
    /// <exception cref="OperationCanceledException">Given up; the connection is aborted.</exception>
    public ValueTask<SendResult> SendAsync(OutgoingMessage message, CancellationToken ct)
    {
        _transaction ??= new SmtpTransaction(_exchange, _extensions, Command);
        return _transaction.SendAsync(message, ct);
    }

    /// <summary>Says QUIT and waits 5 s at most for the answer; after what was sent it changes nothing any more.</summary>
    public ValueTask QuitAsync() => _exchange.QuitAsync();

    private async ValueTask<SmtpReply?> SayHelloAsync(CancellationToken ct)
    {
        _extensions = new SmtpExtensions();
        var ehlo = await _exchange.CallAsync($"EHLO {options.HostName}\r\n", Command, ct, ReplyReader.MaxHelloText);
        var reply = ehlo;
        if (ehlo.IsPositive)
        {
            _extensions = new SmtpExtensions(ehlo);
        }
        else if (ehlo.IsPermanent && !ehlo.ClosesConnection)
        {
            // RFC 5321 §3.2: a server that does not know EHLO may know HELO. One that hangs up meant its first answer.
            reply = await _exchange.CallAsync($"HELO {options.HostName}\r\n", Command, ct);
            if (reply.IsOurs)
                reply = ehlo with { ClosesConnection = true };
        }

        if (!reply.IsPositive)
            return SmtpTransaction.Refusal(reply);
        var name = reply.Lines[0].Split(' ', 2)[0];
        return options.RefusesOwnName && name.Equals(options.HostName.Ascii, StringComparison.OrdinalIgnoreCase)
            ? new SmtpReply(554, "5.4.6", "the server has our own name: the mail would go in circles") { IsOurs = true }
            : null;
    }

    private async ValueTask<SmtpReply?> StartTlsAsync(CancellationToken ct)
    {
        var reply = await _exchange.CallAsync("STARTTLS\r\n", Command, ct);
        if (reply.Code != 220)
        {
            // RFC 3207 §4: the session goes on in plain, when that is allowed.
            if (reply.ClosesConnection)
                return reply;
            return options.Tls == SmtpTlsMode.Required
                ? new SmtpReply(454, "4.7.10", "TLS is required and was refused") { IsOurs = true }
                : null;
        }

        if (!await connection.StartTlsAsync(options.ServerName, options.Tls == SmtpTlsMode.Required, ct))
            return HandshakeFailed();
        // RFC 3207 §4.2: what was learned before is forgotten.
        var refused = await SayHelloAsync(ct);
        // With TLS 1.3 a server's complaint about the handshake comes only now, as the end of the connection.
        TlsFailed = refused is { IsOurs: true, ClosesConnection: true };
        return refused;
    }

    private SmtpReply HandshakeFailed()
    {
        TlsFailed = true;
        return new SmtpReply(454, "4.7.5", "the TLS handshake failed") { ClosesConnection = true, IsOurs = true };
    }

    private async ValueTask<SmtpReply?> LogInAsync(SmtpCredentials credentials, CancellationToken ct)
    {
        // P13: what a listener on the wire could use is not said, to this machine alone.
        if (connection.Tls is null && !options.AllowPlaintextAuth && !IPAddress.IsLoopback(connection.Remote.Address))
            return SmtpLogin.Refused("no log-in without TLS");
        return await SmtpLogin.RunAsync(_exchange, _extensions, credentials, Command, ct);
    }
}
