using Postreiter.Spam.Mail;

namespace Postreiter.Spam.Functions;

/// <summary>
/// The addresses in the body of a mail. Looking for them changes the body for the rules that run later, as in SpamAssassin: URLs with an
/// at sign and addresses that are labelled or in brackets become a blank.
/// </summary>
internal sealed class FreeMailBody
{
    private const int MostLinks = 20;
    private const int MostFound = 40;

    private readonly IDomainBoundaries _domains;
    private readonly HashSet<string> _seen = new(StringComparer.Ordinal);
    private readonly List<string> _addresses = [];

    private FreeMailBody(MailFacts facts)
    {
        _domains = facts.Domains;
        ReadLinks(facts);
        facts.Body = ReadText(facts.Body);
        var lists = FreeMailLists.Of(facts.Settings);
        var mostAddresses = facts.Settings.Number("freemail_max_body_emails");
        var mostFree = facts.Settings.Number("freemail_max_body_freemails");
        var gives = facts.Settings.Number("freemail_skip_when_over_max") != 0;
        var free = new List<string>();
        for (var i = 0; i < _addresses.Count; i++)
        {
            IsSkipped |= gives && i + 1 == mostAddresses;
            if (IsSkipped)
                break;
            if (!lists.Has(_addresses[i]))
                continue;
            IsSkipped |= gives && free.Count + 1 == mostFree;
            if (IsSkipped)
                break;
            free.Add(_addresses[i]);
        }

        Free = free;
    }

    /// <summary>Whether there are so many addresses that they say nothing.</summary>
    public bool IsSkipped { get; }

    /// <summary>Those that anybody can get, in lower case.</summary>
    public IReadOnlyList<string> Free { get; }

    /// <summary>The body of a mail; the first that asks changes it.</summary>
    public static FreeMailBody Of(MailFacts facts) => facts.Shared(static f => new FreeMailBody(f));

    private void Add(ReadOnlySpan<char> address)
    {
        var lower = Octets.Lower(address.ToString());
        if (_seen.Add(lower))
            _addresses.Add(lower);
    }

    private void ReadLinks(MailFacts facts)
    {
        const string Scheme = "mailto:";
        foreach (var uri in facts.Uris.All)
        {
            if (_addresses.Count >= MostLinks)
                return;
            if (
                uri.Types.Contains("a")
                && !uri.Types.Contains("parsed")
                && uri.Raw.StartsWith(Scheme, StringComparison.OrdinalIgnoreCase)
                && EmailText.EndFrom(uri.Raw, Scheme.Length, _domains) is > 0 and var end
            )
                Add(uri.Raw.AsSpan(Scheme.Length, end - Scheme.Length));
        }
    }

    private List<ReadOnlyMemory<char>> ReadText(IReadOnlyList<ReadOnlyMemory<char>> body)
    {
        var lines = body.ToList();
        for (var i = 0; i < lines.Count; i++)
        {
            // What is blanked and what is found has an at sign or its code.
            if (!lines[i].Span.Contains('@') && !lines[i].Span.Contains("%40", StringComparison.Ordinal))
                continue;
            lines[i] = WithoutLabelled(QuotedAddresses.WithoutUrls(lines[i]));
            var text = lines[i].Span;
            for (var at = 0; EmailText.Next(text, at, _domains) is var (start, end); at = end)
            {
                Add(text[start..end]);
                if (_addresses.Count >= MostFound)
                    return lines;
            }
        }

        return lines;
    }

    // <address>, and "address Name:", unless the name says that a fax number or another address follows.
    private ReadOnlyMemory<char> WithoutLabelled(ReadOnlyMemory<char> line)
    {
        System.Text.StringBuilder? kept = null;
        var copied = 0;
        var at = 0;
        while (
            EmailText.Next(line.Span, at, _domains, start => !QuotedAddresses.IsMailto(line.Span, start))
                is var (start, end)
        )
        {
            var text = line.Span;
            var labelled = QuotedAddresses.LabelEnd(text, end);
            if (labelled == 0)
            {
                at = end;
                continue;
            }

            if (start > copied && text[start - 1] == '<')
                start--;
            (kept ??= new System.Text.StringBuilder()).Append(text[copied..start]).Append(' ');
            copied = at = labelled;
        }

        return kept is null ? line : kept.Append(line.Span[copied..]).ToString().AsMemory();
    }
}
