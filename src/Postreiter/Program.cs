using Postreiter.CommandLine;
using Postreiter.Hosting;

using var interrupted = new CancellationTokenSource();
Console.CancelKeyPress += (_, e) =>
{
    // Once: let the command clean up. Twice: the system ends the process.
    e.Cancel = !interrupted.IsCancellationRequested;
    interrupted.Cancel();
};
var context = new CommandContext(
    Terminal.Process(),
    TimeProvider.System,
    new Random(),
    new SqliteStoreOpener(TimeProvider.System),
    scanner: null
);
return await PostreiterCommand.RunAsync(args, context, interrupted.Token);
