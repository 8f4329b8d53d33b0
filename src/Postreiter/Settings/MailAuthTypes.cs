using Postreiter.Core;

namespace Postreiter.Settings;

/// <summary>Values of the keys of mail authentication.</summary>
internal static class MailAuthTypes
{
    /// <summary>A network or a domain.</summary>
    public static readonly SettingType<ForwarderSetting> Forwarder = SettingTypes.FromText<ForwarderSetting>(
        "a domain such as \"lists.example.org\", or \"ip:\" with an address or network such as \"ip:192.0.2.0/24\"",
        static (string text, out ForwarderSetting value) =>
        {
            value = new ForwarderSetting();
            if (text.StartsWith("ip:", StringComparison.Ordinal))
            {
                if (!SettingTypes.TryReadNetwork(text[3..], out var network))
                    return false;
                value = value with { Network = network };
                return true;
            }

            if (!DomainName.TryParse(text, out var domain) || domain.IsAddressLiteral || !domain.Ascii.Contains('.'))
                return false;
            value = value with { Domain = domain };
            return true;
        },
        value => TomlText.Quote(value.Network is { } network ? $"ip:{network}" : value.Domain.Unicode)
    );
}
