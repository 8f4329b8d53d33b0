using Postreiter.Spam.Configuration;
using Postreiter.Spam.Network;

namespace Postreiter.Spam.Functions;

/// <content>What rules ask the DNS, and what they found.</content>
public sealed partial class MailFacts
{
    private const int MostDetails = 20;
    private const int LongestDetail = 1000;
    private readonly Dictionary<string, List<string>> _details = new(StringComparer.Ordinal);

    /// <summary>Asks the DNS for this mail; null = nothing is asked.</summary>
    internal MailLookups? Lookups { get; set; }

    /// <summary>What a rule found in this mail, for its lines in reports.</summary>
    internal IReadOnlyList<string> Details(string rule) => _details.TryGetValue(rule, out var found) ? found : [];

    /// <summary>Notes what a rule found, e.g. `192.0.2.7 listed in zen.example`; strangers may have written it.</summary>
    internal void Log(Rule rule, string text)
    {
        if (rule.IsSub || text.Length == 0)
            return;
        if (!_details.TryGetValue(rule.Name, out var found))
            _details.Add(rule.Name, found = []);
        if (found.Count >= MostDetails)
            return;
        if (rule.Flags.Has("nolog"))
            text = "*REDACTED*";
        text = text.Length > LongestDetail ? text[..LongestDetail] : text;
        found.Add(Printed(text));
    }

    /// <summary>A stranger's text for reports, which stand in headers too: no line ends there but ours.</summary>
    internal static string Printed(string text) =>
        string.Create(
            text.Length,
            text,
            static (to, from) =>
            {
                for (var i = 0; i < to.Length; i++)
                    to[i] = from[i] is < ' ' or '\x7F' ? ' ' : from[i];
            }
        );

    /// <summary>A rule hits, with what it found.</summary>
    internal void Hit(Rule rule, string detail)
    {
        Log(rule, detail);
        HitToo(rule.Name);
    }
}
