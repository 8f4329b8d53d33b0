using System.Globalization;
using System.Net;
using System.Text;
using Postreiter.Core;
using Postreiter.Dns;

namespace Postreiter.Spam.Updates;

/// <summary>Asks a channel what is new, and fetches it from one of its mirrors.</summary>
/// <param name="dns">The serial and the list of mirrors are published there.</param>
/// <param name="http">Fetches.</param>
/// <param name="random">Chooses among mirrors, by their weights.</param>
public sealed class ChannelClient(IDnsResolver dns, HttpClient http, Random random)
{
    /// <summary>The serial of the newest update.</summary>
    /// <exception cref="InvalidDataException">The channel does not say one.</exception>
    public async Task<long> FindSerialAsync(UpdateChannel channel, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(channel);
        var text = await TextAsync(channel.SerialName, ct);
        return long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var serial)
            ? serial
            : throw new InvalidDataException($"the TXT record of {channel.SerialName} is no serial: \"{text}\"");
    }

    /// <summary>Fetches an update; a mirror that fails is left for the next.</summary>
    /// <exception cref="InvalidDataException">No mirror has it; the message says what each answered.</exception>
    public async Task<ChannelUpdate> FetchAsync(UpdateChannel channel, long serial, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(channel);
        var faults = new List<string>();
        foreach (var mirror in Shuffled(await MirrorsAsync(channel, ct)))
        {
            try
            {
                return await FetchAsync(mirror, serial, ct);
            }
            catch (Exception e)
                when (e is HttpRequestException or InvalidDataException or IOException || TimedOut(e, ct))
            {
                faults.Add($"{mirror}: {e.Message}");
            }
        }

        throw new InvalidDataException(
            faults.Count == 0
                ? $"the channel {channel.Name} lists no mirrors"
                : $"no mirror of {channel.Name} has {serial}.tar.gz: {string.Join("; ", faults)}"
        );
    }

    /// <summary>Fetches an update from a place.</summary>
    /// <param name="place">The address that SERIAL.tar.gz stands below.</param>
    /// <param name="serial">Its number.</param>
    /// <param name="ct">Ends it.</param>
    /// <exception cref="InvalidDataException">It is not there, or too long.</exception>
    /// <exception cref="HttpRequestException">The server cannot be reached or does not answer well.</exception>
    public Task<ChannelUpdate> FetchAsync(Uri place, long serial, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(place);
        var folder = place.AbsoluteUri.EndsWith('/') ? place : new Uri(place.AbsoluteUri + "/");
        return ChannelUpdate.ReadAsync(
            serial,
            (ending, most, token) =>
                GetAsync(new Uri(folder, serial.ToString(CultureInfo.InvariantCulture) + ending), most, token),
            ct
        );
    }

    private async Task<List<(Uri Place, int Weight)>> MirrorsAsync(UpdateChannel channel, CancellationToken ct)
    {
        var text = await TextAsync(channel.MirrorsName, ct);
        if (!IsPlace(text, out var place))
            throw new InvalidDataException($"the TXT record of {channel.MirrorsName} is no http address: \"{text}\"");
        var list =
            await GetAsync(place, ChannelUpdate.MaxCompanion, ct)
            ?? throw new InvalidDataException($"{place}, the list of mirrors of {channel.Name}, is not there");
        var mirrors = new List<(Uri, int)>();
        foreach (var line in Encoding.Latin1.GetString(list).Split('\n'))
        {
            var words = line.Split([' ', '\t', '\r'], StringSplitOptions.RemoveEmptyEntries);
            if (words is not [var first, .. var rest] || !IsPlace(first, out var mirror))
                continue;
            var weight = rest.Where(static w => w.StartsWith("weight=", StringComparison.Ordinal))
                .Select(static w =>
                    int.TryParse(w[7..], NumberStyles.None, CultureInfo.InvariantCulture, out var n) ? n : 1
                )
                .FirstOrDefault(1);
            mirrors.Add((mirror, Math.Clamp(weight, 1, 1000)));
        }

        return mirrors;
    }

    // Each in its turn, the heavier the likelier the sooner.
    private IEnumerable<Uri> Shuffled(List<(Uri Place, int Weight)> mirrors)
    {
        while (mirrors.Count > 0)
        {
            var at = random.Next(mirrors.Sum(static m => m.Weight));
            var index = 0;
            while (at >= mirrors[index].Weight)
                at -= mirrors[index++].Weight;
            yield return mirrors[index].Place;
            mirrors.RemoveAt(index);
        }
    }

    private static bool IsPlace(string text, out Uri place) =>
        Uri.TryCreate(text, UriKind.Absolute, out place!) && place.Scheme is "http" or "https";

    private async Task<string> TextAsync(string name, CancellationToken ct)
    {
        var answer = await dns.ResolveTxtAsync(DomainName.Parse(name), ct);
        return answer.Status switch
        {
            DnsStatus.Success when answer.Records is [var text, ..] => text.Trim(),
            DnsStatus.TemporaryFailure => throw new InvalidDataException(
                $"the DNS does not answer for {name}: {answer.Detail}; try later"
            ),
            _ => throw new InvalidDataException($"there is no TXT record of {name}: is the name of the channel right?"),
        };
    }

    private async Task<byte[]?> GetAsync(Uri address, int most, CancellationToken ct)
    {
        using var answer = await http.GetAsync(address, HttpCompletionOption.ResponseHeadersRead, ct);
        if (answer.StatusCode is HttpStatusCode.NotFound or HttpStatusCode.Gone)
            return null;
        answer.EnsureSuccessStatusCode();
        await using var body = await answer.Content.ReadAsStreamAsync(ct);
        using var read = new MemoryStream();
        var buffer = new byte[16 << 10];
        while (await body.ReadAsync(buffer, ct) is > 0 and var count)
        {
            if (read.Length + count > most)
                throw new InvalidDataException($"{address} is longer than {most} octets");
            read.Write(buffer, 0, count);
        }

        return read.ToArray();
    }

    // A time-out of the client looks like a cancellation.
    private static bool TimedOut(Exception e, CancellationToken ct) =>
        e is OperationCanceledException && !ct.IsCancellationRequested;
}
