using System.Globalization;
using System.IO.Pipelines;
using System.Net;

namespace Postreiter.Delivery.Scanning;

/// <summary>
/// A scanner that speaks ICAP (RFC 3507): the message is handed over as the body of an answer to be modified (RESPMOD), first its
/// beginning as the server wants it (§4.5 preview), then the rest while it arrives. 204 is clean; a server that found something says so
/// in a field, or answers with another page.
/// </summary>
/// <param name="name">What it is called.</param>
/// <param name="service">icap://HOST[:PORT]/SERVICE.</param>
/// <param name="dial">Connects.</param>
/// <param name="time">The clock.</param>
public sealed class IcapScanner(string name, Uri service, ScannerDial dial, TimeProvider time) : IContentScanner
{
    /// <summary>RFC 3507 §4.1.</summary>
    public const int DefaultPort = 1344;

    private const int MaxPreview = 64 * 1024;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    // What is said about the server holds for so long, unless it says otherwise (§4.10.2 Options-TTL).
    private static readonly TimeSpan OptionsLife = TimeSpan.FromMinutes(10);

    // The request and the answer that carries the message, as ICAP wants them to be there.
    private const string Request = "GET http://mail/ HTTP/1.1\r\nHost: mail\r\n\r\n";
    private const string Response = "HTTP/1.1 200 OK\r\nContent-Type: message/rfc822\r\n\r\n";

    private readonly ScannerDoor _door = new(
        new DnsEndPoint(service.Host.Trim('[', ']'), service.Port < 0 ? DefaultPort : service.Port),
        dial,
        time
    );
    private (int? Preview, long Since)? _options;

    /// <inheritdoc/>
    public string Name => name;

    private string Address => $"icap://{service.Authority}{service.AbsolutePath}";

    /// <inheritdoc/>
    public async ValueTask<ScanAnswer> ScanAsync(PipeReader content, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(content);
        using var patience = new CancellationTokenSource(Timeout.InfiniteTimeSpan, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(patience.Token, ct);
        IcapConnection? connection = null;
        try
        {
            var opened = await _door.OpenAsync(either.Token);
            connection = new IcapConnection(opened.Connection, patience, Patience);
            var preview = await PreviewAsync(connection, either.Token);
            await connection.WriteAsync(Head(preview), either.Token);
            var answer = await ExchangeAsync(connection, content, preview, either.Token);
            if (connection.MayGoOn)
            {
                await _door.KeepAsync(opened.Connection);
                connection = null;
            }

            _door.Worked();
            return answer;
        }
        catch (Exception e) when (e is IOException or InvalidDataException)
        {
            _door.Failed();
            return ScanAnswer.Failed($"{_door.Name}: {e.Message}");
        }
        catch (OperationCanceledException) when (!ct.IsCancellationRequested)
        {
            _door.Failed();
            return ScanAnswer.Failed($"{_door.Name} took over {Patience.TotalSeconds:0} s");
        }
        finally
        {
            if (connection is not null)
                await connection.DisposeAsync();
        }
    }

    private string Head(int? preview) =>
        string.Create(
            CultureInfo.InvariantCulture,
            $"RESPMOD {Address} ICAP/1.0\r\nHost: {service.Authority}\r\nAllow: 204\r\n"
        )
        + (preview is { } octets ? $"Preview: {octets.ToString(CultureInfo.InvariantCulture)}\r\n" : "")
        + string.Create(
            CultureInfo.InvariantCulture,
            $"Encapsulated: req-hdr=0, res-hdr={Request.Length}, res-body={Request.Length + Response.Length}\r\n\r\n{Request}{Response}"
        );

    // §4.10: how much of the message it wants to see before it decides whether it wants the rest; null is all at once.
    private async ValueTask<int?> PreviewAsync(IcapConnection connection, CancellationToken ct)
    {
        if (_options is { } known && time.GetElapsedTime(known.Since) < OptionsLife)
            return known.Preview;
        await connection.WriteAsync($"OPTIONS {Address} ICAP/1.0\r\nHost: {service.Authority}\r\n\r\n", ct);
        connection.Expect();
        var answer = await connection.ReadHeadAsync(ct);
        if (answer.Status != 200)
            throw new InvalidDataException($"OPTIONS of {service.AbsolutePath} is answered by {answer.Status}");
        if (answer.Field("Methods") is { } methods && !methods.Contains("RESPMOD", StringComparison.OrdinalIgnoreCase))
            throw new InvalidDataException($"{service.AbsolutePath} does not do RESPMOD, only {methods}");
        await connection.SkipBodyAsync(answer, ct);
        int? preview = int.TryParse(
            answer.Field("Preview"),
            NumberStyles.None,
            CultureInfo.InvariantCulture,
            out var octets
        )
            ? Math.Min(octets, MaxPreview)
            : null;
        _options = (preview, time.GetTimestamp());
        return preview;
    }

    private static async ValueTask<ScanAnswer> ExchangeAsync(
        IcapConnection connection,
        PipeReader content,
        int? preview,
        CancellationToken ct
    )
    {
        if (preview is { } octets)
        {
            var isWhole = await SendPreviewAsync(connection, content, octets, ct);
            connection.Expect();
            var first = await connection.ReadHeadAsync(ct);
            if (first.Status != 100)
                return await AnswerAsync(connection, first, ct);
            if (isWhole)
                throw new InvalidDataException("100 Continue after the whole message");
        }

        var answering = connection.ReadHeadAsync(ct);
        var isSent = await SendRestAsync(connection, content, answering, ct);
        connection.Expect();
        var answer = await AnswerAsync(connection, await answering, ct);
        // What it reads next it would take for the rest of this message.
        if (!isSent)
            connection.Spoil();
        return answer;
    }

    /// <summary>Sends the message to its end, or until an answer comes before that: from a server that is full, or has seen enough.</summary>
    /// <returns>Whether all was sent.</returns>
    private static async ValueTask<bool> SendRestAsync(
        IcapConnection connection,
        PipeReader content,
        Task answering,
        CancellationToken ct
    )
    {
        try
        {
            while (!answering.IsCompleted)
            {
                var read = await content.ReadAsync(ct);
                foreach (var segment in read.Buffer)
                    await connection.WriteChunkAsync(segment, ct);
                content.AdvanceTo(read.Buffer.End);
                if (!read.IsCompleted)
                    continue;
                await connection.WriteAsync("0\r\n\r\n", ct);
                return true;
            }
        }
        catch (IOException)
        {
            // It hung up on the rest; what it said before counts, if it said anything.
        }

        return false;
    }

    // §4.5: the first octets, then a chunk of 0, with ieof when that is all there is.
    private static async ValueTask<bool> SendPreviewAsync(
        IcapConnection connection,
        PipeReader content,
        int octets,
        CancellationToken ct
    )
    {
        ReadResult read;
        while (true)
        {
            read = await content.ReadAsync(ct);
            if (read.IsCompleted || read.Buffer.Length > octets)
                break;
            content.AdvanceTo(read.Buffer.Start, read.Buffer.End);
        }

        var isWhole = read.Buffer.Length <= octets;
        var start = read.Buffer.Slice(0, Math.Min(octets, read.Buffer.Length));
        foreach (var segment in start)
            await connection.WriteChunkAsync(segment, ct);
        content.AdvanceTo(start.End);
        await connection.WriteAsync(isWhole ? "0; ieof\r\n\r\n" : "0\r\n\r\n", ct);
        return isWhole;
    }

    private static async ValueTask<ScanAnswer> AnswerAsync(
        IcapConnection connection,
        IcapHead head,
        CancellationToken ct
    )
    {
        if (head.Status == 204)
            return ScanAnswer.Clean;
        if (head.Status is not (200 or 201))
            return ScanAnswer.Failed($"it answers {head.Status}");
        if (Infection(head) is { } found)
            return ScanAnswer.Infected(found);
        // Another page in place of the message says that it was held back.
        var page = await connection.ReadPageAsync(head, ct);
        if (page is null || page.Status == 200)
            return ScanAnswer.Clean;
        return ScanAnswer.Infected(Infection(page) ?? $"held back with status {page.Status}");
    }

    private static string? Infection(IcapHead head)
    {
        // "Type=0; Resolution=2; Threat=NAME;"
        if (head.Field("X-Infection-Found") is { } found)
        {
            var at = found.IndexOf("Threat=", StringComparison.OrdinalIgnoreCase);
            return at < 0 ? found : found[(at + 7)..].Split(';')[0];
        }

        return head.Field("X-Virus-ID") ?? head.Field("X-Virus-Name") ?? head.Field("X-Violations-Found");
    }
}
