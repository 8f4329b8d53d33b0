using Postreiter.Spam.Configuration;
using Postreiter.Spam.Rules;

namespace Postreiter.Spam.Scanning;

/// <summary>Plugins that a ruleset may load because its `ifplugin` blocks ask for them, and of which this engine has nothing else.</summary>
internal static class PluginCheck
{
    // A function of each, where it has any: a plugin whose functions are here is one.
    private static readonly (string Plugin, string? Function, string Consequence)[] NotHere =
    [
        ("ASN", "check_asn", "the networks of relays are not looked up; its tags stay empty and its rules never hit"),
        ("AWL", "check_from_in_auto_welcomelist", "senders have no history; its rule never hits"),
        ("AccessDB", "check_access_database", "no database of senders is asked; its rule never hits"),
        ("AuthRes", "check_authres_result", "its rules never hit; SPF, DKIM, ARC and DMARC have rules of their own"),
        ("DCC", "check_dcc", "that service is not asked; its rules never hit"),
        ("DecodeShortURLs", "short_url", "short links are not followed; its rules never hit"),
        ("ExtractText", null, "no text is taken out of attachments"),
        ("OLEVBMacro", "check_olemacro", "macros in documents are not looked at; its rules never hit"),
        ("PhishTag", null, "links stay as they are"),
        ("Phishing", "check_phishing", "no feed of phishing links is read; its rule never hits"),
        ("Pyzor", "check_pyzor", "that service is not asked; its rule never hits"),
        ("Razor2", "check_razor2", "that service is not asked; its rules never hit"),
        ("RelayCountry", null, "X-Relay-Countries and its tags stay empty"),
        ("SpamCop", null, "nothing is reported there"),
        ("TextCat", "check_language", "languages are not guessed; its rules never hit"),
        ("TxRep", "check_senders_reputation", "senders have no history; its rule never hits"),
        (
            "URILocalBL",
            "check_uri_local_bl",
            "its lists of countries and networks are not looked at; its rules never hit"
        ),
    ];

    /// <summary>What follows from each that is loaded, at the line that loads it.</summary>
    public static IEnumerable<ConfigurationWarning> Warnings(Ruleset ruleset)
    {
        foreach (var (plugin, function, consequence) in NotHere)
        {
            if (
                ruleset.PluginLines.TryGetValue(plugin, out var line)
                && (function is null || !RuleFunctions.All.ContainsKey(function))
            )
            {
                yield return new ConfigurationWarning(
                    line.File,
                    line.Line,
                    $"the plugin {plugin} is not here: {consequence}, and its settings do nothing",
                    IsError: false
                );
            }
        }
    }
}
