namespace Postreiter.Delivery.Gate.Checks;

/// <summary>What one check found.</summary>
/// <param name="Check">Its name, such as <c>dnsbl zen.example</c>.</param>
/// <param name="Result">One word: <c>pass</c>, <c>listed</c>, <c>temperror</c>.</param>
/// <param name="Points">What it adds to the sum; below zero speaks for the message.</param>
/// <param name="Milliseconds">How long it took, as far as anybody waited for it.</param>
/// <param name="Reason">For people, a sentence.</param>
public sealed record CheckRecord(string Check, string Result, double Points, double Milliseconds, string Reason)
{
    /// <summary>The recipient for whom alone it counts; null for all.</summary>
    public string? Recipient { get; init; }

    /// <summary>Whether it is a reason to let the caller come again (greylisting in smart mode).</summary>
    public bool IsAgainst { get; init; }
}
