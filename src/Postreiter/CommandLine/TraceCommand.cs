using System.CommandLine;
using System.Text;
using System.Text.Json.Nodes;
using Postreiter.Control;
using Postreiter.Delivery.Gate.Tracing;

namespace Postreiter.CommandLine;

/// <summary><c>postreiter trace ID|ADDRESS</c>.</summary>
internal static class TraceCommand
{
    public static Command Create(CommandContext context)
    {
        var of = new Argument<string>("ID|ADDRESS")
        {
            Description =
                "The id of a message, as its 250 and its Received field have it, or a sender's or recipient's address",
        };
        var limit = new Option<int>("--limit")
        {
            Description = "At most so many of an address, the newest",
            HelpName = "N",
            DefaultValueFactory = _ => 10,
        };
        var trace = new Command(
            "trace",
            "Why a message was accepted, marked, deferred or refused: every check in order"
        )
        {
            of,
            limit,
        };
        trace.SetAction(
            (parsed, ct) =>
                ControlCall.RunAsync(
                    context,
                    parsed,
                    ControlVerbs.TraceFind,
                    new JsonObject { ["of"] = parsed.GetValue(of), ["limit"] = (long)parsed.GetValue(limit) },
                    row => VerdictText.Of(Verdict.FromJson(Encoding.UTF8.GetBytes(row.ToJsonString()))),
                    ct
                )
        );
        return trace;
    }
}
