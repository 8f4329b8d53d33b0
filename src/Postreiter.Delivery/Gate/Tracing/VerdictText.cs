using System.Globalization;
using System.Text;

namespace Postreiter.Delivery.Gate.Tracing;

/// <summary>A verdict in plain words.</summary>
public static class VerdictText
{
    private static readonly Dictionary<VerdictAction, string> Actions = new()
    {
        [VerdictAction.None] = "nothing: no message came",
        [VerdictAction.Accept] = "accepted",
        [VerdictAction.Mark] = "accepted and marked",
        [VerdictAction.Junk] = "filed into Junk",
        [VerdictAction.Quarantine] = "filed into Junk, as the sender's domain asks",
        [VerdictAction.Hold] = "kept in the quarantine",
        [VerdictAction.Defer] = "deferred: the client is to come again",
        [VerdictAction.Refuse] = "refused",
    };

    /// <summary>Writes it, lines ended by LF.</summary>
    public static string Of(Verdict verdict)
    {
        var text = new StringBuilder(1024);
        Line(text, $"{verdict.Id}  {verdict.Began:yyyy-MM-dd HH:mm:ss} UTC  connection {verdict.Connection}");
        var name = verdict.Name is null ? "" : $" ({verdict.Name})";
        var helo = verdict.Helo is null ? "" : $", which called itself {verdict.Helo}";
        Line(text, $"from {verdict.Client}{name}{helo}, by {verdict.Door}");
        if (verdict.User is { } user)
            Line(text, $"logged in as {user}");
        if (verdict.Sender is { } sender)
            Line(text, $"sender <{sender}>{(verdict.Size is { } size ? $", {size} octets" : "")}");
        foreach (var recipient in verdict.Recipients)
        {
            Line(
                text,
                $"recipient <{recipient.Address}>{(recipient.Account is { } account ? $" for {account}" : "")}: {Actions[recipient.Action]} ({recipient.Points:+0.##;-0.##;0} points)"
            );
            if (recipient.Reply is { } reply)
                Line(text, $"    {reply}");
        }

        if (verdict.Reply is { } last)
            Line(text, $"reply: {last}");
        Line(text, $"checks, {verdict.Points:+0.##;-0.##;0} points in all:");
        foreach (var check in verdict.Checks)
        {
            var points =
                check.Points == 0 ? "" : string.Create(CultureInfo.InvariantCulture, $" {check.Points:+0.##;-0.##}");
            var whose = check.Recipient is null ? "" : $" for <{check.Recipient}>";
            var took =
                check.Milliseconds >= 1
                    ? string.Create(CultureInfo.InvariantCulture, $" [{check.Milliseconds:0} ms]")
                    : "";
            Line(text, $"    {check.Check}={check.Result}{points}{whose}: {check.Reason}{took}");
        }

        if (verdict.Dialogue.Count > 0)
            Line(text, $"conversation:");
        foreach (var line in verdict.Dialogue)
            Line(text, $"    {line}");
        return text.ToString();
    }

    private static void Line(StringBuilder text, FormattableString line)
    {
        // Addresses and reasons hold strangers' text: nothing of it may move a terminal.
        foreach (var c in FormattableString.Invariant(line))
            text.Append(char.IsControl(c) ? '?' : c);
        text.Append('\n');
    }
}
