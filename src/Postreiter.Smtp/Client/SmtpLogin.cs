using System.Text;
using Postreiter.Core;
using Postreiter.Net.Sasl;

namespace Postreiter.Smtp.Client;

/// <summary>AUTH as a client (RFC 4954): SCRAM-SHA-256 where the server has it, else PLAIN, else LOGIN.</summary>
internal static class SmtpLogin
{
    /// <summary>Logs in.</summary>
    /// <returns>Null when that worked. A refusal is 4yz: a wrong password is ours to mend, so the mail waits.</returns>
    public static async ValueTask<SmtpReply?> RunAsync(
        SmtpExchange exchange,
        SmtpExtensions extensions,
        SmtpCredentials credentials,
        TimeSpan timeout,
        CancellationToken ct
    )
    {
        SmtpReply reply;
        if (extensions.HasMechanism("SCRAM-SHA-256"))
        {
            var scram = new ScramClient(credentials.User, credentials.Password);
            reply = await ScramAsync(exchange, scram, timeout, ct);
        }
        else if (extensions.HasMechanism("PLAIN"))
        {
            var secret = Encode($"\0{credentials.User}\0{credentials.Password}");
            reply = await exchange.CallAsync($"AUTH PLAIN {secret}\r\n", timeout, ct);
        }
        else if (extensions.HasMechanism("LOGIN"))
        {
            reply = await exchange.CallAsync("AUTH LOGIN\r\n", timeout, ct);
            if (reply.Code == 334)
                reply = await exchange.CallAsync(Encode(credentials.User) + "\r\n", timeout, ct);
            if (reply.Code == 334)
                reply = await exchange.CallAsync(Encode(credentials.Password) + "\r\n", timeout, ct);
        }
        else
        {
            return Refused("the server offers no log-in that we know");
        }

        if (reply.Code == 235)
            return null;
        return reply.IsOurs ? reply : Refused($"log-in refused with {reply.Code}");
    }

    /// <summary>Our reply for a log-in that cannot be.</summary>
    public static SmtpReply Refused(string why) => new(454, "4.7.0", why) { IsOurs = true };

    private static async ValueTask<SmtpReply> ScramAsync(
        SmtpExchange exchange,
        ScramClient scram,
        TimeSpan timeout,
        CancellationToken ct
    )
    {
        var reply = await exchange.CallAsync($"AUTH SCRAM-SHA-256 {Encode(scram.First)}\r\n", timeout, ct);
        if (reply.Code != 334)
            return reply.IsPositive ? Refused("the server took a log-in that was not done") : reply;
        if (Decode(reply) is not { } first || scram.Answer(first) is not { } final)
        {
            // RFC 4954 §4: "*" gives the exchange up.
            await exchange.CallAsync("*\r\n", timeout, ct);
            return Refused("the server's SCRAM message makes no sense");
        }

        reply = await exchange.CallAsync(Encode(final) + "\r\n", timeout, ct);
        if (reply.Code != 334)
            return reply.IsPositive ? Refused("the server did not prove itself") : reply;
        if (Decode(reply) is not { } last || !scram.IsServerGood(last))
        {
            await exchange.CallAsync("*\r\n", timeout, ct);
            return Refused("the server does not know the password");
        }

        return await exchange.CallAsync("\r\n", timeout, ct);
    }

    private static string Encode(string text) => Convert.ToBase64String(Encoding.UTF8.GetBytes(text));

    private static string? Decode(SmtpReply reply)
    {
        var bytes = new byte[reply.Lines[0].Length];
        return Convert.TryFromBase64String(reply.Lines[0], bytes, out var length)
            ? Encoding.UTF8.GetString(bytes, 0, length)
            : null;
    }
}
