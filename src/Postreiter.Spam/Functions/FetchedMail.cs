namespace Postreiter.Spam.Functions;

/// <summary>Received fields of a program that fetches mail from a mailbox: they say when it was fetched, and not when it came.</summary>
internal static class FetchedMail
{
    private static readonly FunctionPattern FromHere = new(@"\bfrom (?:localhost\s|(?:\S+ ){1,2}\S*\b127\.0\.0\.1\b)");
    private static readonly FunctionPattern FromUser = new(@"qmail \d+ invoked by uid \d+");
    private static readonly FunctionPattern Fetcher = new(@"\bby localhost with \w+ \(fetchmail-[\d.]+");

    /// <summary>Whether the machine gave the mail to itself: so the topmost field may be of a mail that was fetched.</summary>
    public static bool IsHandedOver(string received) => FromHere.IsMatch(received) || FromUser.IsMatch(received);

    /// <summary>Whether fetchmail wrote the field.</summary>
    public static bool IsFetched(string received) => Fetcher.IsMatch(received);
}
