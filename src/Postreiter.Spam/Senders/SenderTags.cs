using Postreiter.MailAuth.Dkim;

namespace Postreiter.Spam.Senders;

/// <summary>The report tags that results give, for templates in rules and reports.</summary>
internal static class SenderTags
{
    /// <summary><c>DKIMIDENTITY</c>, <c>DKIMDOMAIN</c>, <c>DKIMSELECTOR</c> of the signatures that hold, each value once.</summary>
    public static IEnumerable<(string Name, string[] Values)> Of(SenderResults? results)
    {
        var valid = results?.Signatures.Where(static s => s.Result == DkimResult.Pass).ToList();
        if (valid is not { Count: > 0 })
            yield break;
        yield return ("DKIMIDENTITY", Each(valid, static s => s.Identity));
        yield return ("DKIMDOMAIN", Each(valid, static s => s.Domain));
        yield return ("DKIMSELECTOR", Each(valid, static s => s.Selector));
    }

    private static string[] Each(List<DkimOutcome> signatures, Func<DkimOutcome, string> value) =>
        [.. signatures.Select(value).Where(static v => v.Length > 0).Distinct(StringComparer.Ordinal)];
}
