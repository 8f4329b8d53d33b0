using Postreiter.Spam.Configuration;
using Postreiter.Spam.Patterns;

namespace Postreiter.Spam.Functions;

/// <summary>Functions of SpamAssassin's HashBL: lists in the DNS are asked for hashes of what stands in a mail.</summary>
/// <remarks>They return 0; a hit comes with the answer. Without a network they do nothing.</remarks>
internal static class HashBl
{
    private const string Standard = "sha1/max=10/shuffle";
    private const int MostMatches = 1000;

    /// <summary>Asks for mail addresses: list, options, headers (`ALLFROM/Reply-To/body`), test, the name of a `hashbl_acl_`.</summary>
    [RuleFunction("check_hashbl_emails", IsAwaited = true)]
    internal static int AskForAddresses(RuleCall call)
    {
        if (HashList.Of(call, "sha1/notag/noquote/max=10/shuffle", test: 3) is not { } list)
            return 0;
        var from = call.Argument(2) is { Length: > 0 } headers ? headers : "ALLFROM/Reply-To/body";
        return list.Ask(HashAddresses.Of(call, list.Options, from, call.Argument(4)));
    }

    /// <summary>Asks for the links of the mail and of its text: list, options, test.</summary>
    [RuleFunction("check_hashbl_uris", IsAwaited = true)]
    internal static int AskForUris(RuleCall call)
    {
        if (HashList.Of(call, Standard, test: 2) is not { } list || list.Options.Has("raw"))
            return 0;
        var uris = call.Facts.Uris.All.Where(uri =>
            !uri.Raw.StartsWith("mailto:", StringComparison.OrdinalIgnoreCase)
            && uri.Hosts.Count > 0
            && (uri.Types.Contains("a") || uri.Types.Contains("parsed"))
            && !uri.Hosts.Any(host =>
                UriListHosts.IsSkipped(call.Settings, host.Key) || UriListHosts.IsSkipped(call.Settings, host.Value)
            )
        );
        return list.Ask(uris.SelectMany(static uri => uri.Cleaned).Select(list.Options.Cased));
    }

    /// <summary>Asks for what the first group of a pattern finds: list, options, pattern, test. In `body`, `rawbody` and `full` rules.</summary>
    [RuleFunction("check_hashbl_bodyre", IsAwaited = true)]
    internal static int AskForMatches(RuleCall call)
    {
        if (
            HashList.Of(call, Standard, test: 3) is not { } list
            || call.Argument(2) is not { Length: > 0 }
            || call.Pattern(2) is not { } pattern
        )
            return 0;
        IReadOnlyList<ReadOnlyMemory<char>> texts = call.Rule.Kind switch
        {
            RuleKind.RawBodyFunction => call.Mail.RawBody,
            RuleKind.FullFunction => [call.Mail.Full.AsMemory()],
            _ => call.Facts.Body,
        };
        return list.Ask(
            Matches(pattern, texts)
                .Select(list.Options.Cased)
                .Select(match => list.Options.Has("num") ? string.Concat(match.Where(char.IsAsciiDigit)) : match)
                .Where(static match => match.Length > 0)
        );
    }

    /// <summary>Asks for the values of a report tag, when it has some: list, options, tag, test.</summary>
    [RuleFunction("check_hashbl_tag", IsAwaited = true)]
    internal static int AskForTag(RuleCall call)
    {
        if (HashList.Of(call, Standard, test: 3) is not { } list || call.Argument(2) is not { Length: > 0 } name)
            return 0;
        var tag = Glob.ToUpper(name is ['_', .. var inner, '_'] ? inner : name);
        call.Facts.Lookups!.When(() =>
        {
            if (MailTags.Of(call.Facts, tag) is not { Count: > 0 } values)
                return false;
            list.Ask(values.Select(value => HashTagValue.Of(value, list.Options, call.Facts)).OfType<string>());
            return true;
        });
        return 0;
    }

    /// <summary>Asks for the contents of the parts: list, options (`minsize=`, `maxsize=`), test.</summary>
    [RuleFunction("check_hashbl_attachments", IsAwaited = true)]
    internal static int AskForParts(RuleCall call)
    {
        if (HashList.Of(call, Standard, test: 2) is not { } list || list.Options.Has("raw"))
            return 0;
        var (least, most) = (list.Options.Number("minsize"), list.Options.Number("maxsize"));
        var parts = call.Mail.Leaves.Where(part =>
            part.Decoded is { Length: > 0 } content
            && content.Length >= least
            && (most == 0 || content.Length <= most)
            && !HashList.Ignores(call.Settings, part.Type)
            && !HashList.Ignores(call.Settings, part.Name ?? "")
        );
        return list.Ask(
            parts.Take(MostMatches).Select(part => list.Options.Hash(part.Decoded!)).Take(list.Options.Most),
            areHashes: true
        );
    }

    // What the first group finds, in all texts together with the steps of one rule.
    private static List<string> Matches(OctetPattern pattern, IReadOnlyList<ReadOnlyMemory<char>> texts)
    {
        var found = new List<string>();
        var steps = PatternRun.DefaultSteps;
        foreach (var text in texts)
        {
            using var run = new PatternRun(pattern.GroupProgram, text.Span, steps);
            while (found.Count < MostMatches && run.Next())
            {
                if (run.Group(1) is var (begin, end))
                    found.Add(text.Span[begin..end].ToString());
            }
            steps = run.StepsLeft;
            if (steps == 0 || found.Count == MostMatches)
                break;
        }
        return found;
    }
}
