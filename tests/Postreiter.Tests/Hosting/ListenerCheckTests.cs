using System.Net;
using System.Net.Sockets;
using Postreiter.CommandLine;
using Postreiter.Hosting;

namespace Postreiter.Tests.Hosting;

public sealed class ListenerCheckTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    [Fact]
    public void Every_address_that_cannot_be_had_is_named_with_its_key()
    {
        using var taken = new TcpListener(IPAddress.Loopback, 0);
        taken.Start();
        var failure = Assert.Throws<CommandFailure>(() =>
            ListenerCheck.Run([
                ("smtp", taken.LocalEndpoint),
                ("imap", new IPEndPoint(IPAddress.Loopback, 0)),
                ("pop3", new IPEndPoint(IPAddress.Parse("192.0.2.1"), 110)),
                ("lmtp", new UnixDomainSocketEndPoint(_folder["none/lmtp"])),
            ])
        );
        Assert.Equal(ExitCodes.Failed, failure.ExitCode);
        Assert.Equal(
            [
                $"listen.smtp: {taken.LocalEndpoint}: another program listens there",
                "listen.pop3: 192.0.2.1:110: this machine does not have the address",
                $"listen.lmtp: unix:{_folder["none/lmtp"]}: the folder is not there",
            ],
            failure.Message.Split('\n')
        );
    }

    [Fact]
    public void A_stale_socket_is_taken_away_one_in_use_and_a_file_are_not()
    {
        var stale = new UnixDomainSocketEndPoint(_folder["stale"]);
        var used = new UnixDomainSocketEndPoint(_folder["used"]);
        using (var dead = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified))
        {
            dead.Bind(stale);
            // As a killed process leaves it: closed, and its name still there.
            File.Move(_folder["stale"], _folder["kept"]);
        }

        File.Move(_folder["kept"], _folder["stale"]);
        using var live = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        live.Bind(used);
        live.Listen();
        File.WriteAllText(_folder["file"], "");

        ListenerCheck.Run([("lmtp", stale)]);
        Assert.False(File.Exists(_folder["stale"]));
        Assert.Throws<CommandFailure>(() => ListenerCheck.Run([("lmtp", used)]));
        Assert.True(File.Exists(_folder["used"]));
        var failure = Assert.Throws<CommandFailure>(() =>
            ListenerCheck.Run([("lmtp", new UnixDomainSocketEndPoint(_folder["file"]))])
        );
        Assert.Contains("something else", failure.Message, StringComparison.Ordinal);
        Assert.True(File.Exists(_folder["file"]));
    }

    public void Dispose() => _folder.Dispose();
}
