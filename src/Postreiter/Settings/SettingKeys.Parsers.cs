using Postreiter.Delivery.Gate.Checks;

namespace Postreiter.Settings;

/// <content>Parsers of values that one or two keys have.</content>
internal static partial class SettingKeys
{
    private static SettingType<ServerRoles> RolesType()
    {
        var words = Enum.GetValues<ServerRoles>()
            .Where(r => r is not (ServerRoles.None or ServerRoles.All))
            .ToDictionary(r => r.ToString().ToLowerInvariant(), r => r);
        var one = SettingTypes.FromText<ServerRoles>(
            $"one of {string.Join(", ", words.Keys.Select(TomlText.Quote))}",
            words.TryGetValue,
            role => TomlText.Quote(role.ToString().ToLowerInvariant())
        );
        var list = SettingTypes.List(one, 1);
        return new(
            list.Expected,
            (SettingValue value, out ServerRoles roles) =>
            {
                var good = list.TryRead(value, out var given);
                roles = given.Aggregate(ServerRoles.None, (all, role) => all | role);
                return good;
            },
            roles => list.Write([.. words.Values.Where(r => roles.HasFlag(r))])
        );
    }

    private static bool TryReadStoreUrl(string text, out string value)
    {
        value = text;
        return text is "sqlite:"
            || (
                Uri.TryCreate(text, UriKind.Absolute, out var uri)
                && uri.Scheme is "postgres" or "postgresql"
                && uri.Host.Length > 0
                && uri.AbsolutePath.Length > 1
            );
    }

    private static bool TryReadBlobUrl(string text, out string value)
    {
        value = text;
        return text is "segments:"
            || (Uri.TryCreate(text, UriKind.Absolute, out var uri) && uri.Scheme == "s3" && uri.Host.Length > 0);
    }

    /// <summary>The address with its password masked.</summary>
    private static string WriteUrl(string url)
    {
        if (!Uri.TryCreate(url, UriKind.Absolute, out var uri) || !uri.UserInfo.Contains(':'))
            return TomlText.Quote(url);
        var user = uri.UserInfo[..uri.UserInfo.IndexOf(':')];
        return TomlText.Quote(url.Replace(uri.UserInfo + "@", user + ":***@", StringComparison.Ordinal));
    }

    private static bool TryReadOtlp(string text, out string value)
    {
        value = text;
        return text.Length == 0
            || (Uri.TryCreate(text, UriKind.Absolute, out var uri) && uri.Scheme is "http" or "https");
    }

    private static bool TryReadScanner(string text, out string value)
    {
        value = text;
        return ScannerText.TryRead(text, out _);
    }

    private static bool TryReadListEntry(string text, out string value)
    {
        value = text;
        return GateLists.IsEntry(text);
    }
}
