using System.Net;
using Postreiter.Core;
using Tomlyn.Model;

namespace Postreiter.Settings;

/// <summary>The kinds of values that keys have.</summary>
internal static class SettingTypes
{
    public static readonly SettingType<string> Text = FromText<string>(
        "a string",
        static (string text, out string value) =>
        {
            value = text;
            return true;
        },
        TomlText.Quote
    );

    public static readonly SettingType<bool> Flag = new(
        "true or false",
        static (SettingValue value, out bool flag) =>
        {
            flag = value.Toml is true;
            return value.Toml is bool || value.Fail("must be true or false, without quotes");
        },
        flag => flag ? "true" : "false"
    );

    public static readonly SettingType<DomainName> Host = FromText<DomainName>(
        "a host name such as \"mx.example.org\"",
        static (string text, out DomainName value) =>
            DomainName.TryParse(text, out value) && !value.IsAddressLiteral && value.Ascii.Contains('.'),
        host => TomlText.Quote(host.Unicode)
    );

    public static readonly SettingType<EndPoint> Listener = FromText<EndPoint>(
        "an address with a port, such as \"127.0.0.1:25\", \"[::1]:25\" or \"*:25\" (every address), or \"unix:/run/postreiter/smtp\"",
        EndPoints.TryParseListener,
        endPoint => TomlText.Quote(EndPoints.Format(endPoint))
    );

    public static readonly SettingType<IPEndPoint> DnsServer = FromText<IPEndPoint>(
        "an address, with a port when it is not 53, such as \"192.0.2.53\" or \"127.0.0.1:5353\"",
        EndPoints.TryParseDnsServer,
        endPoint => TomlText.Quote(endPoint.ToString())
    );

    public static readonly SettingType<IPNetwork> Network = FromText<IPNetwork>(
        "an address or a network such as \"192.0.2.7\", \"10.0.0.0/8\" or \"2001:db8::/32\"",
        IPAddresses.TryReadNetwork,
        network => TomlText.Quote(network.ToString())
    );

    /// <summary>A whole number.</summary>
    public static SettingType<int> Number(int least, int most)
    {
        var expected = $"a whole number from {least} to {most}, without quotes";
        return new(
            expected,
            (SettingValue value, out int number) =>
            {
                var good = value.Toml is long given && given >= least && given <= most;
                number = good ? (int)(long)value.Toml : 0;
                return good || value.Fail($"must be {expected}");
            },
            number => $"{number}"
        );
    }

    /// <summary>A number of points.</summary>
    public static SettingType<double> Points(double least, double most)
    {
        var expected = $"a number from {TomlText.Number(least)} to {TomlText.Number(most)}, without quotes";
        return new(
            expected,
            (SettingValue value, out double number) =>
            {
                number = value.Toml switch
                {
                    double given => given,
                    long given => given,
                    _ => double.NaN,
                };
                return (number >= least && number <= most) || value.Fail($"must be {expected}");
            },
            TomlText.Number
        );
    }

    /// <summary>A duration.</summary>
    public static SettingType<TimeSpan> Duration(string least, string most)
    {
        TimeSpan lowest = default;
        TimeSpan highest = default;
        if (Durations.TryParse(least, out var first) && Durations.TryParse(most, out var last))
            (lowest, highest) = (first.Value, last.Value);
        return FromText<TimeSpan>(
            $"a duration from \"{least}\" to \"{most}\", such as \"30s\", \"5m\", \"1h30m\" or \"2d\"",
            (string text, out TimeSpan value) =>
            {
                var good = Durations.TryParse(text, out var given) && given >= lowest && given <= highest;
                value = good ? given.GetValueOrDefault() : default;
                return good;
            },
            duration => TomlText.Quote(Durations.Format(duration))
        );
    }

    /// <summary>A size: text with a unit, or a number of bytes.</summary>
    public static SettingType<long> Size(long least, long most)
    {
        var expected =
            $"a size from \"{ByteSize.Format(least)}\" to \"{ByteSize.Format(most)}\", such as \"512KiB\", \"50MiB\" or \"2GiB\"";
        return new(
            expected,
            (SettingValue value, out long size) =>
            {
                size = 0;
                var good = value.Toml is string text ? ByteSize.TryParse(text, out size) : value.Toml is long;
                size = value.Toml is long bytes ? bytes : size;
                return (good && size >= least && size <= most) || value.Fail($"must be {expected}");
            },
            size => TomlText.Quote(ByteSize.Format(size))
        );
    }

    /// <summary>One word of several; the words are the members' names in lower case.</summary>
    public static SettingType<T> OneOf<T>()
        where T : struct, Enum
    {
        var words = Enum.GetValues<T>().ToDictionary(Word, v => v);
        return FromText<T>(
            $"one of {string.Join(", ", words.Keys.Select(TomlText.Quote))}",
            words.TryGetValue,
            value => TomlText.Quote(Word(value))
        );
    }

    /// <summary>A list of at least some values; each bad one is named by itself.</summary>
    public static SettingType<IReadOnlyList<T>> List<T>(SettingType<T> item, int least = 0) =>
        new(
            $"a list [{(least == 0 ? "" : $"at least {least}: ")}…] of: {item.Expected}",
            (SettingValue value, out IReadOnlyList<T> list) =>
            {
                list = [];
                // Inline tables and [[sections]] are two spellings of one list.
                var entries = value.Toml switch
                {
                    TomlArray array => array.ToArray(),
                    TomlTableArray tables => [.. tables],
                    _ => null,
                };
                if (entries is null || entries.Length < least)
                    return value.Fail(
                        $"must be a list in brackets{(least == 0 ? "" : $" with at least {least}")}, each {item.Expected}"
                    );
                var result = new List<T>(entries.Length);
                for (var i = 0; i < entries.Length; i++)
                {
                    if (item.TryRead(value with { Path = $"{value.Path}[{i}]", Toml = entries[i] ?? "" }, out var read))
                        result.Add(read);
                }

                list = result;
                return result.Count == entries.Length;
            },
            list => $"[{string.Join(", ", list.Select(item.Write))}]"
        );

    /// <summary>Text that a parser reads.</summary>
    public static SettingType<T> FromText<T>(string expected, TryParseText<T> parse, Func<T, string> write) =>
        new(
            expected,
            (SettingValue value, out T result) =>
            {
                if (value.Toml is string text && parse(text, out result))
                    return true;
                result = default!;
                return value.Fail($"must be {expected}");
            },
            write
        );

    /// <summary>Reads text.</summary>
    public delegate bool TryParseText<T>(string text, out T value);

    private static string Word<T>(T value)
        where T : struct, Enum => value.ToString().ToLowerInvariant();
}
