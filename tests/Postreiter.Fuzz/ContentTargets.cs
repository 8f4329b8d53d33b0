using Postreiter.Delivery.Scanning.Contents;

namespace Postreiter.Fuzz;

/// <summary>What is attached to messages: archives of all kinds, whole, damaged or lying.</summary>
internal static class ContentTargets
{
    private static readonly ContentRules Rules = new()
    {
        MaxUnpacked = 1 << 20,
        MaxFile = 256 << 10,
        MaxFiles = 100,
        MaxDepth = 4,
    };

    /// <summary>Whatever it is, it is looked at within the limits, and what was found is printable.</summary>
    public static void Attachment(byte[] input)
    {
        var walk = new ContentWalk(Rules, CancellationToken.None);
        walk.Look(new MemoryStream(input, writable: false), ["attachment"]);
        if (walk.Files > Rules.MaxFiles + 1)
            throw new InvalidOperationException("more files were looked at than allowed");
        foreach (var finding in walk.Findings)
        {
            if ((finding.File + finding.Detail).Any(static c => c is < ' ' or > '~'))
                throw new InvalidOperationException("what was found is not printable");
        }
    }
}
