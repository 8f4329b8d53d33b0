using Postreiter.Storage.Mail;

namespace Postreiter.Transfer;

/// <summary>One message found in a file or folder.</summary>
/// <param name="Source">Names it in reports.</param>
/// <param name="Mailbox">The mailbox it belongs to by the source's own layout; null for the one asked for.</param>
/// <param name="Bytes">Its bytes; null when it was skipped. CRLF line ends, but for what <see cref="MailSources"/> gives of single files.</param>
/// <param name="Flags">Flags the source gives it.</param>
/// <param name="Date">When it came in, where the source says so.</param>
/// <param name="Skipped">Why it was skipped; null when it was not.</param>
internal sealed record ImportedMessage(
    string Source,
    string? Mailbox,
    byte[]? Bytes,
    SystemFlags Flags,
    DateTimeOffset? Date,
    string? Skipped
)
{
    /// <summary>How much of the source is read with this one: bytes of an mbox, files of a folder.</summary>
    public long Read { get; init; }

    /// <summary>Whether it is all that an mbox has, as it stands there (<see cref="MailSources.KeepsSingle"/>).</summary>
    public bool IsSingle { get; init; }

    /// <summary>One that was passed over.</summary>
    public static ImportedMessage Skip(string source, string why) =>
        new(source, null, null, SystemFlags.None, null, why);
}
