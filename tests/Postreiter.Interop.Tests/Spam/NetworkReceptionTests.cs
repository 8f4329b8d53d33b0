using System.Net.Sockets;
using Postreiter.Interop.Tests.Dns;

namespace Postreiter.Interop.Tests.Spam;

/// <summary>Mail on port 25 of the real program, whose rules ask a real DNS server.</summary>
public sealed class NetworkReceptionTests(NetworkReceptionTests.AskingServer server)
    : ClientTests(server),
        IClassFixture<NetworkReceptionTests.AskingServer>
{
    [Fact]
    public async Task A_link_to_a_listed_host_brings_a_mail_into_Junk_and_the_report_says_why()
    {
        var account = await AddAccountAsync();
        Assert.Equal(0, await SendAsync(account, "See http://www.listed.example/offer now."));
        var (_, _, text) = Assert.Single(await ReadAsync(account, "Junk"));
        Assert.True(text.Contains("X-Spam-Status: Yes, score=6.0", StringComparison.Ordinal), text);
        Assert.True(text.Contains("[URI: listed.example]", StringComparison.Ordinal), text);
    }

    [Fact]
    public async Task A_mail_with_nothing_listed_is_in_the_inbox()
    {
        var account = await AddAccountAsync();
        Assert.Equal(0, await SendAsync(account, "See http://www.good.example/ now."));
        Assert.Single(await ReadAsync(account));
    }

    [Fact]
    public async Task A_list_that_is_silent_holds_a_mail_up_for_the_budget_at_most_and_is_named()
    {
        var account = await AddAccountAsync();
        Assert.Equal(0, await SendAsync(account, "See http://www.silent.example/ now."));
        Assert.Single(await ReadAsync(account));
        // Its zone is served by nobody who answers.
        await Server.WaitForLogAsync("got no answer in time and count as not listed: A silent.example.uri.example");
    }

    private async Task<string> AddAccountAsync()
    {
        Assert.SkipWhen(NsdServer.Missing is not null, NsdServer.Missing ?? "");
        return await Server.AddAccountAsync();
    }

    private async Task<int> SendAsync(string account, string body)
    {
        var file = await WriteAsync("mail.eml", Message("links", body));
        var (code, _) = await RunAsync(
            "swaks",
            "--server",
            $"127.0.0.1:{Server.PortText("smtp")}",
            "--from",
            "bob@far.example",
            "--to",
            account,
            "--data",
            "@" + file
        );
        return code;
    }

    /// <summary>Postreiter that asks a DNS server with one list; a question for silent.example is never answered.</summary>
    public sealed class AskingServer : PostreiterProcess
    {
        private readonly TemporaryFolder _rules = new();
        private readonly NsdServer _nsd = new();
        private readonly SilentProxy _proxy = new();

        protected override IEnumerable<string> Settings =>
            [
                $"spam.rules=[\"{_rules.Root}\"]",
                "spam.network_budget=\"8s\"",
                $"dns.servers=[\"127.0.0.1:{_proxy.Port}\"]",
            ];

        protected override async Task SetUpAsync()
        {
            await File.WriteAllTextAsync(
                Path.Combine(_rules.Root, "links.cf"),
                """
                util_rb_tld example
                urirhssub LISTED_LINK uri.example. A 127.0.0.2
                body LISTED_LINK eval:check_uridnsbl('LISTED_LINK')
                tflags LISTED_LINK net
                score LISTED_LINK 0 6 0 6
                describe LISTED_LINK Links to a host that is listed
                add_header all Status _YESNO_, score=_SCORE_
                add_header all Report _REPORT_

                """
            );
            if (NsdServer.Missing is not null)
                return;
            await _nsd.StartAsync(
                new Dictionary<string, string>
                {
                    ["."] = "@ NS ns\nns A 127.0.0.1\nlisted.example.uri.example. A 127.0.0.2\n",
                }
            );
            _proxy.Start(_nsd.Address);
        }

        protected override async Task TearDownAsync()
        {
            _proxy.Dispose();
            await _nsd.DisposeAsync();
            _rules.Dispose();
        }
    }

    /// <summary>Passes datagrams to a DNS server and back, but none that ask for silent.example.</summary>
    private sealed class SilentProxy : IDisposable
    {
        private readonly UdpClient _front = new(new System.Net.IPEndPoint(System.Net.IPAddress.Loopback, 0));
        private readonly CancellationTokenSource _stop = new();

        public int Port => ((System.Net.IPEndPoint)_front.Client.LocalEndPoint!).Port;

        public void Start(System.Net.IPEndPoint server) => _ = RunAsync(server);

        public void Dispose()
        {
            _stop.Cancel();
            _front.Dispose();
            _stop.Dispose();
        }

        private async Task RunAsync(System.Net.IPEndPoint server)
        {
            try
            {
                while (true)
                {
                    var question = await _front.ReceiveAsync(_stop.Token);
                    if (question.Buffer.AsSpan().IndexOf("\u0006silent"u8) < 0)
                        _ = PassAsync(server, question);
                }
            }
            catch (Exception e) when (e is OperationCanceledException or ObjectDisposedException or SocketException)
            {
                // The test is over.
            }
        }

        private async Task PassAsync(System.Net.IPEndPoint server, UdpReceiveResult question)
        {
            try
            {
                using var back = new UdpClient();
                back.Connect(server);
                await back.SendAsync(question.Buffer, _stop.Token);
                var answer = await back.ReceiveAsync(_stop.Token);
                await _front.SendAsync(answer.Buffer, question.RemoteEndPoint, _stop.Token);
            }
            catch (Exception e) when (e is OperationCanceledException or ObjectDisposedException or SocketException)
            {
                // A datagram that is lost is asked for again.
            }
        }
    }
}
