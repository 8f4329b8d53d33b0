using System.CommandLine;

namespace Postreiter.CommandLine;

/// <summary>Takes a password from standard input or the keyboard, never from an argument.</summary>
internal static class PasswordInput
{
    private const int MaxLength = 1024;

    /// <summary><c>--password-stdin</c>.</summary>
    public static Option<bool> StdinOption() =>
        new("--password-stdin") { Description = "Reads the password from standard input: its first line" };

    /// <summary>The password.</summary>
    /// <exception cref="CommandFailure">There is none, or it is empty, too long or has control characters.</exception>
    public static string Read(Terminal terminal, bool fromStdin)
    {
        string? password;
        if (fromStdin)
        {
            password = terminal.Input.ReadLine();
        }
        else if (terminal.Ask is { } ask)
        {
            password = ask("Password: ");
            if (ask("Again: ") != password)
                throw new CommandFailure(ExitCodes.Usage, "the two are not the same");
        }
        else
        {
            throw new CommandFailure(ExitCodes.Usage, "nobody is there to ask: give the password by --password-stdin");
        }

        if (string.IsNullOrEmpty(password) || password.Length > MaxLength || password.Any(char.IsControl))
        {
            throw new CommandFailure(
                ExitCodes.Usage,
                $"the password must have 1 to {MaxLength} characters, none of them control characters"
            );
        }

        return password;
    }
}
