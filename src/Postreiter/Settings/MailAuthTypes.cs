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
                if (!IPAddresses.TryReadNetwork(text[3..], out var network))
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

    /// <summary>A mailbox.</summary>
    public static readonly SettingType<EmailAddress> Address = SettingTypes.FromText<EmailAddress>(
        "an address such as \"dmarc@example.org\"",
        static (string text, out EmailAddress value) => EmailAddress.TryParse(text, out value),
        address => TomlText.Quote(address.ToString())
    );

    /// <summary>A mailbox, or empty.</summary>
    public static readonly SettingType<EmailAddress?> OptionalAddress = SettingTypes.FromText<EmailAddress?>(
        "an address such as \"dmarc@example.org\", or \"\"",
        static (string text, out EmailAddress? value) =>
        {
            var isAddress = EmailAddress.TryParse(text, out var address);
            value = isAddress ? address : null;
            return isAddress || text.Length == 0;
        },
        address => TomlText.Quote(address?.ToString() ?? "")
    );
}
