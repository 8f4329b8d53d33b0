using Postreiter.Storage.Mail;

namespace Postreiter.Imap.Commands;

/// <summary>What a user says of messages by moving or marking them: true spam, false good mail, null nothing.</summary>
internal static class JunkJudgement
{
    // $Junk and $NotJunk are registered (IANA, IMAP and JMAP keywords); Thunderbird and Apple Mail write the others.
    private static readonly string[] Spam = ["$Junk", "Junk"];
    private static readonly string[] Good = ["$NotJunk", "NotJunk", "NonJunk"];

    /// <summary>Into Junk, or out of it. Who throws spam away does not say that it is none.</summary>
    public static bool? OfTransfer(SpecialUse from, SpecialUse to) =>
        from == to ? null
        : to == SpecialUse.Junk ? true
        : from == SpecialUse.Junk && to != SpecialUse.Trash ? false
        : null;

    /// <summary>A keyword that is set. One that is taken off says nothing, for programs do so before they set the other.</summary>
    public static bool? OfFlags(FlagChange change)
    {
        if (change.Kind == FlagChangeKind.Remove)
            return null;
        var isSpam = Has(change, Spam);
        return isSpam == Has(change, Good) ? null : isSpam;
    }

    private static bool Has(FlagChange change, string[] names) =>
        change.Flags.Keywords.Any(keyword => names.Contains(keyword, StringComparer.OrdinalIgnoreCase));
}
