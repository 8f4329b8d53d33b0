namespace Postreiter.Smtp.Server;

/// <summary>Where a session stands; a command names those it is allowed in.</summary>
[Flags]
internal enum SmtpPhases
{
    /// <summary>Before HELO, EHLO or LHLO.</summary>
    Start = 1,

    /// <summary>Greeted, no transaction open.</summary>
    Ready = 2,

    /// <summary>After MAIL.</summary>
    Transaction = 4,

    /// <summary>After the first BDAT, before the one with LAST (RFC 3030 §2).</summary>
    Chunks = 8,

    /// <summary>Anywhere.</summary>
    Any = Start | Ready | Transaction | Chunks,
}
