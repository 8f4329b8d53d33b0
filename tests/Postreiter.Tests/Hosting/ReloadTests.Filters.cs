using System.Net;
using Postreiter.Delivery.Filtering;
using Postreiter.Hosting;

namespace Postreiter.Tests.Hosting;

/// <content>Keys of what looks into mail.</content>
public sealed partial class ReloadTests
{
    private static readonly IPEndPoint AnyPort = new(IPAddress.Loopback, 0);

    private static readonly Dictionary<string, Change> FilterChanges = new(StringComparer.Ordinal)
    {
        ["virus.scanners"] = new(
            "[\"clamd:/run/clamd\"]",
            s => Part(s.Server.Parts.Rooms.Virus.Chain!.Scanners.Count),
            "0",
            "1"
        ),
        ["virus.on_failure"] = new(
            "\"accept\"",
            s => Part(s.Server.Parts.Rooms.Virus.Options.DefersUnscanned),
            "True",
            "False"
        ),
        ["virus.on_failure_submission"] = new(
            "\"accept\"",
            s => Part(s.Server.Parts.Rooms.Virus.Options.DefersUnscannedBySubmission),
            "",
            "False"
        ),
        ["virus.on_failure_lmtp"] = new(
            "\"defer\"",
            s => Part(s.Server.Parts.Rooms.Virus.Options.DefersUnscannedByLmtp),
            "",
            "True"
        ),
        ["spam.on_failure_lmtp"] = Spam("\"defer\"", o => o.DefersUnscannedByLmtp, "", "True"),
        ["spam.threshold"] = Spam("7.5", o => o.Threshold, "5", "7.5"),
        ["spam.reject_at"] = Spam("7.5", o => o.RejectAt, "15", "7.5"),
        ["spam.subject_tag"] = Spam("\"[x]\"", o => o.SubjectTag, "", "[x]"),
        ["spam.max_scan_size"] = Spam("\"17KiB\"", o => o.MaxScanBytes, "524288", "17408"),
        ["spam.on_failure"] = Spam("\"defer\"", o => o.DefersUnscanned, "False", "True"),
        ["spam.preferences"] = new("\"other\"", s => Option(s, v => v.Spam.Preferences), "preferences", "other"),
        ["spam.rules"] = new("[\"rules\"]", s => RulesAsync(s), "no", "yes")
        {
            Prepare = s =>
            {
                Directory.CreateDirectory(s.Folder["rules"]);
                File.WriteAllText(Path.Combine(s.Folder["rules"], "x.cf"), "header X Subject =~ /x/\n");
            },
        },
        ["spam.network"] = new("false", s => Option(s, v => RoomOptions.SpamNetwork(v) is null), "False", "True"),
        ["spam.network_budget"] = new(
            "\"7s\"",
            s => Option(s, v => RoomOptions.SpamNetwork(v)!),
            "00:00:05",
            "00:00:07"
        ),
        ["spam.learn_from_users"] = new("false", s => Part(s.Server.Parts.Rooms.Spam.LearnsFromUsers), "True", "False"),
        ["spamd.allow_tell"] = new("true", s => Option(s, v => v.Spamd.AllowTell), "False", "True"),
        ["spamd.allow_from"] = new("[]", s => Option(s, v => RoomOptions.Spamd(v).AllowFrom.Count), "2", "0"),
        ["spamd.max_connections"] = new(
            "7",
            s => Option(s, v => new ListenerPlan("spamd", MailProtocol.Spamd, AnyPort, false).Limits(v).Most),
            "200",
            "7"
        ),
        ["spamd.max_message_size"] = new(
            "\"1MiB\"",
            s => Option(s, v => RoomOptions.Spamd(v).MaxMailBytes),
            "52428800",
            "1048576"
        ),
        ["spamd.timeout"] = new(
            "\"7s\"",
            s => Option(s, v => RoomOptions.Spamd(v).RequestTimeout),
            "00:05:00",
            "00:00:07"
        ),
    };

    [Fact]
    public async Task Scanners_that_run_already_get_another_budget()
    {
        const string scanners = "virus.scanners=[\"command:/usr/bin/cat\"]";
        await using var server = await RunningServer.StartAsync(scanners);
        var rooms = server.Server.Parts.Rooms;
        var first = rooms.Virus.Chain!;
        server.Reload(scanners);
        Assert.Same(first, rooms.Virus.Chain);
        server.Reload(scanners, "smtp.verdict_budget=\"7s\"");
        Assert.NotSame(first.Scanners[0], rooms.Virus.Chain!.Scanners[0]);
        Assert.Equal(TimeSpan.FromSeconds(7), rooms.Virus.Chain.Budget);
    }

    private static Change Spam<T>(string value, Func<SpamFilterOptions, T> read, string before, string after) =>
        new(value, s => Part(read(s.Server.Parts.Rooms.Spam.Filter.Options)), before, after);

    private static async Task<string> RulesAsync(RunningServer server)
    {
        await server.Server.Parts.Rooms.Spam.Loading;
        return server.Server.Parts.Rooms.Spam.Scanner.HasEngine ? "yes" : "no";
    }
}
