using System.Collections.Frozen;
using System.Runtime.CompilerServices;
using Postreiter.Spam.Configuration;
using Postreiter.Spam.Mail;

namespace Postreiter.Spam.Functions;

/// <summary>Which addresses anybody can get for nothing (`freemail_domains`). Made once for the settings of a ruleset.</summary>
internal sealed class FreeMailLists
{
    private static readonly ConditionalWeakTable<Settings, FreeMailLists> Made = [];

    private static readonly FunctionPattern Exempt = new(
        "^(?:abuse|support|sales|info|helpdesk|contact|kontakt|(?:post|host|domain)master|undisclosed[^\n]*|request-[a-f0-9]{16}|bounced?-"
            + "|[a-f0-9]{8}(?:\\.[a-f0-9]{8}|-[a-f0-9]{4}-[a-f0-9]{4}-[a-f0-9]{4}-[a-f0-9]{12})|[^\n]+=[^\n]+=[^\n]+)@",
        "i"
    );

    private readonly FrozenSet<string> _domains;
    private readonly FrozenSet<string> _welcome;
    private readonly FunctionPattern? _wildcards;
    private readonly AddressList[] _imported;

    private FreeMailLists(Settings settings)
    {
        var domains = settings
            .Words("freemail_domains")
            .Select(Octets.Lower)
            .Where(static word => word.All(static c => char.IsAsciiLetterOrDigit(c) || c is '.' or '*' or '?' or '-'))
            .ToLookup(static word => word.AsSpan().ContainsAny('*', '?'));
        _domains = domains[false].ToFrozenSet(StringComparer.Ordinal);
        _welcome = settings.Words("freemail_welcomelist").Select(Octets.Lower).ToFrozenSet(StringComparer.Ordinal);
        var wildcards = domains[true]
            .Select(static word =>
                FunctionPattern
                    .Quote(word)
                    .Replace("\\*", "[^.]*", StringComparison.Ordinal)
                    .Replace("\\?", ".", StringComparison.Ordinal)
            );
        if (domains[true].Any())
            _wildcards = new FunctionPattern($"@(?:{string.Join('|', wildcards)})$");
        IsAvailable = _domains.Count > 0 || _wildcards is not null;
        string[] lists = ["welcomelist_auth", "def_welcomelist_auth"];
        _imported =
        [
            .. lists.Where(list => settings.Number("freemail_import_" + list) != 0).Select(settings.Addresses),
        ];
    }

    /// <summary>Whether any domain is listed; else no function finds anything.</summary>
    public bool IsAvailable { get; }

    /// <summary>The lists of settings.</summary>
    public static FreeMailLists Of(Settings settings) => Made.GetValue(settings, static s => new FreeMailLists(s));

    /// <summary>Whether an address is one of them.</summary>
    /// <param name="address">In lower case.</param>
    public bool Has(string address)
    {
        if (address.Length == 0)
            return false;
        var domain = address[(address.LastIndexOf('@') + 1)..];
        if (!_domains.Contains(domain) && _wildcards?.IsMatch(address) != true)
            return false;
        return !_welcome.Contains(address)
            && !_welcome.Contains(domain)
            && !Exempt.IsMatch(address)
            && !Array.Exists(_imported, list => list.Matches(address));
    }
}
