using Postreiter.Core;
using Postreiter.Messages;

namespace Postreiter.Delivery.Lists;

/// <summary>Whose mail it says it is: the addresses of the From field.</summary>
internal static class Authors
{
    // A field with more of them is none that people write.
    private const int Most = 8;

    /// <summary>The addresses, each once; of a list of more than eight the first.</summary>
    public static IReadOnlyList<EmailAddress> Of(Envelope? envelope)
    {
        var authors = new List<EmailAddress>();
        foreach (var author in envelope?.From ?? [])
        {
            if (TryRead(author, out var address) && !authors.Contains(address))
                authors.Add(address);
            if (authors.Count == Most)
                break;
        }

        return authors;
    }

    /// <summary>Reads one: an ENVELOPE has its local part without the quotes that the syntax may want.</summary>
    public static bool TryRead(EnvelopeAddress author, out EmailAddress address)
    {
        address = default;
        if (author is not { Mailbox: { } local, Host: { } host })
            return false;
        var quoted = local
            .Replace("\\", "\\\\", StringComparison.Ordinal)
            .Replace("\"", "\\\"", StringComparison.Ordinal);
        return EmailAddress.TryParse($"{local}@{host}", out address)
            || EmailAddress.TryParse($"\"{quoted}\"@{host}", out address);
    }
}
