using System.CommandLine;
using Postreiter.Storage;

namespace Postreiter.CommandLine;

/// <summary>The whole command line.</summary>
internal static class PostreiterCommand
{
    /// <summary>Runs one command.</summary>
    /// <returns>One of <see cref="ExitCodes"/>.</returns>
    public static async Task<int> RunAsync(IReadOnlyList<string> args, CommandContext context, CancellationToken ct)
    {
        var error = context.Terminal.Error;
        // "@example.org" is a catch-all, not a file of arguments.
        var parsed = Create(context).Parse(args, new ParserConfiguration { ResponseFileTokenReplacer = null });
        if (parsed.Errors.Count > 0)
        {
            foreach (var mistake in parsed.Errors)
                await error.WriteLineAsync(mistake.Message);
            await error.WriteLineAsync($"see: postreiter {CommandPath(parsed.CommandResult)}--help");
            return ExitCodes.Usage;
        }

        try
        {
            var configuration = new InvocationConfiguration
            {
                EnableDefaultExceptionHandler = false,
                ProcessTerminationTimeout = null,
                Output = context.Terminal.Output,
                Error = error,
            };
            return await parsed.InvokeAsync(configuration, ct);
        }
        catch (CommandFailure failure)
        {
            await error.WriteLineAsync(failure.Message);
            return failure.ExitCode;
        }
        catch (OperationCanceledException) when (ct.IsCancellationRequested)
        {
            await error.WriteLineAsync("interrupted");
            return ExitCodes.Failed;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or StoreException)
        {
            await error.WriteLineAsync(e.Message);
            return ExitCodes.Failed;
        }
    }

    private static RootCommand Create(CommandContext context)
    {
        var root = new RootCommand("Postreiter, a mail server in one program")
        {
            context.Data,
            context.Set,
            context.AsJson,
            ConfigCommand.Create(context),
            VersionCommand.Create(context),
            SpamCommand.Create(context),
            SpfCommand.Create(context),
        };
        if (!context.HasStore)
            return root;
        root.Add(InitCommand.Create(context));
        root.Add(DomainCommand.Create(context));
        root.Add(AccountCommand.Create(context));
        root.Add(AliasCommand.Create(context));
        root.Add(QueueCommand.Create(context));
        root.Add(QuarantineCommand.Create(context));
        root.Add(GreylistCommand.Create(context));
        root.Add(ListCommand.Create(context));
        root.Add(TraceCommand.Create(context));
        root.Add(StoreCommand.Create(context));
        root.Add(DkimCommand.Create(context));
        root.Add(DmarcCommand.Create(context));
        root.Add(DnsCommand.Create(context));
        if (!context.HasScanner)
            return root;
        root.Add(ServeCommand.Create(context));
        root.Add(MailCommand.Create(context));
        return root;
    }

    private static string CommandPath(System.CommandLine.Parsing.CommandResult result) =>
        result.Parent is System.CommandLine.Parsing.CommandResult parent
            ? CommandPath(parent) + result.Command.Name + " "
            : "";
}
