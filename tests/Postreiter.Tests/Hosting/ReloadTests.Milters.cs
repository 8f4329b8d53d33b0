using Postreiter.Delivery.Foreign;
using Postreiter.Delivery.Milters;
using Postreiter.Hosting;
using Postreiter.Milter.Syntax;
using Postreiter.Settings;

namespace Postreiter.Tests.Hosting;

/// <content>Keys of foreign filters, and of our gate for foreign servers.</content>
public sealed partial class ReloadTests
{
    private static readonly Dictionary<string, Change> MilterChanges = new(StringComparer.Ordinal)
    {
        ["milter.smtp"] = Milters("[\"inet:127.0.0.1:7\"]", o => o.Mx.Count, "0", "1"),
        ["milter.submission"] = Milters("[\"inet:127.0.0.1:7\"]", o => o.Submission.Count, "0", "1"),
        ["milter.lmtp"] = Milters("[\"inet:127.0.0.1:7\"]", o => o.Lmtp.Count, "0", "1"),
        ["milter.on_failure"] = Milters("\"accept\"", o => o.OnFailure, "TempFail", "Accept"),
        ["milter.connect_timeout"] = Milters("\"7s\"", o => o.ConnectTimeout, "00:00:10", "00:00:07"),
        ["milter.command_timeout"] = Milters("\"7s\"", o => o.CommandTimeout, "00:00:30", "00:00:07"),
        ["milter.content_timeout"] = Milters("\"7s\"", o => o.ContentTimeout, "00:00:30", "00:00:07"),
        ["milter.keep_connections"] = Milters("true", o => o.KeepsConnections, "False", "True"),
        ["milter.connect_macros"] = Milters(
            "[\"i\", \"j\", \"v\"]",
            o => o.Macros[MilterStage.Connect].Count,
            "11",
            "3"
        ),
        ["milter.helo_macros"] = Milters("[\"i\", \"j\", \"v\"]", o => o.Macros[MilterStage.Helo].Count, "2", "3"),
        ["milter.mail_macros"] = Milters("[\"i\", \"j\", \"v\"]", o => o.Macros[MilterStage.Mail].Count, "6", "3"),
        ["milter.rcpt_macros"] = Milters("[\"i\", \"j\", \"v\"]", o => o.Macros[MilterStage.Rcpt].Count, "4", "3"),
        ["milter.data_macros"] = Milters("[\"i\", \"j\", \"v\"]", o => o.Macros[MilterStage.Data].Count, "1", "3"),
        ["milter.end_of_header_macros"] = Milters(
            "[\"i\", \"j\", \"v\"]",
            o => o.Macros[MilterStage.EndOfHeader].Count,
            "1",
            "3"
        ),
        ["milter.end_of_message_macros"] = Milters(
            "[\"i\", \"j\", \"v\"]",
            o => o.Macros[MilterStage.EndOfMessage].Count,
            "1",
            "3"
        ),
        ["foreign.allow_from"] = Foreign("[]", v => RoomOptions.Foreign(v).AllowFrom.Count, "2", "0"),
        ["foreign.max_connections"] = Foreign("7", v => v.Foreign.MaxConnections, "500", "7"),
        ["foreign.on_quarantine"] = Gates("\"hold\"", o => o.HoldsJunk, "False", "True"),
        ["foreign.add_results"] = Gates("false", o => o.AddsResults, "True", "False"),
    };

    private static Change Milters(string value, Func<MilterOptions, object?> look, string before, string after) =>
        new(value, s => Part(look(s.Server.Parts.Rooms.Milters.Options)), before, after);

    private static Change Foreign(string value, Func<ServerSettings, object?> look, string before, string after) =>
        new(value, s => Part(look(s.Server.Parts.Rooms.Settings)), before, after);

    private static Change Gates(string value, Func<ForeignOptions, object?> look, string before, string after) =>
        new(value, s => Part(look(s.Server.Parts.Rooms.Foreign.Options)), before, after);
}
