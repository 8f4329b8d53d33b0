using Postreiter.Delivery.Quarantine;
using Postreiter.Delivery.Scanning.Contents;

namespace Postreiter.Tests.Hosting;

/// <content>Keys of what may be in mail.</content>
public sealed partial class ReloadTests
{
    private static readonly Dictionary<string, Change> ContentChanges = new(StringComparer.Ordinal)
    {
        ["content.executables"] = Contents("\"pass\"", r => r.Executables, "Refuse", "Pass"),
        ["content.hidden_extensions"] = Contents("\"pass\"", r => r.HiddenExtensions, "Refuse", "Pass"),
        ["content.macros"] = Contents("\"pass\"", r => r.Macros, "Mark", "Pass"),
        ["content.encrypted"] = Contents("\"pass\"", r => r.Encrypted, "Mark", "Pass"),
        ["content.unreadable"] = Contents("\"pass\"", r => r.Unreadable, "Mark", "Pass"),
        ["content.oversize"] = Contents("\"pass\"", r => r.Oversize, "Quarantine", "Pass"),
        ["content.listed"] = Contents("\"pass\"", r => r.Listed, "Refuse", "Pass"),
        ["content.types"] = Contents("[\"xyz\"]", r => r.Types[0], "ace", "xyz"),
        ["content.max_depth"] = Contents("7", r => r.MaxDepth, "16", "7"),
        ["content.max_files"] = Contents("7", r => r.MaxFiles, "10000", "7"),
        ["content.max_unpacked"] = Contents("\"7MiB\"", r => r.MaxUnpacked, "419430400", "7340032"),
        ["content.max_file"] = Contents("\"7MiB\"", r => r.MaxFile, "104857600", "7340032"),
        ["content.max_ratio"] = Contents("7", r => r.MaxRatio, "200", "7"),
        ["quarantine.keep"] = Quarantine("\"7d\"", o => o.Keep, "30.00:00:00", "7.00:00:00"),
        ["quarantine.max_size"] = Quarantine("\"7MiB\"", o => o.MaxBytes, "1073741824", "7340032"),
        ["quarantine.digest"] = Quarantine("\"06:30\"", o => $"{o.Digest:HH:mm}", "", "06:30"),
        ["spam.quarantine_at"] = Spam("7.5", o => o.QuarantineAt, "1000", "7.5"),
        ["virus.on_found"] = new(
            "\"quarantine\"",
            s => Part(s.Server.Parts.Rooms.Virus.Options.QuarantinesInfected),
            "False",
            "True"
        ),
    };

    private static Change Quarantine(string value, Func<QuarantineOptions, object> look, string before, string after) =>
        new(value, s => Part(look(s.Server.Parts.Rooms.Quarantine.Options)), before, after);

    private static Change Contents(string value, Func<ContentRules, object> look, string before, string after) =>
        new(value, s => Part(look(s.Server.Parts.Rooms.Contents.Rules)), before, after);
}
