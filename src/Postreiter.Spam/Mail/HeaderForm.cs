namespace Postreiter.Spam.Mail;

/// <summary>
/// What a rule asks of a header, as <c>Name:mod:mod</c> says it. The modifiers combine; without one the value is unfolded, trimmed,
/// decoded (RFC 2047) and ends in a line feed.
/// </summary>
[Flags]
public enum HeaderForm
{
    /// <summary>Unfolded, trimmed, encoded words decoded to UTF-8 octets, with a line feed at the end.</summary>
    Decoded = 0,

    /// <summary><c>:raw</c>: undecoded and still folded, with the blank behind the colon.</summary>
    Raw = 1,

    /// <summary><c>:addr</c>: the addresses, in order.</summary>
    Address = 2,

    /// <summary><c>:name</c>: the display names, decoded, blanks squeezed, one pair of single quotes taken off.</summary>
    Name = 4,

    /// <summary><c>:host</c>: the first valid host name of each value; with <see cref="Address"/> what follows the last at sign.</summary>
    Host = 8,

    /// <summary><c>:domain</c>: as <see cref="Host"/>, cut to the registered domain.</summary>
    Domain = 16,

    /// <summary><c>:ip</c>: the first address of each value, IPv4 or IPv6.</summary>
    Ip = 32,

    /// <summary><c>:revip</c>: as <see cref="Ip"/>, in the order of the reverse zones.</summary>
    ReverseIp = 64,

    /// <summary><c>:first</c>: only the topmost header of the name.</summary>
    First = 128,

    /// <summary><c>:last</c>: only the lowest header of the name.</summary>
    Last = 256,
}
