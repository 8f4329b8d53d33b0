using Postreiter.Spam.Configuration;
using Postreiter.Spam.Mail;
using Postreiter.Spam.Patterns;
using Postreiter.Spam.Senders;
using Postreiter.Spam.Uris;

namespace Postreiter.Spam.Functions;

/// <summary>What the rule functions share about one mail. One thread at a time.</summary>
/// <param name="mail">The mail.</param>
/// <param name="ruleset">The ruleset in force.</param>
/// <param name="settings">Its settings, with the user's preferences laid over them.</param>
public sealed partial class MailFacts(SpamMail mail, Ruleset ruleset, Settings settings)
{
    private readonly Dictionary<Type, object> _shared = [];
    private IReadOnlyList<ReadOnlyMemory<char>>? _body;
    private MailUris? _uris;
    private readonly Dictionary<string, string> _descriptions = new(StringComparer.Ordinal);

    /// <summary>The mail.</summary>
    public SpamMail Mail { get; } = mail;

    /// <summary>The ruleset in force.</summary>
    public Ruleset Ruleset { get; } = ruleset;

    /// <summary>Settings and lists, with the user's preferences.</summary>
    public Settings Settings { get; } = settings;

    /// <summary>The user's preferences; null = the site's alone.</summary>
    public UserPreferences? User { get; init; }

    /// <summary>What is registered under which domain; made of the settings.</summary>
    public required RegisteredDomains Domains { get; init; }

    /// <summary>
    /// Lines of `body`, as the rules see them. A function may put others in their place (check_freemail_replyto takes addresses out of
    /// them): rules that run later then see those.
    /// </summary>
    public IReadOnlyList<ReadOnlyMemory<char>> Body
    {
        get => _body ?? Mail.Body;
        set => _body = value;
    }

    /// <summary>The URIs of the mail, found in the body before any function changed it.</summary>
    public MailUris Uris =>
        _uris ??= MailUris.Find(
            Mail.Body,
            Mail.Html.SelectMany(static html => html.Links)
                .Select(static link => new UriLink(
                    link.Value.Text,
                    link.Types,
                    link.AnchorTexts,
                    link.Value.IsCharacters
                ))
                .Concat(PdfLinks()),
            Mail.HeaderValues("DKIM-Signature").Concat(Mail.HeaderValues("DomainKey-Signature")),
            Domains,
            Settings
        );

    // Links of attached PDF files, where that plugin is loaded.
    private IEnumerable<UriLink> PdfLinks() =>
        Ruleset.Plugins.Contains("PDFInfo")
            ? PdfFacts.Of(this).Links.Select(static link => new UriLink(link, ["parsed"], []))
            : [];

    /// <summary>What time it is: rules may ask how old a mail is.</summary>
    public TimeProvider Time { get; init; } = TimeProvider.System;

    /// <summary>Whether rules may ask the network.</summary>
    public bool IsNetworkWanted { get; init; }

    private SenderResults? _senders;

    /// <summary>What is known of the sender; null where nobody asked. To be set before the scan.</summary>
    public SenderResults? Senders
    {
        get => _senders;
        set
        {
            _senders = value;
            foreach (var (name, values) in SenderTags.Of(value))
                SetTag(name, values);
        }
    }

    /// <summary>Texts that functions added to the descriptions of rules, by rule name.</summary>
    public IReadOnlyDictionary<string, string> Descriptions => _descriptions;

    /// <summary>Something computed once a mail, by the first that asks for it.</summary>
    /// <typeparam name="T">Its type, which also is its key.</typeparam>
    public T Shared<T>(Func<MailFacts, T> compute)
        where T : class
    {
        ArgumentNullException.ThrowIfNull(compute);
        if (!_shared.TryGetValue(typeof(T), out var value))
            _shared[typeof(T)] = value = compute(this);
        return (T)value;
    }

    private readonly List<string> _furtherHits = [];

    /// <summary>Steps that patterns of the rule that calls may still take; 0 = they were not enough.</summary>
    internal int PatternSteps = PatternRun.DefaultSteps;

    /// <summary>Makes another rule hit than the one that calls, e.g. one that is only declared.</summary>
    /// <param name="rule">Its name; nothing happens when no such rule runs.</param>
    public void HitToo(string rule) => _furtherHits.Add(rule);

    internal IReadOnlyList<string> TakeFurtherHits()
    {
        if (_furtherHits.Count == 0)
            return [];
        string[] taken = [.. _furtherHits];
        _furtherHits.Clear();
        return taken;
    }

    private readonly Dictionary<string, IReadOnlyList<string>> _tags = new(StringComparer.Ordinal);

    /// <summary>Values of report tags that functions set (`FREEMAILFROM`, …), by name.</summary>
    public IReadOnlyDictionary<string, IReadOnlyList<string>> Tags => _tags;

    /// <summary>Sets a report tag.</summary>
    public void SetTag(string name, params IReadOnlyList<string> values) => _tags[name] = values;

    /// <summary>The values of a report tag; empty = not set.</summary>
    public IReadOnlyList<string> Tag(string name) => _tags.TryGetValue(name, out var values) ? values : [];

    internal void Describe(Rule rule, string text) =>
        _descriptions[rule.Name] = _descriptions.TryGetValue(rule.Name, out var known) ? known + text : text;
}
