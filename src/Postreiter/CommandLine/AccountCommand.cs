using System.CommandLine;
using System.Globalization;
using System.Text.Json.Nodes;
using Postreiter.Control;
using Postreiter.Core;

namespace Postreiter.CommandLine;

/// <summary><c>postreiter account add|list|remove|password|quota</c>.</summary>
internal static class AccountCommand
{
    public static Command Create(CommandContext context)
    {
        var list = new Command("list", "Lists the accounts with their use and quota");
        list.SetAction((parsed, ct) => ControlCall.RunAsync(context, parsed, ControlVerbs.AccountList, [], Line, ct));
        return new Command("account", "The accounts of this server")
        {
            Add(context),
            list,
            Remove(context),
            Password(context),
            Quota(context),
        };
    }

    private static Command Add(CommandContext context)
    {
        var (address, stdin) = (Address(), PasswordInput.StdinOption());
        var (quota, messages) = (QuotaOption(), MessagesOption("--quota-messages"));
        var command = new Command("add", "Adds an account; the password is asked for")
        {
            address,
            stdin,
            quota,
            messages,
        };
        command.SetAction(
            (parsed, ct) =>
                ControlCall.RunAsync(
                    context,
                    parsed,
                    ControlVerbs.AccountAdd,
                    new JsonObject
                    {
                        ["address"] = parsed.GetValue(address),
                        ["password"] = PasswordInput.Read(context.Terminal, parsed.GetValue(stdin)),
                        ["quota"] = ReadQuota(parsed.GetValue(quota) ?? "0"),
                        ["quota_messages"] = ReadCount(parsed.GetValue(messages)),
                    },
                    Line,
                    ct
                )
        );
        return command;
    }

    private static Command Remove(CommandContext context)
    {
        var address = Address();
        var command = new Command("remove", "Removes an account with all its mail") { address };
        command.SetAction(
            (parsed, ct) =>
                ControlCall.RunAsync(
                    context,
                    parsed,
                    ControlVerbs.AccountRemove,
                    new JsonObject { ["address"] = parsed.GetValue(address) },
                    Line,
                    ct
                )
        );
        return command;
    }

    private static Command Password(CommandContext context)
    {
        var (address, stdin) = (Address(), PasswordInput.StdinOption());
        var command = new Command("password", "Puts another password in place") { address, stdin };
        command.SetAction(
            (parsed, ct) =>
                ControlCall.RunAsync(
                    context,
                    parsed,
                    ControlVerbs.AccountPassword,
                    new JsonObject
                    {
                        ["address"] = parsed.GetValue(address),
                        ["password"] = PasswordInput.Read(context.Terminal, parsed.GetValue(stdin)),
                    },
                    Line,
                    ct
                )
        );
        return command;
    }

    private static Command Quota(CommandContext context)
    {
        var address = Address();
        var messages = MessagesOption("--messages");
        var size = new Argument<string?>("SIZE")
        {
            Description = "Most bytes of mail, such as 2GiB; 0 is no limit",
            Arity = ArgumentArity.ZeroOrOne,
        };
        var command = new Command("quota", "Changes an account's quota of bytes, of messages, or both")
        {
            address,
            size,
            messages,
        };
        command.SetAction(
            (parsed, ct) =>
                ControlCall.RunAsync(
                    context,
                    parsed,
                    ControlVerbs.AccountQuota,
                    new JsonObject
                    {
                        ["address"] = parsed.GetValue(address),
                        ["quota"] = parsed.GetValue(size) is { } text ? ReadQuota(text) : null,
                        ["quota_messages"] = ReadCount(parsed.GetValue(messages)),
                    },
                    Line,
                    ct
                )
        );
        return command;
    }

    private static Argument<string> Address() => new("USER@DOMAIN") { Description = "The account's address" };

    private static Option<string> QuotaOption() =>
        new("--quota") { Description = "Most bytes of mail, such as 2GiB; 0 is no limit", HelpName = "SIZE" };

    private static Option<string?> MessagesOption(string name) =>
        new(name) { Description = "Most messages; 0 is no limit", HelpName = "N" };

    private static long? ReadCount(string? text) =>
        text is null ? null
        : long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var count) ? count
        : throw new CommandFailure(ExitCodes.Usage, $"'{text}' is not a number of messages");

    private static long ReadQuota(string text) =>
        ByteSize.TryParse(text, out var bytes)
            ? bytes
            : throw new CommandFailure(ExitCodes.Usage, $"'{text}' is not a size: write 512MiB, 2GiB or 0");

    private static string Line(JsonObject row)
    {
        var quota = (long?)row["quota"] ?? 0;
        var messages = (long?)row["quota_messages"] ?? 0;
        return $"{row["address"]}  {ByteSize.Format((long?)row["used"] ?? 0)} of {(quota == 0 ? "any" : ByteSize.Format(quota))}"
            + (messages == 0 ? "" : $", {row["messages"]} of {messages} messages");
    }
}
