using Postreiter.Messages;
using Postreiter.Storage.Mail;

namespace Postreiter.Imap.Fetching;

/// <summary>The part tree as the row of a message keeps it.</summary>
internal static class StoredTree
{
    /// <summary>The tree; null when the row has none that can be read: then the content must be scanned.</summary>
    public static MimePart? Read(StoredMessage row)
    {
        if (row.Structure.IsEmpty)
            return null;
        try
        {
            return MessageStructure.Read(row.Structure);
        }
        catch (FormatException)
        {
            // Of no use, but the content can tell the same.
            return null;
        }
    }
}
