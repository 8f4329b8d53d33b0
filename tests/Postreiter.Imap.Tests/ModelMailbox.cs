namespace Postreiter.Imap.Tests;

/// <summary>A mailbox as RFC 9051 has it: messages with UIDs that ascend and are never used again.</summary>
internal sealed class ModelMailbox(string name)
{
    public string Name => name;

    public uint Next { get; private set; } = 1;

    public SortedDictionary<uint, Message> Messages { get; } = [];

    public uint Add(string text, IEnumerable<string> flags)
    {
        Messages.Add(Next, new Message(text, new SortedSet<string>(flags, StringComparer.Ordinal)));
        return Next++;
    }

    public sealed record Message(string Text, SortedSet<string> Flags);

    /// <summary>What a step does.</summary>
    public enum Verb
    {
        Append,
        Select,
        Examine,
        Noop,
        Check,
        Store,
        StoreSilent,
        UidStore,
        FetchAll,
        FetchText,
        FetchPeek,
        UidFetch,
        Search,
        UidSearch,
        Expunge,
        UidExpunge,
        Copy,
        UidCopy,
        Move,
        UidMove,
        Close,
        Unselect,
        Idle,
    }

    /// <summary>A step of a history; the numbers are taken modulo what there is.</summary>
    public sealed record Step(int Who, Verb What, int A, int B);
}
