using SharpFuzz;
using Xunit.Runner.InProc.SystemConsole;

namespace Postreiter.Fuzz;

/// <summary>
/// <c>Postreiter.Fuzz fuzz TARGET</c> runs one target under afl-fuzz (instrument the assemblies with <c>sharpfuzz</c>
/// first); anything else runs the corpus as tests.
/// </summary>
internal static class Program
{
    public static async Task<int> Main(string[] args)
    {
        if (args is not ["fuzz", ..])
            return await ConsoleRunner.Run(args);
        if (args is not [_, var name] || Targets.Find(name) is not { } target)
        {
            await Console.Error.WriteLineAsync($"fuzz TARGET, one of: {string.Join(' ', Targets.Names)}");
            return 2;
        }

        Fuzzer.OutOfProcess.Run(stream =>
        {
            using var input = new MemoryStream();
            stream.CopyTo(input);
            target(input.ToArray());
        });
        return 0;
    }
}
