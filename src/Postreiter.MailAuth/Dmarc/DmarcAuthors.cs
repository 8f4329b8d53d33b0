using System.Text;
using Postreiter.Core;

namespace Postreiter.MailAuth.Dmarc;

/// <summary>Whose mail it says it is: the domains of the From fields.</summary>
/// <param name="Fields">How many From fields there are.</param>
/// <param name="Domains">The domains in them, each once, in their order; at most <see cref="MaxDomains"/> and one more.</param>
/// <param name="IsReadable">Whether every address in them names a domain.</param>
/// <remarks>
/// Read warily: whatever a reader of mail may take for an author counts. In an element of the list the text in angle brackets
/// does, all of it where there are several; only without brackets the text itself.
/// </remarks>
public sealed record DmarcAuthors(int Fields, IReadOnlyList<string> Domains, bool IsReadable)
{
    /// <summary>Domains that are evaluated; more are abuse.</summary>
    public const int MaxDomains = 10;

    /// <summary>Reads them from a header section: fields with CRLF or LF, with or without the empty line.</summary>
    public static DmarcAuthors Read(ReadOnlySpan<byte> header)
    {
        var (fields, isReadable) = (0, true);
        var domains = new List<string>();
        while (!header.IsEmpty)
        {
            var field = header[..FieldEnd(header)];
            header = header[field.Length..];
            if (field is [(byte)'\n', ..] or [(byte)'\r', (byte)'\n', ..])
                break;
            var colon = field.IndexOf((byte)':');
            if (colon < 0 || !Ascii.EqualsIgnoreCase(field[..colon].TrimEnd(" \t"u8), "from"u8))
                continue;
            fields++;
            isReadable &= AuthorList.TryRead(Encoding.UTF8.GetString(field[(colon + 1)..]), domains, MaxDomains + 1);
        }

        return new DmarcAuthors(fields, domains, isReadable && domains.Count > 0);
    }

    /// <summary>One field with one good domain, for callers that have read it themselves.</summary>
    public static DmarcAuthors Of(DomainName domain) => new(1, [domain.Ascii], IsReadable: true);

    private static int FieldEnd(ReadOnlySpan<byte> header)
    {
        for (var at = 0; ; )
        {
            var line = header[at..].IndexOf((byte)'\n');
            if (line < 0)
                return header.Length;
            at += line + 1;
            // An empty line is a field of its own here: it ends the section.
            if (
                at >= header.Length
                || header[at] is not ((byte)' ' or (byte)'\t')
                || header[..at] is [(byte)'\n'] or [(byte)'\r', (byte)'\n']
            )
                return at;
        }
    }
}
