namespace Postreiter.Imap.Syntax;

/// <summary>Options of LIST (RFC 9051 §6.3.9.1, §6.3.9.2, RFC 6154 §2).</summary>
[Flags]
internal enum ListOptions
{
    None = 0,
    Subscribed = 1,
    SpecialUse = 2,

    /// <summary>Selection only. We have no remote mailboxes, so it changes nothing.</summary>
    Remote = 4,

    /// <summary>Selection only.</summary>
    RecursiveMatch = 8,

    /// <summary>Return only.</summary>
    Children = 16,
}

/// <summary>The arguments of LIST.</summary>
/// <param name="Select">Which mailboxes.</param>
/// <param name="Reference">Put before each pattern; still encoded.</param>
/// <param name="Patterns">At least one; still encoded.</param>
/// <param name="Return">What is told of them.</param>
/// <param name="Status">Items of STATUS to be told of each; may be empty.</param>
/// <param name="IsExtended">The extended syntax was used.</param>
internal sealed record ListRequest(
    ListOptions Select,
    byte[] Reference,
    IReadOnlyList<byte[]> Patterns,
    ListOptions Return,
    IReadOnlyList<StatusItem> Status,
    bool IsExtended
)
{
    private const int MaxOptions = 20;

    /// <summary>Reads the arguments from the space before the first to the end.</summary>
    public static bool TryRead(ImapReader args, out ListRequest request)
    {
        request = new ListRequest(ListOptions.None, [], [], ListOptions.None, [], false);
        var (select, isExtended) = (ListOptions.None, false);
        if (!args.TrySpace())
            return false;
        if (args.Peek == '(')
        {
            isExtended = true;
            if (!TrySelect(args, out select) || !args.TrySpace())
                return false;
        }

        if (!args.TryAstring(out var reference) || !args.TrySpace())
            return false;
        isExtended |= args.Peek == '(';
        if (!TryPatterns(args, out var patterns))
            return false;
        var (returns, status) = (ListOptions.None, new List<StatusItem>());
        if (args.TrySpace())
        {
            isExtended = true;
            if (!args.TryKeyword("RETURN"u8) || !args.TrySpace() || !TryReturn(args, out returns, status))
                return false;
        }

        request = new ListRequest(select, reference, patterns, returns, status, isExtended);
        return args.AtEnd;
    }

    private static bool TrySelect(ImapReader args, out ListOptions options)
    {
        options = ListOptions.None;
        if (!args.TryOpen())
            return false;
        for (var count = 0; !args.TryClose(); count++)
        {
            if (count == MaxOptions || (count > 0 && !args.TrySpace()))
                return false;
            if (args.TryKeyword("SUBSCRIBED"u8))
                options |= ListOptions.Subscribed;
            else if (args.TryKeyword("REMOTE"u8))
                options |= ListOptions.Remote;
            else if (args.TryKeyword("RECURSIVEMATCH"u8))
                options |= ListOptions.RecursiveMatch;
            else if (args.TryKeyword("SPECIAL-USE"u8))
                options |= ListOptions.SpecialUse;
            else
                return false;
        }

        // RFC 9051 §6.3.9.1: RECURSIVEMATCH needs something to match; the grammar has SUBSCRIBED only.
        return !options.HasFlag(ListOptions.RecursiveMatch) || options.HasFlag(ListOptions.Subscribed);
    }

    private static bool TryPatterns(ImapReader args, out List<byte[]> patterns)
    {
        patterns = [];
        var isList = args.TryOpen();
        do
        {
            if (patterns.Count == ListPattern.MaxPatterns)
                return args.Exceeds("L24");
            if (!args.TryListMailbox(out var pattern))
                return false;
            patterns.Add(pattern);
        } while (isList && args.TrySpace());
        return !isList || args.TryClose();
    }

    private static bool TryReturn(ImapReader args, out ListOptions options, List<StatusItem> status)
    {
        options = ListOptions.None;
        if (!args.TryOpen())
            return false;
        for (var count = 0; !args.TryClose(); count++)
        {
            if (count == MaxOptions || (count > 0 && !args.TrySpace()))
                return false;
            if (args.TryKeyword("SUBSCRIBED"u8))
                options |= ListOptions.Subscribed;
            else if (args.TryKeyword("CHILDREN"u8))
                options |= ListOptions.Children;
            else if (args.TryKeyword("SPECIAL-USE"u8))
                options |= ListOptions.SpecialUse;
            // RFC 5819 §2.
            else if (!args.TryKeyword("STATUS"u8) || !args.TrySpace() || !StatusItems.TryRead(args, status))
                return false;
        }

        return true;
    }
}
