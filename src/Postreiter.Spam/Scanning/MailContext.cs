using Postreiter.Spam.Mail;
using Postreiter.Spam.Senders;

namespace Postreiter.Spam.Scanning;

/// <summary>What is known of a mail besides its octets.</summary>
public sealed record MailContext
{
    /// <summary>Nothing.</summary>
    public static MailContext None { get; } = new();

    /// <summary>Whose preferences hold: an account's address, or the name that a client gives; null = the site's alone.</summary>
    public string? User { get; init; }

    /// <summary>The envelope's sender where the session is known, "" for the null sender; null = as the headers say.</summary>
    public string? EnvelopeFrom { get; init; }

    /// <summary>What the session found of the sender; null = to be worked out from the mail, where the network may be asked.</summary>
    public SenderResults? Senders { get; init; }

    /// <summary>The mail whole, where only its beginning is scanned: signatures are over all of it.</summary>
    internal ReadOnlyMemory<byte> Whole { get; init; }

    /// <summary>The mail, where it has been read already.</summary>
    internal SpamMail? Mail { get; init; }
}
