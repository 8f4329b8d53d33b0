using System.Text;
using Postreiter.Hosting;
using Postreiter.Net.Listeners;
using Postreiter.Settings;

namespace Postreiter.Tests.Hosting;

public sealed class ListenerPlanTests
{
    [Fact]
    public void The_defaults_open_the_well_known_ports()
    {
        var plans = ListenerPlan.For(new ServerSettings());
        Assert.Equal(
            [
                "smtp [::]:25 False",
                "submission [::]:587 False",
                "submissions [::]:465 True",
                "imap [::]:143 False",
                "imaps [::]:993 True",
                "pop3 [::]:110 False",
                "pop3s [::]:995 True",
            ],
            plans.Select(p => $"{p.Name} {p.Address} {p.ImplicitTls}")
        );
    }

    [Fact]
    public void Only_the_roles_of_the_process_listen()
    {
        var plans = ListenerPlan.For(new ServerSettings { Roles = ServerRoles.Imap | ServerRoles.Queue });
        Assert.Equal(["imap", "imaps"], plans.Select(p => p.Name));
    }

    [Fact]
    public void L12_each_protocol_has_its_limits_and_its_answer()
    {
        var settings = new ServerSettings();
        var plans = ListenerPlan.For(settings).ToDictionary(p => p.Name);
        Assert.Equal(new ConnectionLimits(2000, 50), plans["smtp"].Limits(settings));
        Assert.Equal(new ConnectionLimits(200, 60), plans["submission"].Limits(settings));
        Assert.Equal(new ConnectionLimits(200, 60), plans["imap"].Limits(settings));
        Assert.StartsWith("421 4.7.0 ", Text(plans["smtp"]), StringComparison.Ordinal);
        Assert.StartsWith("* BYE ", Text(plans["imaps"]), StringComparison.Ordinal);
        Assert.StartsWith("-ERR [SYS/TEMP] ", Text(plans["pop3"]), StringComparison.Ordinal);
        Assert.All(plans.Values, p => Assert.EndsWith("\r\n", Text(p), StringComparison.Ordinal));
    }

    private static string Text(ListenerPlan plan) => Encoding.ASCII.GetString(plan.BusyReply.Span);
}
