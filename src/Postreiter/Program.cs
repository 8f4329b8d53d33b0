using Postreiter.CommandLine;
using Postreiter.Core;
using Postreiter.Hosting;
using Postreiter.Messages;

// Mail is private: what this process writes is its own user's, whatever the shell would have.
FileModes.SetOwnerOnly();
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
    new SafeRandom(),
    new SqliteStoreOpener(TimeProvider.System),
    MessageScanner.Create
)
{
    GiveWay = ProcessPriority.GiveWay,
};
return await PostreiterCommand.RunAsync(args, context, interrupted.Token);
