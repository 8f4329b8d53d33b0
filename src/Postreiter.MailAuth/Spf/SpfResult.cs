using System.Net;

namespace Postreiter.MailAuth.Spf;

/// <summary>The seven results of <c>check_host()</c> (RFC 7208 §2.6).</summary>
public enum SpfResult
{
    /// <summary>No usable domain, or it publishes no record.</summary>
    None,

    /// <summary>The domain states nothing about this client.</summary>
    Neutral,

    /// <summary>The client may send for the domain.</summary>
    Pass,

    /// <summary>The client may not.</summary>
    Fail,

    /// <summary>It probably may not.</summary>
    SoftFail,

    /// <summary>DNS did not answer; later it may.</summary>
    TempError,

    /// <summary>The records cannot be understood or ask for too much.</summary>
    PermError,
}

/// <summary>What is to be checked.</summary>
/// <param name="Client">Address of the sending host; an IPv4-mapped one counts as IPv4.</param>
/// <param name="MailFrom">The reverse path without brackets; empty for the null sender, which is checked as postmaster@HELO (RFC 7208 §2.4).</param>
/// <param name="Helo">The argument of HELO or EHLO as it was given.</param>
/// <param name="Receiver">This host's name, for the macro <c>%{r}</c>.</param>
public sealed record SpfRequest(IPAddress Client, string MailFrom, string Helo, string Receiver = "unknown");

/// <summary>The result with its reasons.</summary>
/// <param name="Result">The result.</param>
/// <param name="Domain">The domain whose authority was asked.</param>
/// <param name="Reason">For people: the term that decided and where it stands, or what is wrong.</param>
/// <param name="Explanation">On <see cref="SpfResult.Fail"/> the domain's own text (<c>exp=</c>), ASCII, bounded; otherwise null. It is a stranger's text.</param>
/// <param name="Lookups">Every question asked, in order, as <c>TYPE name: how it was answered</c>.</param>
public sealed record SpfOutcome(
    SpfResult Result,
    string Domain,
    string Reason,
    string? Explanation,
    IReadOnlyList<string> Lookups
);

/// <summary>L18: what one evaluation may cost (RFC 7208 §4.6.4).</summary>
public sealed record SpfLimits
{
    /// <summary>Terms that ask the DNS (include, a, mx, ptr, exists, redirect). Default 10.</summary>
    public int MaxLookups { get; init; } = 10;

    /// <summary>Questions that are answered with nothing. Default 2.</summary>
    public int MaxVoidLookups { get; init; } = 2;

    /// <summary>Names of one MX, and of one PTR answer. Default 10.</summary>
    public int MaxNames { get; init; } = 10;

    /// <summary>The whole evaluation. Default 20 s.</summary>
    public TimeSpan Budget { get; init; } = TimeSpan.FromSeconds(20);
}
