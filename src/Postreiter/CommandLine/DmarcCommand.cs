using System.CommandLine;
using System.Text.Json.Nodes;
using Postreiter.Control;

namespace Postreiter.CommandLine;

/// <summary><c>postreiter dmarc sums DOMAIN</c>.</summary>
internal static class DmarcCommand
{
    public static Command Create(CommandContext context)
    {
        var domain = new Argument<string>("DOMAIN") { Description = "A domain of this server" };
        var days = new Option<int>("--days")
        {
            Description = "Of how many days",
            HelpName = "N",
            DefaultValueFactory = _ => 30,
        };
        var sums = new Command("sums", "Who sent mail as a domain, and how it fared, as other servers report it")
        {
            domain,
            days,
        };
        sums.SetAction(
            (parsed, ct) =>
                ControlCall.RunAsync(
                    context,
                    parsed,
                    ControlVerbs.DmarcSums,
                    new JsonObject { ["domain"] = parsed.GetValue(domain), ["days"] = (long)parsed.GetValue(days) },
                    row =>
                        $"{row["messages"]}  {row["source"]}  from {row["from"]}  dkim={row["dkim"]} spf={row["spf"]}  {row["disposition"]}",
                    ct
                )
        );
        return new Command("dmarc", "Reports of other servers about mail of our domains") { sums };
    }
}
