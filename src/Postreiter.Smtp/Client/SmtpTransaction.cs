using System.Buffers;
using Postreiter.Core;
using Postreiter.Smtp.Server;

namespace Postreiter.Smtp.Client;

/// <summary>MAIL, RCPT, DATA or BDAT (RFC 5321 §3.3), as often as one message needs it.</summary>
/// <param name="exchange">The session.</param>
/// <param name="extensions">What the server knows.</param>
/// <param name="command">Longest wait for MAIL and RCPT.</param>
internal sealed class SmtpTransaction(SmtpExchange exchange, SmtpExtensions extensions, TimeSpan command)
{
    private const int BlockBytes = 32 * 1024;

    // RFC 2920 §3.1: a group must fit into what TCP takes before we read, or both sides wait for each other.
    private const int GroupSize = 50;
    private static readonly TimeSpan DataStart = TimeSpan.FromMinutes(2);
    private static readonly TimeSpan DataBlock = TimeSpan.FromMinutes(3);
    private static readonly TimeSpan DataEnd = TimeSpan.FromMinutes(10);
    private bool _isOpen;

    /// <summary>A reply that is neither 4yz nor 5yz where one was due says nothing: try later.</summary>
    public static SmtpReply Refusal(SmtpReply reply) =>
        reply.IsTransient || reply.IsPermanent ? reply : SmtpExchange.Broken($"unexpected reply {reply.Code}");

    /// <summary>Sends a message to all its recipients, in several transactions where the server takes only some at a time.</summary>
    public async ValueTask<SendResult> SendAsync(OutgoingMessage message, CancellationToken ct)
    {
        var utf8 = NeedsUtf8(message);
        if (await UnsupportedAsync(message, utf8, ct) is { } unsupported)
            return new SendResult([.. Enumerable.Repeat(unsupported, message.Recipients.Count)], false);
        utf8 |= message.Mail.SmtpUtf8;

        var replies = new SmtpReply[message.Recipients.Count];
        var pending = Enumerable.Range(0, replies.Length).ToList();
        while (true)
        {
            var now = pending.Take(extensions.MaxRecipients).ToList();
            pending.RemoveRange(0, now.Count);
            var (results, isBeforeContent) = await RunAsync(message, now, utf8, ct);
            var isLater = pending.Count + now.Count < replies.Length;
            for (var i = 0; i < now.Count; i++)
                replies[now[i]] = results[i];
            if (results.Any(r => r.IsPositive))
            {
                // RFC 5321 §4.5.3.1.10: those beyond the server's limit follow in the next transaction.
                pending.InsertRange(0, now.Where((_, i) => IsTooMany(results[i])));
                isLater = true;
            }

            // Refused at MAIL, or over: what was not tried shares the reply.
            var ends = results.FirstOrDefault(r => r.ClosesConnection) ?? (isBeforeContent ? results[0] : null);
            if (ends is not null)
            {
                foreach (var index in pending)
                    replies[index] = ends;
                pending.Clear();
            }

            if (pending.Count == 0)
                return new SendResult(replies, isBeforeContent && !isLater && results[0].IsTransient);
        }
    }

    private static bool IsTooMany(SmtpReply reply) =>
        reply
            is { Code: 452, Enhanced: null or { Subject: 5, Detail: 3 } }
                or { Code: 552, Enhanced: { Subject: 5, Detail: 3 } };

    private static bool NeedsUtf8(OutgoingMessage message) =>
        message.Mail.ReversePath is { NeedsUtf8: true } || message.Recipients.Any(r => r.Recipient.NeedsUtf8);

    private async ValueTask<SmtpReply?> UnsupportedAsync(OutgoingMessage message, bool utf8, CancellationToken ct)
    {
        static SmtpReply Ours(int code, string status, string text) => new(code, status, text) { IsOurs = true };

        // RFC 1870 §6.1: a declared limit of 0 is none.
        if (extensions.MaxSize > 0 && message.Length > extensions.MaxSize)
            return Ours(552, "5.3.4", "the message is larger than the next server takes");
        // RFC 6531 §3.4: a sender that says SMTPUTF8 without need is not held to it.
        if (!extensions.Has("SMTPUTF8") && (utf8 || (message.Mail.SmtpUtf8 && await HasUtf8HeaderAsync(message, ct))))
            return Ours(550, "5.6.7", "the next server does not take SMTPUTF8"); // RFC 6531 §3.5
        var isBinary = message.Mail.Body == SmtpBody.BinaryMime;
        if (isBinary && !(extensions.Has("CHUNKING") && extensions.Has("BINARYMIME")))
            return Ours(554, "5.6.3", "the next server does not take BINARYMIME"); // RFC 3030 §3
        return null;
    }

    private static async ValueTask<bool> HasUtf8HeaderAsync(OutgoingMessage message, CancellationToken ct)
    {
        var buffer = new byte[BlockBytes];
        var line = 0;
        for (long offset = 0; offset < message.Length; )
        {
            var count = await message.ReadAsync(offset, buffer, ct);
            if (count == 0)
                return false;
            foreach (var b in buffer.AsSpan(0, count))
            {
                if (b >= 0x80)
                    return true;
                if (b == '\n' && line == 0)
                    return false; // the empty line after the header
                line = b switch
                {
                    (byte)'\n' => 0,
                    (byte)'\r' => line,
                    _ => 1,
                };
            }

            offset += count;
        }

        return false;
    }

    /// <summary>One transaction.</summary>
    /// <returns>A reply for each recipient, and whether all failed before RCPTs had their say or content was sent.</returns>
    private async ValueTask<(SmtpReply[] Replies, bool IsBeforeContent)> RunAsync(
        OutgoingMessage message,
        List<int> recipients,
        bool utf8,
        CancellationToken ct
    )
    {
        (SmtpReply[], bool) All(SmtpReply reply) => ([.. Enumerable.Repeat(reply, recipients.Count)], true);

        if (_isOpen && await exchange.CallAsync("RSET\r\n", command, ct) is { IsPositive: false } stuck)
            return All(stuck.IsOurs || stuck.ClosesConnection ? stuck : SmtpExchange.Broken("RSET was refused"));
        _isOpen = true;

        // RFC 2920 §3.1: MAIL and RCPTs go in groups. DATA waits, so that it is never sent without a recipient.
        var commands = new List<string> { MailCommands.Mail(message, extensions, utf8) };
        commands.AddRange(recipients.Select(i => MailCommands.Rcpt(message.Recipients[i], extensions)));
        var group = extensions.Has("PIPELINING") ? GroupSize : 1;
        var replies = new List<SmtpReply>(commands.Count);
        while (replies.Count < commands.Count)
        {
            var batch = commands.Skip(replies.Count).Take(group).ToList();
            if (await exchange.WriteAsync(string.Concat(batch), command, ct) is { } broken)
                return All(broken);
            foreach (var _ in batch)
            {
                var reply = await exchange.ReadReplyAsync(command, ct);
                reply = reply.IsPositive ? reply : Refusal(reply);
                if (reply.ClosesConnection)
                    return All(reply);
                replies.Add(reply);
            }

            if (!replies[0].IsPositive)
                return All(replies[0]);
        }

        var results = replies.Skip(1).ToArray();
        if (!results.Any(r => r.IsPositive))
            return (results, false);
        var (final, isBeforeContent) =
            message.Mail.Body == SmtpBody.BinaryMime
                ? await SendChunkAsync(message, ct)
                : await SendDataAsync(message, ct);
        if (isBeforeContent && final.ClosesConnection)
            return All(final);
        _isOpen = !final.IsPositive;
        for (var i = 0; i < results.Length; i++)
        {
            if (results[i].IsPositive)
                results[i] = final;
        }

        return (results, false);
    }

    private async ValueTask<(SmtpReply Reply, bool IsBeforeContent)> SendDataAsync(
        OutgoingMessage message,
        CancellationToken ct
    )
    {
        var start = await exchange.CallAsync("DATA\r\n", DataStart, ct);
        if (start.Code != 354)
            return (Refusal(start), true);
        var stuffer = new DotStuffer();
        var sent = await SendContentAsync(message, bytes => stuffer.TryWrite(bytes.Span, exchange.Output), ct);
        if (sent is not null)
            return (sent, false);
        stuffer.Finish(exchange.Output);
        return (await exchange.WriteAsync("", DataBlock, ct) ?? await EndAsync(ct), false);
    }

    private async ValueTask<(SmtpReply Reply, bool IsBeforeContent)> SendChunkAsync(
        OutgoingMessage message,
        CancellationToken ct
    )
    {
        if (await exchange.WriteAsync($"BDAT {message.Length} LAST\r\n", DataBlock, ct) is { } broken)
            return (broken, true);
        var sent = await SendContentAsync(
            message,
            bytes =>
            {
                exchange.Output.Write(bytes.Span);
                return true;
            },
            ct
        );
        return (sent ?? await EndAsync(ct), false);
    }

    private async ValueTask<SmtpReply> EndAsync(CancellationToken ct)
    {
        var reply = await exchange.ReadReplyAsync(DataEnd, ct);
        return reply.IsPositive ? reply : Refusal(reply);
    }

    private async ValueTask<SmtpReply?> SendContentAsync(
        OutgoingMessage message,
        Func<ReadOnlyMemory<byte>, bool> write,
        CancellationToken ct
    )
    {
        var buffer = ArrayPool<byte>.Shared.Rent(BlockBytes);
        try
        {
            for (long offset = 0; offset < message.Length; )
            {
                var count = await message.ReadAsync(offset, buffer.AsMemory(0, BlockBytes), ct);
                if (count == 0)
                    throw new InvalidDataException("the message is shorter than its length");
                offset += count;
                if (!write(buffer.AsMemory(0, count)))
                {
                    // Never: two messages from one. A bare CR or LF is not sent on, where a server might take it for a line end.
                    exchange.Abort();
                    return new SmtpReply(554, "5.6.0", "the message has a bare CR or LF")
                    {
                        ClosesConnection = true,
                        IsOurs = true,
                    };
                }

                if (await exchange.WriteAsync("", DataBlock, ct) is { } broken)
                    return broken;
            }

            return null;
        }
        catch
        {
            // Half a message must not look like a whole one (P4).
            exchange.Abort();
            throw;
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }
}
