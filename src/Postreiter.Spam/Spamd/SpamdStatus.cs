namespace Postreiter.Spam.Spamd;

/// <summary>The status codes of the spamd protocol, which are those of sysexits.h.</summary>
internal static class SpamdStatus
{
    /// <summary>EX_DATAERR: the mail cannot be taken.</summary>
    public const int DataError = 65;

    /// <summary>EX_UNAVAILABLE: not offered here, or not at the moment.</summary>
    public const int Unavailable = 69;

    /// <summary>EX_SOFTWARE: a fault of ours.</summary>
    public const int Software = 70;

    /// <summary>EX_TEMPFAIL: too much to do, try again.</summary>
    public const int TemporaryFailure = 75;

    /// <summary>EX_PROTOCOL: the request is broken.</summary>
    public const int Protocol = 76;

    /// <summary>EX_TIMEOUT, the protocol's own: it took too long.</summary>
    public const int Timeout = 79;
}
