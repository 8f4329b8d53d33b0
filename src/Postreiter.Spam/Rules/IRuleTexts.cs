using Postreiter.Spam.Configuration;
using Postreiter.Spam.Mail;
using Postreiter.Spam.Uris;

namespace Postreiter.Spam.Rules;

/// <summary>The texts of a mail that pattern rules look at; octets.</summary>
internal interface IRuleTexts
{
    /// <summary>A header as a rule asks for it, values joined; null = missing.</summary>
    string? Header(RuleHeader header);

    /// <summary>The same, with the modifiers read.</summary>
    string? Header(RuleHeader header, HeaderForm form) => Header(header);

    /// <summary>Lines of `body`, the subject first. A function may have changed them.</summary>
    IReadOnlyList<ReadOnlyMemory<char>> Body { get; }

    /// <summary>Pieces of `rawbody`.</summary>
    IReadOnlyList<ReadOnlyMemory<char>> RawBody { get; }

    /// <summary>The whole mail.</summary>
    ReadOnlyMemory<char> Full { get; }

    /// <summary>Canonical URIs.</summary>
    IReadOnlyList<ReadOnlyMemory<char>> Uris { get; }

    /// <summary>A header of each MIME part in turn; null where a part has none.</summary>
    IEnumerable<string?> PartHeaders(RuleHeader header);

    /// <summary>What is known of each URI.</summary>
    IReadOnlyList<FoundUri> FoundUris { get; }

    /// <summary>The values of a report tag, for templates in patterns; empty = unknown.</summary>
    IReadOnlyList<string> Tag(string name);
}
