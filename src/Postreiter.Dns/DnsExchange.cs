using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using Postreiter.Dns.Wire;

namespace Postreiter.Dns;

/// <summary>Asks servers one question: by UDP, by TCP when the answer is cut (RFC 7766 §5).</summary>
/// <param name="servers">Asked in this order; one or more.</param>
/// <param name="time">Measures.</param>
/// <param name="timeout">Longest wait for one answer of one server; the first time 2 s at most.</param>
internal sealed class DnsExchange(IReadOnlyList<IPEndPoint> servers, TimeProvider time, TimeSpan timeout)
{
    private const int Rounds = 2;

    // RFC 1035 §4.2.1: after 2 to 5 s a question may be sent again. A datagram that is lost costs this, and not the whole time.
    private static readonly TimeSpan FirstWait = TimeSpan.FromSeconds(2);

    /// <summary>Asks until a server has an answer. One that says that it failed is not asked again; one that is silent is, once.</summary>
    /// <returns>An answer with NOERROR or NXDOMAIN and its server, or why there is none, with what the last server to speak said.</returns>
    public async Task<(
        DnsMessage? Answer,
        IPAddress? Server,
        int Bytes,
        string? Failure,
        DnsResponseCode? Code
    )> AskAsync(string name, DnsType type)
    {
        var failures = new List<string>();
        var left = servers.ToList();
        DnsResponseCode? code = null;
        for (var round = 0; round < Rounds && left.Count > 0; round++)
        {
            var wait = round == 0 && FirstWait < timeout ? FirstWait : timeout;
            foreach (var server in left.ToList())
            {
                var (answer, bytes, failure) = await AskAsync(server, name, type, wait, edns: true);
                // RFC 6891 §7: a server that cannot read EDNS says FORMERR; NOTIMP is seen too.
                if (answer?.Code is DnsResponseCode.FormErr or DnsResponseCode.NotImp)
                    (answer, bytes, failure) = await AskAsync(server, name, type, wait, edns: false);
                if (answer?.Code is DnsResponseCode.NoError or DnsResponseCode.NxDomain)
                    return (answer, server.Address, bytes, null, answer.Code);
                code = answer?.Code ?? code;
                failures.Add($"{server}: {failure ?? answer!.Code.ToString()}");
                if (answer is not null)
                    left.Remove(server);
            }
        }

        return (null, null, 0, string.Join(", ", failures), code);
    }

    private async Task<(DnsMessage? Answer, int Bytes, string? Failure)> AskAsync(
        IPEndPoint server,
        string name,
        DnsType type,
        TimeSpan wait,
        bool edns
    )
    {
        // RFC 5452 §4.2: an id and a port that cannot be guessed; the port is the system's choice, new for each question.
        var id = (ushort)RandomNumberGenerator.GetInt32(1 << 16);
        var query = DnsQuery.Write(id, name, type, edns);
        using var timer = new CancellationTokenSource(wait, time);
        try
        {
            var (answer, bytes) = await ByUdpAsync(server, query, id, name, type, timer.Token);
            if (answer.IsTruncated)
                (answer, bytes) = await ByTcpAsync(server, query, id, name, type, timer.Token);
            return answer.IsTruncated ? (null, 0, "cut even by TCP") : (answer, bytes, null);
        }
        catch (OperationCanceledException)
        {
            return (null, 0, "no answer in time");
        }
        catch (SocketException e)
        {
            return (null, 0, e.SocketErrorCode.ToString());
        }
        catch (IOException)
        {
            return (null, 0, "the connection was lost");
        }
        catch (InvalidDataException e)
        {
            return (null, 0, e.Message);
        }
    }

    private static async Task<(DnsMessage Answer, int Bytes)> ByUdpAsync(
        IPEndPoint server,
        byte[] query,
        ushort id,
        string name,
        DnsType type,
        CancellationToken ct
    )
    {
        using var socket = new Socket(server.AddressFamily, SocketType.Dgram, ProtocolType.Udp);
        // Connected: the system drops what comes from elsewhere.
        await socket.ConnectAsync(server, ct);
        await socket.SendAsync(query, ct);
        var buffer = new byte[4096];
        while (true)
        {
            var length = await socket.ReceiveAsync(buffer, ct);
            // What does not answer our question may be forged: the true answer may still come (RFC 5452 §9.1).
            if (Match(buffer.AsSpan(0, length), id, name, type) is { } answer)
                return (answer, length);
        }
    }

    private static async Task<(DnsMessage Answer, int Bytes)> ByTcpAsync(
        IPEndPoint server,
        byte[] query,
        ushort id,
        string name,
        DnsType type,
        CancellationToken ct
    )
    {
        using var socket = new Socket(server.AddressFamily, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        await socket.ConnectAsync(server, ct);
        await using var stream = new NetworkStream(socket);
        var length = new byte[2];
        BinaryPrimitives.WriteUInt16BigEndian(length, (ushort)query.Length);
        // RFC 7766 §8: length and message in one write.
        await stream.WriteAsync((byte[])[.. length, .. query], ct);
        await stream.ReadExactlyAsync(length, ct);
        var bytes = new byte[BinaryPrimitives.ReadUInt16BigEndian(length)];
        await stream.ReadExactlyAsync(bytes, ct);
        return Match(bytes, id, name, type) is { } answer
            ? (answer, bytes.Length)
            : throw new InvalidDataException("not an answer to the question");
    }

    private static DnsMessage? Match(ReadOnlySpan<byte> bytes, ushort id, string name, DnsType type)
    {
        if (!DnsMessage.TryParse(bytes, out var answer) || answer!.Id != id)
            return null;
        // A server that could not read the question need not repeat it.
        if (answer.QuestionName is null)
            return answer.Code is DnsResponseCode.NoError or DnsResponseCode.NxDomain ? null : answer;
        return
            answer.QuestionType == type
            && answer.QuestionName.Equals(DnsMessage.Written(name), StringComparison.OrdinalIgnoreCase)
            ? answer
            : null;
    }
}
