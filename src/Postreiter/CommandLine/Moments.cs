using System.Globalization;
using Postreiter.Settings;

namespace Postreiter.CommandLine;

/// <summary>Moments as people write them: <c>2026-03-01</c>, <c>2026-03-01T12:00Z</c>, or <c>2d</c> for two days ago.</summary>
internal static class Moments
{
    /// <summary>Reads one; without a zone it is this machine's.</summary>
    /// <exception cref="CommandFailure">It is none.</exception>
    public static DateTimeOffset Read(string text, TimeProvider time)
    {
        if (Durations.TryParse(text, out var ago))
            return time.GetUtcNow() - ago.Value;
        const DateTimeStyles style = DateTimeStyles.AssumeLocal;
        return DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, style, out var at)
            ? at
            : throw new CommandFailure(ExitCodes.Usage, $"'{text}' is not a time: write 2026-03-01 or 2d");
    }
}
