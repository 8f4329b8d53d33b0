using System.Globalization;
using Postreiter.Delivery.Gate.Checks;
using Postreiter.Delivery.Milters;

namespace Postreiter.Settings;

/// <summary>Every key, documented here and nowhere else: <c>docs/settings.md</c> and <c>config explain</c> are made from it.</summary>
internal static partial class SettingKeys
{
    private static readonly SettingType<string> Scanner = SettingTypes.FromText<string>(
        "\"clamd:HOST:PORT\", \"clamd:/SOCKET\" (several daemons with commas between them: the first that is there is asked), \"icap://HOST:PORT/SERVICE\" or \"command:/PROGRAM ARGUMENTS\"",
        TryReadScanner,
        TomlText.Quote
    );

    private static readonly SettingType<string> ListEntry = SettingTypes.FromText<string>(
        "an address, a domain, a pattern such as \"*@example.org\", or \"ip:\" with an address or network, such as \"ip:192.0.2.0/24\", perhaps with \" for \" and a domain or account",
        TryReadListEntry,
        TomlText.Quote
    );

    private static readonly SettingType<DnsList> DnsListEntry = SettingTypes.FromText<DnsList>(
        DnsList.Expected,
        static (string text, out DnsList value) => DnsList.TryParse(text, out value!),
        list => TomlText.Quote(list.ToString())
    );

    private static readonly SettingType<MilterAddress> MilterEntry = SettingTypes.FromText<MilterAddress>(
        "\"inet:HOST:PORT\" or \"unix:/SOCKET\", such as \"inet:127.0.0.1:8891\" or \"unix:/run/opendkim/opendkim.sock\"",
        MilterText.TryRead,
        milter => TomlText.Quote(milter.Name)
    );

    private static readonly SettingType<TimeOnly?> DigestTime = SettingTypes.FromText<TimeOnly?>(
        "a time of day such as \"06:30\", or \"\" for never",
        TryReadTimeOfDay,
        static time => TomlText.Quote(time?.ToString(TimeOfDay, CultureInfo.InvariantCulture) ?? "")
    );

    private static readonly SettingType<ServerRoles> Roles = RolesType();

    /// <summary>All keys, in the order of the manual.</summary>
    public static readonly IReadOnlyList<SettingKey> All =
    [
        .. Server(),
        .. Reception(),
        .. Mailboxes(),
        .. Sending(),
        .. MailAuth(),
        .. Filters(),
        .. Milters(),
        .. Contents(),
        .. Quarantine(),
        .. Gate(),
        .. Operation(),
    ];

    private static readonly Dictionary<string, SettingKey> ByName = All.ToDictionary(
        k => k.Name,
        StringComparer.Ordinal
    );

    /// <summary>The key of a name, or null.</summary>
    public static SettingKey? Find(string name) => ByName.GetValueOrDefault(name);

    /// <summary>Whether known keys start with this section.</summary>
    public static bool IsSection(string name) => All.Any(k => k.Name.StartsWith(name + ".", StringComparison.Ordinal));

    private static SettingKey<T> Key<T>(
        string name,
        SettingType<T> type,
        Func<ServerSettings, T> get,
        Func<ServerSettings, T, ServerSettings> set,
        string doc,
        string? defaultText = null,
        bool isSecret = false,
        SettingEffect effect = SettingEffect.AtReload
    ) =>
        new(name, type, get, set, doc)
        {
            DefaultText = defaultText,
            IsSecret = isSecret,
            Effect = effect,
        };
}
