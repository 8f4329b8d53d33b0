namespace Postreiter.Imap;

/// <summary>Limits and timeouts of the IMAP server (limits-and-promises L13, L21 to L26).</summary>
public sealed record ImapOptions
{
    /// <summary>Whether LOGIN, PLAIN and LOGIN mechanisms work without TLS. Default false (LOGINDISABLED is shown).</summary>
    public bool AllowPlaintext { get; init; }

    /// <summary>Largest message APPEND takes, in bytes (L3). Default 50 MiB.</summary>
    public long MaxMessageBytes { get; init; } = 50L * 1024 * 1024;

    /// <summary>Longest command line without its literals after login, in bytes (L21). Default 64 KiB.</summary>
    public int MaxLineBytes { get; init; } = 64 * 1024;

    /// <summary>The same before login. Default 8 KiB.</summary>
    public int MaxLineBytesBeforeLogin { get; init; } = 8 * 1024;

    /// <summary>Largest literal in arguments after login, and all of them together, in bytes (L22). Default 64 KiB.</summary>
    public int MaxLiteralBytes { get; init; } = 64 * 1024;

    /// <summary>The same before login, and the largest non-synchronising literal (RFC 7888 §5). Default 4 KiB.</summary>
    public int MaxSmallLiteralBytes { get; init; } = 4 * 1024;

    /// <summary>Failed logins before the session ends (L13). Default 3.</summary>
    public int MaxFailedLogins { get; init; } = 3;

    /// <summary>Bad commands before login before the session ends (L26). Default 5.</summary>
    public int MaxBadCommandsBeforeLogin { get; init; } = 5;

    /// <summary>Bad commands after login before the session ends (L26). Default 20.</summary>
    public int MaxBadCommands { get; init; } = 20;

    /// <summary>
    /// Entries of mailboxes opened lately that are kept for the next SELECT, all together, 24 bytes each; they go after 10 minutes.
    /// Default 250,000 (6 MB).
    /// </summary>
    public int RecentEntries { get; init; } = 250_000;

    /// <summary>How long one command may take to arrive before login. Default 60 s.</summary>
    public TimeSpan LoginTimeout { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>How long the peer may be silent after login; never below 30 min (RFC 9051 §5.4). Default 30 min.</summary>
    public TimeSpan IdleTimeout { get; init; } = TimeSpan.FromMinutes(30);

    /// <summary>How long the peer may leave output untaken. Default 2 min.</summary>
    public TimeSpan WriteTimeout { get; init; } = TimeSpan.FromMinutes(2);
}
