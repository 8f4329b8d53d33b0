namespace Postreiter.Benchmarks.Load;

/// <summary>How much to send: for a time, or so many messages.</summary>
/// <param name="Time">No message begins after it.</param>
/// <param name="Messages">Most messages in all sessions together.</param>
internal readonly record struct LoadLength(TimeSpan Time, long Messages)
{
    public static LoadLength Of(TimeSpan time) => new(time, long.MaxValue);

    public static LoadLength Of(long messages) => new(TimeSpan.MaxValue, messages);
}
