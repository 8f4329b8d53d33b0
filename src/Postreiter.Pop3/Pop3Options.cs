namespace Postreiter.Pop3;

/// <summary>How the POP3 server behaves; one record serves all its listeners.</summary>
public sealed record Pop3Options
{
    /// <summary>Name in the greeting. No default.</summary>
    public required string Hostname { get; init; }

    /// <summary>Whether passwords may cross a connection without TLS (P13). Default false.</summary>
    public bool AllowPlaintextAuth { get; init; }

    /// <summary>Longest wait for a command. Default 10 minutes, the least that RFC 1939 §3 allows.</summary>
    public TimeSpan CommandTimeout { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>Longest wait for the peer to take output (L29). Default 2 minutes.</summary>
    public TimeSpan WriteTimeout { get; init; } = TimeSpan.FromMinutes(2);

    /// <summary>Longest command line in octets with CRLF (L27). Default 512; RFC 2449 §4 asks for 255.</summary>
    public int MaxLineLength { get; init; } = 512;

    /// <summary>A line of more octets ends the session (L27). Default 4 KiB.</summary>
    public int MaxDiscardedLineLength { get; init; } = 4 * 1024;

    /// <summary>Longest answer to a SASL challenge in octets with CRLF, as L1 has it for SMTP. Default 12,288.</summary>
    public int MaxSaslLineLength { get; init; } = 12 * 1024;

    /// <summary>Bad commands before log-in; this one ends the session (L26). Default 5.</summary>
    public int MaxErrorsBeforeLogin { get; init; } = 5;

    /// <summary>Bad commands after log-in; this one ends the session (L26). Default 20.</summary>
    public int MaxErrorsAfterLogin { get; init; } = 20;

    /// <summary>Failed log-ins; this one ends the session (L13). Default 3.</summary>
    public int MaxFailedLogins { get; init; } = 3;
}
