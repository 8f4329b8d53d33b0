using Postreiter.Spam.Mail;
using static Postreiter.Spam.Functions.CallArguments;

namespace Postreiter.Spam.Functions;

/// <summary>Lists of recipients that a program has made: sorted, or all alike.</summary>
internal sealed class Recipients
{
    private const int SortedFrom = 7;
    private const int SimilarFrom = 5;
    private const int ComparedOctets = 2;
    private const int Most = 256;

    private Recipients(SpamMail mail)
    {
        var addresses = Read(mail);
        IsSorted =
            addresses.Count >= SortedFrom
            && addresses.Zip(addresses.Skip(1)).All(static pair => string.CompareOrdinal(pair.First, pair.Second) <= 0);
        Similarity = addresses.Count >= SimilarFrom ? Compare(addresses) : 0;
    }

    private bool IsSorted { get; }
    private double Similarity { get; }

    /// <summary>Seven recipients or more, in the order of their octets.</summary>
    [RuleFunction("sorted_recipients")]
    internal static int AreSorted(RuleCall call) => Hits(call.Facts.Shared(Of).IsSorted);

    /// <summary>How many pairs of five recipients or more begin alike: least share, below which share.</summary>
    [RuleFunction("similar_recipients")]
    internal static int AreSimilar(RuleCall call)
    {
        var similarity = call.Facts.Shared(Of).Similarity;
        return Hits(!(similarity < call.Limit(0)) && !(similarity >= call.Limit(1)));
    }

    private static Recipients Of(MailFacts facts) => new(facts.Mail);

    // To and Cc; Bcc only where those are few.
    private static List<string> Read(SpamMail mail)
    {
        var found = mail.AddressesOf("ToCc").ToList();
        if (found.Count < SimilarFrom)
            found.AddRange(mail.AddressesOf("Bcc"));
        var addresses = new List<string>();
        var previous = "";
        foreach (var address in found)
        {
            if (address.Length == 0 || addresses.Count == Most)
                break;
            if (!Octets.EqualsIgnoreCase(address, previous))
                addresses.Add(previous = address);
        }

        return addresses;
    }

    private static double Compare(List<string> addresses)
    {
        var users = addresses.ConvertAll(static address => Start(address));
        var hosts = addresses.ConvertAll(static address =>
            address[(address.IndexOf('@', StringComparison.Ordinal) + 1)..]
        );
        var starts = hosts.ConvertAll(static host => Start(host));
        double hits = 0,
            pairs = 0;
        for (var i = 0; i < addresses.Count; i++)
        {
            for (var j = i + 1; j < addresses.Count; j++)
            {
                hits += users[i] == users[j] ? 1 : 0;
                hits += starts[i] == starts[j] && hosts[i] != hosts[j] ? 1 : 0;
                pairs++;
            }
        }

        return hits / pairs;
    }

    private static string Start(string text) => text.Length > ComparedOctets ? text[..ComparedOctets] : text;
}
