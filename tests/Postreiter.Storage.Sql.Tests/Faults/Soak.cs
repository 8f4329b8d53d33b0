using System.Globalization;

namespace Postreiter.Storage.Sql.Tests.Faults;

/// <summary>How long the tests of this folder go on: <c>./bench soak</c> says so in the environment.</summary>
internal static class Soak
{
    /// <summary>Minutes to go on for; zero in <c>./test</c>, where each test is a few seconds' choice of the same.</summary>
    public static int Minutes { get; } = Number("POSTREITER_SOAK_MINUTES", 0);

    /// <summary>The first seed of random histories; those that follow count up.</summary>
    public static int Seed { get; } = Number("POSTREITER_SOAK_SEED", 1);

    /// <summary>Where a line of numbers is added for each test that was run long; null in <c>./test</c>.</summary>
    public static string? Report { get; } = Environment.GetEnvironmentVariable("POSTREITER_SOAK_REPORT");

    private static int Number(string name, int otherwise) =>
        int.TryParse(
            Environment.GetEnvironmentVariable(name),
            NumberStyles.None,
            CultureInfo.InvariantCulture,
            out var number
        )
            ? number
            : otherwise;
}
