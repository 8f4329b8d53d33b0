using System.Globalization;

namespace Postreiter.Spam.Updates;

/// <summary>An update named by hand: a file SERIAL.tar.gz, a folder of them, or the http address of one.</summary>
public static class UpdateSource
{
    private const string Ending = ".tar.gz";

    /// <summary>Its serial: that of the file's name; of a folder the highest.</summary>
    /// <exception cref="InvalidDataException">It has none.</exception>
    public static long SerialOf(string place)
    {
        ArgumentNullException.ThrowIfNull(place);
        if (Directory.Exists(place))
        {
            var serials = Directory.GetFiles(place, "*" + Ending).Select(Serial).OfType<long>().ToList();
            return serials.Count > 0
                ? serials.Max()
                : throw new InvalidDataException($"{place} holds no file SERIAL{Ending}");
        }

        return Serial(place)
            ?? throw new InvalidDataException(
                $"{place} is not named SERIAL{Ending}, as channels name their updates: 1912345{Ending}"
            );
    }

    /// <summary>Reads it with what stands beside it.</summary>
    /// <param name="place">The file, the folder or the address.</param>
    /// <param name="client">Fetches from an address.</param>
    /// <param name="ct">Ends it.</param>
    /// <exception cref="InvalidDataException">It is not there, or too long.</exception>
    /// <exception cref="IOException">It cannot be read.</exception>
    public static Task<ChannelUpdate> ReadAsync(string place, ChannelClient client, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(client);
        var serial = SerialOf(place);
        if (Uri.TryCreate(place, UriKind.Absolute, out var address) && address.Scheme is "http" or "https")
            return client.FetchAsync(new Uri(address, "."), serial, ct);
        var folder = Directory.Exists(place) ? place : Path.GetDirectoryName(Path.GetFullPath(place))!;
        var name = Path.Combine(folder, serial.ToString(CultureInfo.InvariantCulture));
        return ChannelUpdate.ReadAsync(serial, (ending, most, token) => ReadAsync(name + ending, most, token), ct);
    }

    private static async Task<byte[]?> ReadAsync(string file, int most, CancellationToken ct)
    {
        if (!File.Exists(file))
            return null;
        if (new FileInfo(file).Length > most)
            throw new InvalidDataException($"{file} is longer than {most} octets");
        return await File.ReadAllBytesAsync(file, ct);
    }

    private static long? Serial(string path)
    {
        var name = path[(path.LastIndexOf('/') + 1)..];
        return
            name.EndsWith(Ending, StringComparison.Ordinal)
            && long.TryParse(name[..^Ending.Length], NumberStyles.None, CultureInfo.InvariantCulture, out var serial)
            ? serial
            : null;
    }
}
