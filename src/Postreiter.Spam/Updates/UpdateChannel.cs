using System.Diagnostics.CodeAnalysis;
using Postreiter.Core;

namespace Postreiter.Spam.Updates;

/// <summary>A channel from which rules are updated, as sa-update knows them.</summary>
public sealed class UpdateChannel
{
    // Channels publish under the version of SpamAssassin whose rules they are: 4.0.1, reversed.
    private const string ReversedVersion = "1.0.4";

    private UpdateChannel(DomainName name) => Name = name;

    /// <summary>The channel of the SpamAssassin project.</summary>
    public const string SpamAssassin = "updates.spamassassin.org";

    /// <summary>Its name.</summary>
    public DomainName Name { get; }

    /// <summary>Where its serial is published: a TXT record.</summary>
    public string SerialName => $"{ReversedVersion}.{Name.Ascii}";

    /// <summary>Where the address of its list of mirrors is published: a TXT record.</summary>
    public string MirrorsName => $"mirrors.{Name.Ascii}";

    /// <summary>The name as that of a file: updates_spamassassin_org.</summary>
    public string FileName => Name.Ascii.Replace('.', '_');

    /// <summary>Reads a name.</summary>
    /// <param name="text">A domain name.</param>
    /// <param name="channel">The channel.</param>
    public static bool TryParse(string text, [NotNullWhen(true)] out UpdateChannel? channel)
    {
        channel =
            DomainName.TryParse(text, out var name) && !name.IsAddressLiteral && !name.IsEmpty
                ? new UpdateChannel(name)
                : null;
        return channel is not null;
    }
}
