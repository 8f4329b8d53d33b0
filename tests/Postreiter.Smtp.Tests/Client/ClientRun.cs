using System.Net;
using System.Text;
using Postreiter.Core;
using Postreiter.Smtp.Client;
using Postreiter.Smtp.Server;
using Postreiter.Testing;
using Postreiter.Testing.Outgoing;

namespace Postreiter.Smtp.Tests.Client;

/// <summary>One session of the client against a server that plays a script.</summary>
internal static class ClientRun
{
    public const string Hello = "S: 220 far.test hi\nC: EHLO mx.our.test\nS: 250 far.test";

    public static readonly SmtpClientOptions Options = new()
    {
        HostName = DomainName.Parse("mx.our.test"),
        ServerName = "far.test",
        Tls = SmtpTlsMode.Opportunistic,
    };

    public static CancellationToken Ct => TestContext.Current.CancellationToken;

    /// <summary>Greeting and EHLO with extensions.</summary>
    public static string With(params string[] extensions)
    {
        var lines = extensions.Select((e, i) => $"S: 250{(i == extensions.Length - 1 ? ' ' : '-')}{e}");
        return "S: 220 far.test hi\nC: EHLO mx.our.test\nS: 250-far.test\n" + string.Join('\n', lines);
    }

    public static OutgoingMessage Message(string text = "Subject: x\r\n\r\nhi\r\n", params string[] to) =>
        Message(Encoding.UTF8.GetBytes(text), to);

    public static OutgoingMessage Message(byte[] bytes, params string[] to) =>
        new()
        {
            Mail = new MailArguments { ReversePath = EmailAddress.Parse("ann@our.test") },
            Recipients =
            [
                .. (to.Length > 0 ? to : ["bob@far.test"]).Select(a => new RcptArguments
                {
                    Recipient = EmailAddress.Parse(a),
                }),
            ],
            Length = bytes.Length,
            ReadAsync = (offset, buffer, _) =>
            {
                var count = (int)Math.Min(buffer.Length, Math.Max(0, bytes.Length - offset));
                bytes.AsMemory((int)offset, count).CopyTo(buffer);
                return new(count);
            },
        };

    /// <summary>Opens a session and sends the messages; the refusal stands for every reply when it cannot be opened.</summary>
    public static async Task<SendResult> SendAsync(
        Pacing pacing,
        string script,
        OutgoingMessage? message = null,
        SmtpClientOptions? options = null,
        TestClock? clock = null,
        string server = "192.0.2.5"
    )
    {
        clock ??= new TestClock();
        var address = new IPEndPoint(IPAddress.Parse(server), 25);
        var network = new MemoryDialler(pacing, clock).Serve(address.ToString(), script);
        var dialled = await network.ConnectAsync(address, TimeSpan.FromSeconds(30), Ct);
        SendResult result;
        await using (dialled.Connection)
        {
            var client = new SmtpClient(dialled.Connection!, options ?? Options, clock);
            var refusal = await client.OpenAsync(Ct);
            result = refusal is null
                ? await client.SendAsync(message ?? Message(), Ct)
                : new SendResult([refusal], true);
            if (refusal is null && !result.Replies.Any(r => r.ClosesConnection))
                await client.QuitAsync();
        }

        await network.EndAsync();
        return result;
    }

    /// <summary>As <see cref="SendAsync"/>, for one recipient.</summary>
    public static async Task<SmtpReply> ReplyAsync(
        Pacing pacing,
        string script,
        OutgoingMessage? message = null,
        SmtpClientOptions? options = null,
        TestClock? clock = null
    ) => (await SendAsync(pacing, script, message, options, clock)).Replies[0];
}
