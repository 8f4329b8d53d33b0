using Postreiter.Core;
using Tomlyn.Model;

namespace Postreiter.Settings;

/// <summary>The inline tables of section <c>outbound</c>.</summary>
internal static class OutboundTypes
{
    private const string SmarthostForm =
        "a table such as { host = \"relay.example.org\", port = 587, tls = \"required\", username = \"me\", password = \"${env:RELAY_PASSWORD}\" }";

    private const string RouteForm = "a table such as { domain = \"example.org\", via = \"192.0.2.1:2526\" }";

    private static readonly SettingType<int> Port = SettingTypes.Number(1, 65535);
    private static readonly SettingType<SmarthostTls> Tls = SettingTypes.OneOf<SmarthostTls>();

    public static readonly SettingType<SmarthostSettings?> Smarthost = new(
        SmarthostForm,
        TryReadSmarthost,
        smarthost =>
            smarthost is null
                ? ""
                : $"{{ host = {TomlText.Quote(smarthost.Host)}, port = {smarthost.Port}, tls = {Tls.Write(smarthost.Tls)}"
                    + (smarthost.Username is { } user ? $", username = {TomlText.Quote(user)}, password = \"***\"" : "")
                    + " }"
    );

    public static readonly SettingType<RouteSettings> Route = new(
        RouteForm,
        TryReadRoute,
        route =>
            $"{{ domain = {TomlText.Quote(route.Domain.Ascii)}, via = {TomlText.Quote($"{route.Host}:{route.Port}")} }}"
    );

    private static bool TryReadSmarthost(SettingValue value, out SmarthostSettings? result)
    {
        result = null;
        if (value.Toml is not TomlTable table)
            return value.Fail($"must be {SmarthostForm}");
        var before = value.Mistakes.Count;
        var host = new SmarthostSettings();
        foreach (var (key, toml) in table)
        {
            var entry = new SettingValue($"{value.Path}.{key}", toml, value.Mistakes) { IsSecret = key == "password" };
            host = key switch
            {
                "host" => entry.Toml is string text && EndPoints.TryParseHostAndPort(text, 1, out var name, out _)
                    ? host with
                    {
                        Host = name,
                    }
                    : Note(entry, host, "must be a host name or an address; the port stands in port"),
                "port" => Port.TryRead(entry, out var port) ? host with { Port = port } : host,
                "tls" => Tls.TryRead(entry, out var tls) ? host with { Tls = tls } : host,
                "username" => SettingTypes.Text.TryRead(entry, out var user) ? host with { Username = user } : host,
                "password" => SettingTypes.Text.TryRead(entry, out var password)
                    ? host with
                    {
                        Password = password,
                    }
                    : host,
                _ => Note(
                    entry,
                    host,
                    $"is not known here; {NearestKey.Hint(key, ["host", "port", "tls", "username", "password"])}"
                ),
            };
        }

        if (!table.ContainsKey("host"))
            value.Fail($"lacks host; must be {SmarthostForm}");
        if (table.ContainsKey("username") != table.ContainsKey("password"))
            value.Fail("username and password go together");
        result = host;
        return value.Mistakes.Count == before;
    }

    private static bool TryReadRoute(SettingValue value, out RouteSettings result)
    {
        result = new RouteSettings(default, "", 25);
        if (value.Toml is not TomlTable table || table.Count != 2)
            return value.Fail($"must be {RouteForm}");
        if (
            !table.TryGetValue("domain", out var domain)
            || domain is not string domainText
            || !DomainName.TryParse(domainText, out var name)
        )
            return value.Fail($"domain must be a domain name: {RouteForm}");
        if (
            !table.TryGetValue("via", out var via)
            || via is not string viaText
            || !EndPoints.TryParseHostAndPort(viaText, 25, out var host, out var port)
        )
            return value.Fail($"via must be host or host:port: {RouteForm}");
        result = new RouteSettings(name, host, port);
        return true;
    }

    private static SmarthostSettings Note(SettingValue value, SmarthostSettings unchanged, string right)
    {
        value.Fail(right);
        return unchanged;
    }
}
