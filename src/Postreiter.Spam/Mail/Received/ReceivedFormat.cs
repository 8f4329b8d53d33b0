namespace Postreiter.Spam.Mail.Received;

/// <summary>What a format makes of a line that it fits.</summary>
internal enum Reading
{
    /// <summary>The line is not of this format.</summary>
    Other,

    /// <summary>The line names a relay.</summary>
    Relay,

    /// <summary>The line is about a handover that says nothing of the network.</summary>
    Ignore,

    /// <summary>A fetcher took the mail from a mailbox here: what the lines above said is of no more interest.</summary>
    Fetcher,
}

/// <summary>One format: its shape, what a line must hold for it to be tried, and what is done with the fields afterwards.</summary>
internal sealed record ReceivedFormat(ReceivedPattern? Pattern, Reading Reading = Reading.Relay)
{
    /// <summary>Tried only on lines that hold this.</summary>
    public string? Needs { get; init; }

    /// <summary>Whether the shape may stand anywhere in the line.</summary>
    public bool Anywhere { get; init; }

    /// <summary>Whether the servers that write this ask the DNS for the client's name.</summary>
    public bool LooksUpNames { get; init; }

    /// <summary>What the fields still need; false says that the line is not of this format after all.</summary>
    public Func<ReceivedLine, bool>? Then { get; init; }

    public Reading Read(ReceivedLine line)
    {
        if (Needs is not null && !line.Has(Needs))
            return Reading.Other;
        string?[]? before = null;
        if (Pattern is not null && !Pattern.Match(line, Anywhere, ref before, saves: Then is not null))
            return Reading.Other;
        if (Then is not null && !Then(line))
        {
            if (before is not null)
                line.Restore(before);
            return Reading.Other;
        }

        if (LooksUpNames)
            line.LooksUpNames = true;
        return Reading;
    }

    public static Reading ReadFirst(ReadOnlySpan<ReceivedFormat> formats, ReceivedLine line)
    {
        foreach (var format in formats)
        {
            if (format.Read(line) is var reading && reading != Reading.Other)
                return reading;
        }

        return Reading.Other;
    }
}
