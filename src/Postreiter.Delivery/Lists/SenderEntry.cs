using System.Diagnostics.CodeAnalysis;
using System.Net;
using System.Net.Sockets;
using Postreiter.Core;

namespace Postreiter.Delivery.Lists;

/// <summary>
/// An entry of an allow or block list: <c>ann@far.example</c>, <c>far.example</c> (and all below it), <c>ip:192.0.2.0/24</c>, or a pattern such
/// as <c>news-*@far.example</c>, in which <c>*</c> is any text and <c>?</c> one character; a pattern without @ is one of domains.
/// </summary>
public sealed class SenderEntry
{
    /// <summary>Most wildcards in a pattern.</summary>
    public const int MaxWildcards = 8;

    // An address has 64 + 1 + 255.
    private const int MaxPattern = 320;

    // So many letters and digits have to be given: "*@*" and "?*" are no senders.
    private const int LeastGiven = 2;

    // A shorter prefix is half the world.
    private const int ShortestV4 = 8;
    private const int ShortestV6 = 16;

    private SenderEntry(string text) => Text = text;

    /// <summary>Its comparable form: lower case, domains in A-labels. Two entries with the same text are the same.</summary>
    public string Text { get; }

    /// <summary>Whether it has wildcards: such entries are tried one by one.</summary>
    public bool IsPattern { get; private init; }

    internal IPNetwork? Network { get; private init; }

    internal EmailAddress Address { get; private init; }

    /// <summary>The entry of one address.</summary>
    public static SenderEntry Of(EmailAddress address) =>
        new(address.WithLocalPart(address.LocalPart.ToLowerInvariant()).ToString()) { Address = address };

    /// <summary>Reads an entry.</summary>
    /// <param name="text">As somebody wrote it.</param>
    /// <param name="entry">The entry.</param>
    /// <param name="mistake">What is wrong, and what would be right.</param>
    public static bool TryRead(
        string text,
        [NotNullWhen(true)] out SenderEntry? entry,
        [NotNullWhen(false)] out string? mistake
    )
    {
        ArgumentNullException.ThrowIfNull(text);
        (entry, mistake) = (null, null);
        if (text.StartsWith("ip:", StringComparison.OrdinalIgnoreCase))
            return TryReadNetwork(text, out entry, out mistake);
        if (text.AsSpan().ContainsAny('*', '?') || text.StartsWith('@'))
            return TryReadPattern(text, out entry, out mistake);
        if (text.Contains('@', StringComparison.Ordinal))
        {
            if (EmailAddress.TryParse(text, out var address))
                entry = Of(address);
        }
        else if (DomainName.TryParse(text, out var domain) && !domain.IsAddressLiteral)
        {
            entry = new SenderEntry(domain.Ascii);
        }

        if (entry is null)
            mistake = $"'{text}' is no sender: write user@example.org, example.org, *@example.org or ip:192.0.2.0/24";
        return entry is not null;
    }

    private static bool TryReadNetwork(
        string text,
        [NotNullWhen(true)] out SenderEntry? entry,
        [NotNullWhen(false)] out string? mistake
    )
    {
        (entry, mistake) = (null, null);
        if (!IPAddresses.TryReadNetwork(text["ip:".Length..], out var network))
            mistake = $"'{text}' is no network: write ip:192.0.2.7 or ip:192.0.2.0/24";
        else if (
            network.PrefixLength
            < (network.BaseAddress.AddressFamily == AddressFamily.InterNetwork ? ShortestV4 : ShortestV6)
        )
            mistake = $"'{text}' is too large a network: the prefix has /{ShortestV4} at least, for IPv6 /{ShortestV6}";
        else
            entry = new SenderEntry($"ip:{network}") { Network = network };
        return entry is not null;
    }

    private static bool TryReadPattern(
        string text,
        [NotNullWhen(true)] out SenderEntry? entry,
        [NotNullWhen(false)] out string? mistake
    )
    {
        (entry, mistake) = (null, null);
        var pattern = (text.StartsWith('@') ? "*" + text : text).ToLowerInvariant();
        if (pattern.Length > MaxPattern)
            mistake = $"an entry with wildcards has at most {MaxPattern} characters";
        else if (pattern.Any(static c => c <= ' ' || c == '\u007F' || char.IsControl(c) || char.IsWhiteSpace(c)))
            mistake = "an entry has no blanks";
        else if (pattern.Count(static c => c is '*' or '?') > MaxWildcards)
            mistake = $"'{text}' has more than {MaxWildcards} wildcards";
        else if (pattern.Count(char.IsLetterOrDigit) < LeastGiven)
            mistake = $"'{text}' fits nearly every sender: give more of it";
        else
            entry = new SenderEntry(pattern) { IsPattern = true };
        return entry is not null;
    }
}
