using System.CommandLine;
using System.Reflection;
using System.Text.Json.Nodes;

namespace Postreiter.CommandLine;

/// <summary><c>postreiter version</c>.</summary>
internal static class VersionCommand
{
    /// <summary>The version with the commit it was built from.</summary>
    public static string Version { get; } =
        typeof(VersionCommand)
            .Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()
            ?.InformationalVersion
        ?? "0.0.0";

    public static Command Create(CommandContext context)
    {
        var command = new Command("version", "Prints the version");
        command.SetAction(parsed =>
            context.Print(
                parsed,
                new JsonObject { ["version"] = Version, ["runtime"] = Environment.Version.ToString() },
                $"postreiter {Version} (.NET {Environment.Version})"
            )
        );
        return command;
    }
}
