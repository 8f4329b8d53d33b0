using Postreiter.Spam.Configuration;
using Postreiter.Spam.Functions;
using Postreiter.Spam.Mail;
using Postreiter.Spam.Uris;

namespace Postreiter.Spam.Rules;

/// <summary>The texts of a mail, for pattern rules.</summary>
/// <param name="facts">The mail and what functions made of it.</param>
internal sealed class MailTexts(MailFacts facts) : IRuleTexts
{
    private readonly Dictionary<string, List<string?>> _partHeaders = new(StringComparer.Ordinal);
    private ReadOnlyMemory<char>[]? _uris;

    /// <inheritdoc/>
    public IReadOnlyList<ReadOnlyMemory<char>> Body => facts.Body;

    /// <inheritdoc/>
    public IReadOnlyList<ReadOnlyMemory<char>> RawBody => facts.Mail.RawBody;

    /// <inheritdoc/>
    public ReadOnlyMemory<char> Full => facts.Mail.Full.AsMemory();

    /// <inheritdoc/>
    public IReadOnlyList<ReadOnlyMemory<char>> Uris =>
        _uris ??= [.. facts.Uris.Canonical.Select(static uri => uri.AsMemory())];

    /// <inheritdoc/>
    public IReadOnlyList<FoundUri> FoundUris => facts.Uris.All;

    /// <inheritdoc/>
    public string? Header(RuleHeader header) => MailHeaders.Of(facts.Mail, header);

    /// <inheritdoc/>
    public string? Header(RuleHeader header, HeaderForm form) => facts.Mail.Header(header.Name, form);

    /// <inheritdoc/>
    public IEnumerable<string?> PartHeaders(RuleHeader header)
    {
        if (!_partHeaders.TryGetValue(header.Full, out var values))
            _partHeaders.Add(header.Full, values = [.. ReadPartHeaders(header)]);
        return values;
    }

    private IEnumerable<string?> ReadPartHeaders(RuleHeader header)
    {
        var isRaw = header.Modifiers.Contains("raw", StringComparer.OrdinalIgnoreCase);
        foreach (var part in facts.Mail.Parts)
        {
            // A part whose type is no type at all is no part to the original.
            if (part.Type.Length > 0)
                yield return header.Name == "ALL" ? All(part, isRaw) : Last(part, header.Name, isRaw);
        }
    }

    /// <inheritdoc/>
    public IReadOnlyList<string> Tag(string name) => facts.Tag(name);

    private static string? Last(MimePart part, string name, bool isRaw) =>
        part.HeaderValues(name, isRaw) is [.., var last] ? last : null;

    private static string All(MimePart part, bool isRaw)
    {
        // In order of the first field of each name; the fields of one name keep their places.
        var values = new Dictionary<string, Queue<string>>(StringComparer.OrdinalIgnoreCase);
        var all = new System.Text.StringBuilder();
        foreach (var name in part.HeaderNames)
        {
            if (!values.TryGetValue(name, out var left))
                values.Add(name, left = new Queue<string>(part.HeaderValues(name, isRaw)));
            if (left.TryDequeue(out var value))
                all.Append(name).Append(": ").Append(value);
        }
        return all.ToString();
    }
}
