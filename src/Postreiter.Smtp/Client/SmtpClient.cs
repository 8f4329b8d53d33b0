using System.Buffers;
using System.Net;
using System.Text;
using Postreiter.Core;
using Postreiter.Net;
using Postreiter.Smtp.Server;

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
    private const int BlockBytes = 32 * 1024;
    private static readonly TimeSpan Command = TimeSpan.FromMinutes(5);
    private static readonly TimeSpan DataStart = TimeSpan.FromMinutes(2);
    private static readonly TimeSpan DataBlock = TimeSpan.FromMinutes(3);
    private static readonly TimeSpan DataEnd = TimeSpan.FromMinutes(10);
    private HashSet<string> _extensions = new(StringComparer.OrdinalIgnoreCase);
    private long _maxSize;

    /// <summary>Whether the server offers DSN (RFC 3461): it then takes over the duty to report.</summary>
    public bool OffersDsn => _extensions.Contains("DSN");

    /// <summary>Whether the TLS handshake failed; in opportunistic mode a new connection without TLS may be tried.</summary>
    public bool TlsFailed { get; private set; }

    /// <summary>Greeting, EHLO (or HELO), STARTTLS, AUTH.</summary>
    /// <returns>Null when mail can be sent; otherwise the reply that stood in the way.</returns>
    public async ValueTask<SmtpReply?> OpenAsync(CancellationToken ct)
    {
        var greeting = await ReadReplyAsync(Command, ct);
        if (greeting.Code != 220)
            return Refusal(greeting);
        if (await SayHelloAsync(ct) is { } refused)
            return refused;
        if (options.Tls != SmtpTlsMode.None && connection.Tls is null)
        {
            if (_extensions.Contains("STARTTLS"))
            {
                if (await StartTlsAsync(ct) is { } failed)
                    return failed;
            }
            else if (options.Tls == SmtpTlsMode.Required)
            {
                return new SmtpReply(454, "4.7.10", "TLS is required and was not offered");
            }
        }

        return options.Credentials is null ? null : await LogInAsync(options.Credentials, ct);
    }

    /// <summary>Sends one message; the session stays open for the next unless a reply closes it.</summary>
    /// <exception cref="OperationCanceledException">Given up; the connection is aborted.</exception>
    public async ValueTask<SendResult> SendAsync(OutgoingMessage message, CancellationToken ct)
    {
        if (Unsupported(message) is { } unsupported)
            return All(message, unsupported);

        // RFC 2920 §3.1: MAIL and RCPTs go in groups. DATA waits, so that it is never sent without a recipient.
        var commands = new List<string> { MailCommand(message) };
        commands.AddRange(message.Recipients.Select(RcptCommand));
        var group = _extensions.Contains("PIPELINING") ? 50 : 1;
        var replies = new List<SmtpReply>(commands.Count);
        while (replies.Count < commands.Count)
        {
            var batch = commands.Skip(replies.Count).Take(group).ToList();
            if (await WriteAsync(string.Concat(batch), Command, ct) is { } broken)
                return All(message, broken, mayTryNext: true);
            foreach (var _ in batch)
            {
                var reply = await ReadReplyAsync(Command, ct);
                if (reply.ClosesConnection)
                    return All(message, reply, mayTryNext: true);
                replies.Add(reply.Code == 354 ? Broken("354 without DATA") : reply);
            }

            if (!replies[0].IsPositive)
                return All(message, Refusal(replies[0]));
        }

        var results = replies.Skip(1).Select(r => r.IsPositive ? r : Refusal(r)).ToArray();
        if (!results.Any(r => r.IsPositive))
        {
            await ExchangeAsync("RSET\r\n", Command, ct);
            return new SendResult(results, false);
        }

        var final =
            message.Mail.Body == SmtpBody.BinaryMime
                ? await SendChunkAsync(message, ct)
                : await SendDataAsync(message, ct);
        for (var i = 0; i < results.Length; i++)
        {
            if (results[i].IsPositive)
                results[i] = final;
        }

        return new SendResult(results, false);
    }

    /// <summary>Says QUIT and does not wait long for the answer.</summary>
    public async ValueTask QuitAsync(CancellationToken ct) =>
        await ExchangeAsync("QUIT\r\n", TimeSpan.FromSeconds(5), ct);

    private static SendResult All(OutgoingMessage message, SmtpReply reply, bool mayTryNext = false) =>
        new([.. Enumerable.Repeat(reply, message.Recipients.Count)], mayTryNext);

    /// <summary>A reply that is neither 4yz nor 5yz where one was due says nothing: try later.</summary>
    private static SmtpReply Refusal(SmtpReply reply) =>
        reply.IsTransient || reply.IsPermanent ? reply : Broken($"unexpected reply {reply.Code}");

    private static SmtpReply Broken(string why) => new(421, "4.4.2", why) { ClosesConnection = true };

    private async ValueTask<SmtpReply?> SayHelloAsync(CancellationToken ct)
    {
        _extensions = new(StringComparer.OrdinalIgnoreCase);
        _maxSize = 0;
        var reply = await ExchangeAsync($"EHLO {options.HostName}\r\n", Command, ct);
        if (reply.IsPositive)
        {
            foreach (var line in reply.Lines.Skip(1))
            {
                var words = line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
                if (words.Length == 0)
                    continue;
                _extensions.Add(words[0]);
                if (words.Length > 1 && words[0].Equals("SIZE", StringComparison.OrdinalIgnoreCase))
                    _ = long.TryParse(words[1], out _maxSize);
                if (words[0].Equals("AUTH", StringComparison.OrdinalIgnoreCase))
                    _extensions.UnionWith(words.Skip(1).Select(w => "AUTH " + w));
            }

            return null;
        }

        // RFC 5321 §3.2: a server that does not know EHLO may know HELO.
        if (!reply.IsPermanent)
            return Refusal(reply);
        reply = await ExchangeAsync($"HELO {options.HostName}\r\n", Command, ct);
        return reply.IsPositive ? null : Refusal(reply);
    }

    private async ValueTask<SmtpReply?> StartTlsAsync(CancellationToken ct)
    {
        var reply = await ExchangeAsync("STARTTLS\r\n", Command, ct);
        if (reply.Code != 220)
        {
            // RFC 3207 §4: the session goes on in plain, when that is allowed.
            if (reply.ClosesConnection)
                return reply;
            return options.Tls == SmtpTlsMode.Required
                ? new SmtpReply(454, "4.7.10", "TLS is required and was refused")
                : null;
        }

        if (!await connection.StartTlsAsync(options.ServerName, options.Tls == SmtpTlsMode.Required, ct))
        {
            TlsFailed = true;
            return new SmtpReply(454, "4.7.5", "the TLS handshake failed") { ClosesConnection = true };
        }

        // RFC 3207 §4.2: what was learned before is forgotten.
        return await SayHelloAsync(ct);
    }

    private async ValueTask<SmtpReply?> LogInAsync(SmtpCredentials credentials, CancellationToken ct)
    {
        if (connection.Tls is null && !options.AllowPlaintextAuth && !IPAddress.IsLoopback(connection.Remote.Address))
            return new SmtpReply(454, "4.7.0", "no log-in without TLS");
        SmtpReply reply;
        if (_extensions.Contains("AUTH PLAIN"))
        {
            reply = await ExchangeAsync(
                $"AUTH PLAIN {Base64($"\0{credentials.User}\0{credentials.Password}")}\r\n",
                Command,
                ct
            );
        }
        else if (_extensions.Contains("AUTH LOGIN"))
        {
            reply = await ExchangeAsync("AUTH LOGIN\r\n", Command, ct);
            if (reply.Code == 334)
                reply = await ExchangeAsync(Base64(credentials.User) + "\r\n", Command, ct);
            if (reply.Code == 334)
                reply = await ExchangeAsync(Base64(credentials.Password) + "\r\n", Command, ct);
        }
        else
        {
            return new SmtpReply(454, "4.7.0", "the server offers no log-in that we know");
        }

        // A wrong password is ours to mend: the mail waits, it does not bounce.
        return reply.Code == 235 ? null : new SmtpReply(454, "4.7.0", $"log-in refused with {reply.Code}");
    }

    private static string Base64(string text) => Convert.ToBase64String(Encoding.UTF8.GetBytes(text));

    private SmtpReply? Unsupported(OutgoingMessage message)
    {
        // RFC 1870 §6.1: a declared limit of 0 is none.
        if (_maxSize > 0 && message.Length > _maxSize)
            return new SmtpReply(552, "5.3.4", "the message is larger than the next server takes");
        var needsUtf8 =
            message.Mail.SmtpUtf8
            || message.Mail.ReversePath is { NeedsUtf8: true }
            || message.Recipients.Any(r => r.Recipient.NeedsUtf8);
        if (needsUtf8 && !_extensions.Contains("SMTPUTF8"))
            return new SmtpReply(550, "5.6.7", "the next server does not take SMTPUTF8"); // RFC 6531 §3.5
        var isBinary = message.Mail.Body == SmtpBody.BinaryMime;
        if (isBinary && !(_extensions.Contains("CHUNKING") && _extensions.Contains("BINARYMIME")))
            return new SmtpReply(554, "5.6.3", "the next server does not take BINARYMIME"); // RFC 3030 §3
        return null;
    }

    private string MailCommand(OutgoingMessage message)
    {
        var mail = message.Mail;
        var text = new StringBuilder($"MAIL FROM:<{mail.ReversePath}>");
        if (_extensions.Contains("SIZE"))
            text.Append($" SIZE={message.Length}");
        // Deviation: RFC 6152 §3 wants a conversion where 8BITMIME is missing. We send the bytes as they are: a conversion
        // breaks signatures, and servers that do not say 8BITMIME pass 8-bit text nearly without exception.
        if (mail.Body == SmtpBody.BinaryMime)
            text.Append(" BODY=BINARYMIME");
        else if (mail.Body == SmtpBody.EightBitMime && _extensions.Contains("8BITMIME"))
            text.Append(" BODY=8BITMIME");
        if (_extensions.Contains("SMTPUTF8") && mail.SmtpUtf8)
            text.Append(" SMTPUTF8");
        if (OffersDsn && mail.Return is not null)
            text.Append($" RET={mail.Return}");
        if (OffersDsn && mail.EnvelopeId is not null)
            text.Append($" ENVID={Xtext(mail.EnvelopeId)}");
        return text.Append("\r\n").ToString();
    }

    private string RcptCommand(RcptArguments rcpt)
    {
        var text = new StringBuilder($"RCPT TO:<{rcpt.Recipient}>");
        if (OffersDsn && rcpt.Notify != SmtpNotify.Unspecified)
            text.Append(
                $" NOTIFY={rcpt.Notify.ToString().Replace(" ", "", StringComparison.Ordinal).ToUpperInvariant()}"
            );
        if (OffersDsn && rcpt.OriginalRecipient?.Split(';', 2) is [var type, var address])
            text.Append($" ORCPT={Xtext(type)};{Xtext(address)}");
        return text.Append("\r\n").ToString();
    }

    /// <summary><c>xtext</c> of RFC 3461 §4.</summary>
    private static string Xtext(string text)
    {
        var result = new StringBuilder(text.Length);
        foreach (var b in Encoding.UTF8.GetBytes(text))
        {
            if (b is > (byte)' ' and <= (byte)'~' and not ((byte)'+' or (byte)'='))
                result.Append((char)b);
            else
                result.Append($"+{b:X2}");
        }

        return result.ToString();
    }

    private async ValueTask<SmtpReply> SendDataAsync(OutgoingMessage message, CancellationToken ct)
    {
        var start = await ExchangeAsync("DATA\r\n", DataStart, ct);
        if (start.Code != 354)
            return Refusal(start);
        var stuffer = new DotStuffer();
        var sent = await SendContentAsync(message, bytes => stuffer.TryWrite(bytes, connection.Output), ct);
        if (sent is not null)
            return sent;
        stuffer.Finish(connection.Output);
        return await WriteAsync("", DataBlock, ct) ?? Final(await ReadReplyAsync(DataEnd, ct));
    }

    private async ValueTask<SmtpReply> SendChunkAsync(OutgoingMessage message, CancellationToken ct)
    {
        if (await WriteAsync($"BDAT {message.Length} LAST\r\n", DataBlock, ct) is { } broken)
            return broken;
        var sent = await SendContentAsync(
            message,
            bytes =>
            {
                connection.Output.Write(bytes);
                return true;
            },
            ct
        );
        return sent ?? Final(await ReadReplyAsync(DataEnd, ct));
    }

    private static SmtpReply Final(SmtpReply reply) => reply.IsPositive ? reply : Refusal(reply);

    private async ValueTask<SmtpReply?> SendContentAsync(
        OutgoingMessage message,
        Func<byte[], bool> write,
        CancellationToken ct
    )
    {
        try
        {
            var buffer = new byte[BlockBytes];
            for (long offset = 0; offset < message.Length; )
            {
                var count = await message.ReadAsync(offset, buffer, ct);
                if (count == 0)
                    throw new InvalidDataException("the message is shorter than its length");
                offset += count;
                if (!write(count == buffer.Length ? buffer : buffer[..count]))
                {
                    // Never: two messages from one. A bare CR or LF is not sent on, where a server might take it for a line end.
                    connection.Abort();
                    return new SmtpReply(554, "5.6.0", "the message has a bare CR or LF") { ClosesConnection = true };
                }

                if (await WriteAsync("", DataBlock, ct) is { } broken)
                    return broken;
            }

            return null;
        }
        catch
        {
            // Half a message must not look like a whole one (P4).
            connection.Abort();
            throw;
        }
    }

    private async ValueTask<SmtpReply> ExchangeAsync(string command, TimeSpan timeout, CancellationToken ct) =>
        await WriteAsync(command, timeout, ct) ?? await ReadReplyAsync(timeout, ct);

    private async ValueTask<SmtpReply?> WriteAsync(string text, TimeSpan timeout, CancellationToken ct)
    {
        using var timer = new CancellationTokenSource(timeout, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(timer.Token, ct);
        try
        {
            Encoding.UTF8.GetBytes(text, connection.Output);
            var flushed = await connection.Output.FlushAsync(either.Token);
            return flushed.IsCompleted || flushed.IsCanceled ? Broken("the connection was closed") : null;
        }
        catch (OperationCanceledException) when (!ct.IsCancellationRequested)
        {
            return Broken("the server stopped reading");
        }
        catch (Exception e) when (e is IOException or ObjectDisposedException or InvalidOperationException)
        {
            return Broken("the connection was lost");
        }
    }

    private async ValueTask<SmtpReply> ReadReplyAsync(TimeSpan timeout, CancellationToken ct)
    {
        using var timer = new CancellationTokenSource(timeout, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(timer.Token, ct);
        try
        {
            while (true)
            {
                var read = await connection.Input.ReadAsync(either.Token);
                var status = Parse(read.Buffer, out var consumed, out var reply);
                connection.Input.AdvanceTo(consumed, status == ParseStatus.NeedMoreData ? read.Buffer.End : consumed);
                if (status == ParseStatus.Complete)
                    return reply!;
                if (status == ParseStatus.Invalid)
                    return Broken("the server does not speak SMTP");
                if (read.IsCompleted || read.IsCanceled)
                    return Broken("the connection was closed");
            }
        }
        catch (OperationCanceledException) when (!ct.IsCancellationRequested)
        {
            return Broken("the server did not answer in time");
        }
        catch (Exception e) when (e is IOException or ObjectDisposedException or InvalidOperationException)
        {
            return Broken("the connection was lost");
        }
    }

    private static ParseStatus Parse(ReadOnlySequence<byte> buffer, out SequencePosition consumed, out SmtpReply? reply)
    {
        var reader = new SequenceReader<byte>(buffer);
        var status = ReplyParser.TryRead(ref reader, out reply);
        consumed = reader.Position;
        return status;
    }
}
