namespace Postreiter.Benchmarks.Sites;

/// <summary>Waiting for what was accepted.</summary>
internal static class Delivery
{
    private static readonly TimeSpan Longest = TimeSpan.FromMinutes(2);

    /// <summary>Returns when everything that a site has accepted is in its mailbox.</summary>
    /// <exception cref="TimeoutException">Two minutes were not enough.</exception>
    public static async Task WaitForDeliveryAsync(this IMailSite site, CancellationToken ct)
    {
        var time = TimeProvider.System;
        var start = time.GetTimestamp();
        while (site.HasUndelivered())
        {
            if (time.GetElapsedTime(start) > Longest)
                throw new TimeoutException($"{site.Name} did not deliver all that it accepted");
            await Task.Delay(TimeSpan.FromMilliseconds(20), time, ct);
        }
    }
}
