using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using System.Text;

namespace Postreiter.Tests.Hosting;

/// <summary>One TCP connection to a listener, by lines.</summary>
internal sealed class WireClient : IDisposable
{
    private readonly TcpClient _tcp;
    private readonly StreamReader _reader;

    private WireClient(TcpClient tcp) => (_tcp, _reader) = (tcp, new StreamReader(tcp.GetStream(), Encoding.Latin1));

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    /// <summary>Connects.</summary>
    /// <param name="to">The listener.</param>
    /// <param name="from">Our own address; another one than 127.0.0.1 counts against limits by address.</param>
    public static async Task<WireClient> ConnectAsync(EndPoint to, string from = "127.0.0.1")
    {
        var tcp = new TcpClient(new IPEndPoint(IPAddress.Parse(from), 0));
        await tcp.ConnectAsync((IPEndPoint)to, Ct);
        return new WireClient(tcp);
    }

    /// <summary>The next line; null at the end.</summary>
    public async Task<string?> ReadAsync() => await _reader.ReadLineAsync(Ct);

    /// <summary>Sends one line.</summary>
    public async Task WriteAsync(string line) =>
        await _tcp.GetStream().WriteAsync(Encoding.Latin1.GetBytes(line + "\r\n"), Ct);

    /// <summary>Sends one SMTP command and reads its whole reply.</summary>
    public async Task<string> AskAsync(string line)
    {
        await WriteAsync(line);
        return await ReplyAsync();
    }

    /// <summary>Reads a whole SMTP reply, its lines joined.</summary>
    public async Task<string> ReplyAsync()
    {
        var reply = new StringBuilder();
        while (await ReadAsync() is { } line)
        {
            reply.Append(line).Append('\n');
            if (line.Length < 4 || line[3] != '-')
                break;
        }

        return reply.ToString();
    }

    /// <summary>The name on the certificate of a listener under TLS; null when the handshake fails.</summary>
    public async Task<string?> CertificateAsync()
    {
        using var tls = new SslStream(_tcp.GetStream(), leaveInnerStreamOpen: true);
        var subject = "";
        try
        {
            await tls.AuthenticateAsClientAsync(
                new SslClientAuthenticationOptions
                {
                    TargetHost = "localhost",
                    RemoteCertificateValidationCallback = (_, certificate, _, _) =>
                    {
                        subject = new X509Certificate2(certificate!).Subject;
                        return true;
                    },
                },
                Ct
            );
        }
        catch (Exception e) when (e is IOException or System.Security.Authentication.AuthenticationException)
        {
            return null;
        }

        return subject;
    }

    public void Dispose()
    {
        _reader.Dispose();
        _tcp.Dispose();
    }
}
