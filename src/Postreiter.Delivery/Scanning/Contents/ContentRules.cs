namespace Postreiter.Delivery.Scanning.Contents;

/// <summary>What a rule about contents does with a message.</summary>
public enum ContentAction
{
    /// <summary>Nothing.</summary>
    Pass,

    /// <summary>It is taken, and a field says what was found.</summary>
    Mark,

    /// <summary>It is taken and kept apart, in the quarantine.</summary>
    Quarantine,

    /// <summary>It is refused with 554 5.7.1.</summary>
    Refuse,
}

/// <summary>What there is a rule about.</summary>
public enum ContentRule
{
    /// <summary>A program or a script, by its content or by its name.</summary>
    Executable,

    /// <summary>A name that hides what the file is: <c>invoice.pdf.exe</c>, or with characters that turn it around.</summary>
    HiddenExtension,

    /// <summary>Macros in a document.</summary>
    Macros,

    /// <summary>An archive or document that only a password opens.</summary>
    Encrypted,

    /// <summary>An archive that cannot be looked into: damaged, in parts, or packed in a way that is not known here.</summary>
    Unreadable,

    /// <summary>An archive past a limit: too deep, too many files, too large (L16).</summary>
    Oversize,

    /// <summary>A type of file that the settings name.</summary>
    Listed,
}

/// <summary>What becomes of messages by what is in them, and how far archives are looked into (L16).</summary>
public sealed record ContentRules
{
    /// <summary>Programs and scripts. Default refuse.</summary>
    public ContentAction Executables { get; init; } = ContentAction.Refuse;

    /// <summary>Names that hide what a file is. Default refuse.</summary>
    public ContentAction HiddenExtensions { get; init; } = ContentAction.Refuse;

    /// <summary>Macros. Default mark.</summary>
    public ContentAction Macros { get; init; } = ContentAction.Mark;

    /// <summary>What only a password opens. Default mark.</summary>
    public ContentAction Encrypted { get; init; } = ContentAction.Mark;

    /// <summary>What cannot be looked into. Default mark.</summary>
    public ContentAction Unreadable { get; init; } = ContentAction.Mark;

    /// <summary>What is past a limit. Default quarantine.</summary>
    public ContentAction Oversize { get; init; } = ContentAction.Quarantine;

    /// <summary>Files of <see cref="Types"/>. Default refuse.</summary>
    public ContentAction Listed { get; init; } = ContentAction.Refuse;

    /// <summary>Extensions without the dot, lower case; they hold for what files are, whatever they are called, where that can be told.</summary>
    public IReadOnlyList<string> Types { get; init; } = ["ace", "img", "iso", "one", "vhd", "vhdx"];

    /// <summary>How deep archives may be in archives. Default 16.</summary>
    public int MaxDepth { get; init; } = 16;

    /// <summary>Most files in a message, those in archives included. Default 10,000.</summary>
    public int MaxFiles { get; init; } = 10_000;

    /// <summary>Most octets unpacked of one message. What is slow to unpack counts several times. Default 400 MiB.</summary>
    public long MaxUnpacked { get; init; } = 400L << 20;

    /// <summary>Largest file in an archive, in octets. Default 100 MiB.</summary>
    public long MaxFile { get; init; } = 100L << 20;

    /// <summary>How many times as large as packed a file may be, once it is above 10 MiB. Default 200.</summary>
    public int MaxRatio { get; init; } = 200;

    /// <summary>Longest time for one message (L16). Default 20 s.</summary>
    public TimeSpan Budget { get; init; } = TimeSpan.FromSeconds(20);

    /// <summary>Whether anything is looked for at all.</summary>
    public bool IsInForce =>
        (Executables, HiddenExtensions, Macros, Encrypted, Unreadable, Oversize, Listed)
        != (default, default, default, default, default, default, default);

    /// <summary>What is done for a rule.</summary>
    public ContentAction For(ContentRule rule) =>
        rule switch
        {
            ContentRule.Executable => Executables,
            ContentRule.HiddenExtension => HiddenExtensions,
            ContentRule.Macros => Macros,
            ContentRule.Encrypted => Encrypted,
            ContentRule.Unreadable => Unreadable,
            ContentRule.Oversize => Oversize,
            _ => Listed,
        };
}

/// <summary>One thing that was found in a message.</summary>
/// <param name="Rule">By which rule.</param>
/// <param name="File">The file's name, with those of the archives it is in. Printable ASCII, at most 200 characters.</param>
/// <param name="Detail">What it is. Printable ASCII.</param>
public sealed record ContentFinding(ContentRule Rule, string File, string Detail);
