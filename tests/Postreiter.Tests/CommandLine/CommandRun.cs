using Postreiter.CommandLine;
using Postreiter.Dns;
using Postreiter.Hosting;
using Postreiter.Messages;
using Postreiter.Testing;

namespace Postreiter.Tests.CommandLine;

/// <summary>One run of the command line in this process.</summary>
/// <param name="ExitCode">Its exit code.</param>
/// <param name="Output">Standard output.</param>
/// <param name="Error">Standard error.</param>
internal sealed record CommandRun(int ExitCode, string Output, string Error)
{
    public static Task<CommandRun> StartAsync(
        string input,
        IStoreOpener? stores,
        Func<IMessageScanner>? scanner,
        params string[] args
    ) => StartAsync(input, stores, scanner, new FakeDns(), args);

    public static async Task<CommandRun> StartAsync(
        string input,
        IStoreOpener? stores,
        Func<IMessageScanner>? scanner,
        IDnsResolver dns,
        params string[] args
    )
    {
        using var output = new StringWriter();
        using var error = new StringWriter();
        using var reader = new StringReader(input);
        var terminal = new Terminal
        {
            Input = reader,
            Output = output,
            Error = error,
            Environment = _ => null,
        };
        var context = new CommandContext(terminal, TimeProvider.System, new Random(1), stores, scanner)
        {
            Dns = _ => dns,
        };
        var exitCode = await PostreiterCommand.RunAsync(args, context, TestContext.Current.CancellationToken);
        return new CommandRun(exitCode, output.ToString(), error.ToString());
    }

    public static Task<CommandRun> StartAsync(params string[] args) => StartAsync("", null, null, args);
}
