using System.Net;
using Postreiter.Core;
using Postreiter.Delivery.Gate;
using Postreiter.Delivery.Gate.Greylisting;
using Postreiter.Delivery.Lists;

namespace Postreiter.Tests.Hosting;

/// <content>Keys of the gate.</content>
public sealed partial class ReloadTests
{
    private static readonly Dictionary<string, Change> GateChanges = new(StringComparer.Ordinal)
    {
        ["greylist.mode"] = Greylist("\"on\"", o => o.Mode, "Smart", "On"),
        ["greylist.delay"] = Greylist("\"7m\"", o => o.Delay, "00:05:00", "00:07:00"),
        ["greylist.window"] = Greylist("\"7d\"", o => o.Window, "2.00:00:00", "7.00:00:00"),
        ["greylist.lifetime"] = Greylist("\"7d\"", o => o.Lifetime, "36.00:00:00", "7.00:00:00"),
        ["greylist.allow"] = Gate("[\"192.0.2\"]", o => o.GreylistAllow.Find(Client, null), "", "192.0.2"),
        ["greylist.allow_files"] = Gate("[\"allow\"]", o => o.GreylistAllow.Find(Client, null), "", "192.0.2.7") with
        {
            Prepare = s => File.WriteAllText(s.Folder["allow"], "# ours\n192.0.2.7\n"),
        },
        ["lists.allow"] = Gate("[\"ip:192.0.2.7\"]", Listed, "", "allow"),
        ["lists.block"] = Gate("[\"far.test for a.test\"]", Listed, "", "block"),
        ["lists.welcome"] = Gate("-7.5", o => o.Welcome, "-5", "-7.5"),
        ["lists.allow_mailbox"] = Mailbox("\"Friends\"", l => l.AllowMailbox, "Allow senders", "Friends"),
        ["lists.block_mailbox"] = Mailbox("\"\"", l => l.BlockMailbox, "Block senders", ""),
        ["batv.domains"] = new("[\"a.test\"]", s => Part(s.Server.Parts.Rooms.Tags.Options.Domains.Count), "0", "1"),
        ["batv.days"] = new("7", s => Part(s.Server.Parts.Rooms.Tags.Options.Days), "14", "7"),
        ["batv.on_backscatter"] = Gate("\"mark\"", o => o.OnBackscatter, "Reject", "Mark"),
        ["dnsbl.lists"] = Gate("[\"bl.test 3\"]", o => o.DnsLists.Count, "0", "1"),
        ["gate.dns_timeout"] = Gate("\"7s\"", o => o.Budget, "00:00:05", "00:00:07"),
        ["gate.greet_delay"] = Gate("\"7s\"", o => o.GreetDelay, "00:00:00", "00:00:07"),
        ["gate.on_early_talker"] = Gate("\"reject\"", o => o.OnEarlyTalker, "Mark", "Reject"),
        ["gate.on_no_domain"] = Gate("\"mark\"", o => o.OnNoDomain, "Reject", "Mark"),
        ["gate.connections_per_minute"] = Gate("7", o => o.ConnectionsPerMinute, "600", "7"),
        ["gate.messages_per_minute"] = Gate("7", o => o.MessagesPerMinute, "0", "7"),
        ["gate.recipients_per_minute"] = Gate("7", o => o.RecipientsPerMinute, "0", "7"),
        ["trace.keep"] = Gate("\"7d\"", o => o.KeepTraces, "30.00:00:00", "7.00:00:00"),
    };

    private static IPAddress Client => IPAddress.Parse("192.0.2.7");

    private static string Listed(GateOptions options) =>
        string.Concat(
            options.Lists.Find("").Allow.FindNetwork(Client) is null ? "" : "allow",
            options.Lists.Find("a.test").Block.FindSender(EmailAddress.Parse("x@far.test")) is null ? "" : "block"
        );

    private static Change Mailbox(string value, Func<ListTeacher, object?> look, string before, string after) =>
        new(value, s => Part(look(s.Server.Parts.Rooms.Spam.Lists)), before, after);

    private static Change Gate(string value, Func<GateOptions, object?> look, string before, string after) =>
        new(value, s => Part(look(s.Server.Parts.Rooms.Gate.Gate.Options)), before, after);

    private static Change Greylist(string value, Func<GreylistOptions, object?> look, string before, string after) =>
        new(value, s => Part(look(s.Server.Parts.Rooms.Gate.Gate.Greylist.Options)), before, after);
}
