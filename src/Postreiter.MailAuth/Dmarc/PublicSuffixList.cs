using System.Text;
using Postreiter.Core;

namespace Postreiter.MailAuth.Dmarc;

/// <summary>
/// The Public Suffix List: under which names registrants make domains of their own, and so which name is the organisation's
/// (RFC 7489 §3.2). Both sections of it count, as an owner below a private suffix is not the owner of the suffix.
/// </summary>
/// <remarks>Format: https://publicsuffix.org/list/. One list takes some 2 MB; it does not change once it is read.</remarks>
public sealed class PublicSuffixList
{
    /// <summary>Longest list in bytes that is read: 16 MiB.</summary>
    public const int MaxBytes = 16 << 20;

    private const string Resource = "Postreiter.MailAuth.Dmarc.public_suffix_list.dat";

    private static readonly Lazy<PublicSuffixList> LazyShipped = new(static () =>
    {
        using var stream =
            typeof(PublicSuffixList).Assembly.GetManifestResourceStream(Resource)
            ?? throw new InvalidOperationException($"{Resource} is not in the assembly");
        return Load(stream);
    });

    private readonly Dictionary<string, Rule> _rules;
    private readonly Dictionary<string, Rule>.AlternateLookup<ReadOnlySpan<char>> _lookup;
    private readonly int _maxLabels;

    private PublicSuffixList(Dictionary<string, Rule> rules)
    {
        _rules = rules;
        _lookup = rules.GetAlternateLookup<ReadOnlySpan<char>>();
        // A wildcard takes one label more than it is written with.
        _maxLabels = rules.Keys.Max(static name => name.AsSpan().Count('.')) + 2;
    }

    [Flags]
    private enum Rule
    {
        None = 0,

        /// <summary>The name is a public suffix.</summary>
        Suffix = 1,

        /// <summary>Every name directly below it is one.</summary>
        Wildcard = 2,

        /// <summary>It is none, whatever the wildcard says.</summary>
        Exception = 4,
    }

    /// <summary>The list that ships with the program; read at the first use.</summary>
    public static PublicSuffixList Shipped => LazyShipped.Value;

    /// <summary>Names the list speaks of.</summary>
    public int Count => _rules.Count;

    /// <summary>Reads a list from a file, for one newer than ours.</summary>
    /// <exception cref="InvalidDataException">A line is no rule, there is none at all, or the file is longer than <see cref="MaxBytes"/>.</exception>
    /// <exception cref="IOException">The file cannot be read.</exception>
    public static PublicSuffixList Load(string path)
    {
        using var stream = File.OpenRead(path);
        return Load(stream);
    }

    /// <summary>Reads a list: UTF-8, a rule a line.</summary>
    /// <exception cref="InvalidDataException">A line is no rule, there is none at all, or it is longer than <see cref="MaxBytes"/>.</exception>
    public static PublicSuffixList Load(Stream stream)
    {
        var rules = new Dictionary<string, Rule>(16_384, StringComparer.Ordinal);
        using var reader = new StreamReader(stream, Encoding.UTF8, leaveOpen: true);
        var (number, read) = (0, 0L);
        while (reader.ReadLine() is { } line)
        {
            number++;
            if ((read += line.Length + 1) > MaxBytes)
                throw new InvalidDataException($"The public suffix list is longer than {MaxBytes >> 20} MiB");
            // "Each line is only read up to the first whitespace."
            var rule = line.AsSpan().Trim();
            if (rule.IsEmpty || rule.StartsWith("//"))
                continue;
            if (rule.IndexOfAny(' ', '\t') is >= 0 and var space)
                rule = rule[..space];
            var kind = Rule.Suffix;
            // A wildcard alone is the rule for everything that is not listed; it holds without being said.
            if (rule is "*")
                continue;
            if (rule[0] == '!')
            {
                kind = Rule.Exception;
                rule = rule[1..];
            }
            else if (rule.StartsWith("*."))
            {
                kind = Rule.Wildcard;
                rule = rule[2..];
            }

            if (!DomainName.TryParse(rule, out var name) || name.IsAddressLiteral)
                throw new InvalidDataException($"Line {number} of the public suffix list is not a rule: '{line}'");
            rules[name.Ascii] = rules.GetValueOrDefault(name.Ascii) | kind;
        }

        return rules.Count > 0
            ? new PublicSuffixList(rules)
            : throw new InvalidDataException("The public suffix list has no rule");
    }

    /// <summary>The organisational domain: the public suffix and one label more (RFC 7489 §3.2).</summary>
    /// <param name="domain">A domain; U-labels, capitals and a trailing dot are fine.</param>
    /// <returns>In lower case and A-labels; null for a public suffix itself and for what is no domain.</returns>
    public string? OrganizationalDomain(string domain) =>
        DomainName.TryParse(domain, out var name) ? OrganizationalDomain(name)?.Ascii : null;

    /// <summary>As above, for a domain that is read already.</summary>
    public DomainName? OrganizationalDomain(DomainName domain)
    {
        if (domain.IsEmpty || domain.IsAddressLiteral)
            return null;
        var name = domain.Ascii.AsSpan();
        var suffix = SuffixStart(name);
        if (suffix == 0)
            return null;
        var start = name[..(suffix - 1)].LastIndexOf('.') + 1;
        return start == 0 ? domain : DomainName.Parse(domain.Ascii[start..]);
    }

    /// <summary>The public suffix of a domain; the domain itself where it is one.</summary>
    public DomainName? PublicSuffix(DomainName domain) =>
        domain.IsEmpty || domain.IsAddressLiteral ? null : DomainName.Parse(domain.Ascii[SuffixStart(domain.Ascii)..]);

    // From the right, for no rule is longer than a few labels whatever the length of the name. The longest rule prevails, an
    // exception over all; without any rule the last label is the suffix ("*").
    private int SuffixStart(ReadOnlySpan<char> name)
    {
        var best = name.LastIndexOf('.') + 1;
        var end = name.Length;
        for (var labels = 0; labels < _maxLabels && end > 0; labels++)
        {
            var start = name[..end].LastIndexOf('.') + 1;
            if (_lookup.TryGetValue(name[start..], out var rule))
            {
                if (rule.HasFlag(Rule.Exception))
                    return start + name[start..].IndexOf('.') + 1;
                if (rule.HasFlag(Rule.Suffix))
                    best = start;
                if (rule.HasFlag(Rule.Wildcard) && start > 0)
                    best = name[..(start - 1)].LastIndexOf('.') + 1;
            }

            end = start - 1;
        }

        return best;
    }
}
