using Postreiter.Spam.Mail;

namespace Postreiter.Spam.Uris;

/// <summary>A URI of http or https in pieces.</summary>
/// <param name="Scheme">With its slashes, as written.</param>
/// <param name="Login">What stands before the first @, with it; or empty.</param>
/// <param name="Host">The host, not empty.</param>
/// <param name="Port">Digits behind the colon; or empty.</param>
/// <param name="Rest">What follows the host, the port too.</param>
internal sealed record UriParts(string Scheme, string Login, string Host, string Port, string Rest)
{
    public static UriParts? TryRead(string uri)
    {
        var slashes = uri.IndexOf("://", StringComparison.Ordinal);
        if (
            slashes is not (4 or 5)
            || !Octets.EqualsIgnoreCase(uri.AsSpan(0, slashes), slashes == 4 ? "http" : "https")
        )
            return null;
        var start = slashes + 3;
        var end = uri.AsSpan(start).IndexOfAny('/', '?', '#');
        var authority = end < 0 ? uri.AsSpan(start) : uri.AsSpan(start, end);
        var at = authority.IndexOf('@') + 1;
        var host = BeforeColon(authority[at..]);
        // An empty host behind the @: the @ and what is before it is the host then.
        if (host.IsEmpty && at > 0)
        {
            at = 0;
            host = BeforeColon(authority);
        }

        if (host.IsEmpty)
            return null;
        var rest = uri[(start + at + host.Length)..];
        var digits = rest is [':', ..] ? rest.AsSpan(1).IndexOfAnyExceptInRange('0', '9') : 0;
        var port = rest is not [':', ..] ? "" : rest[1..(digits < 0 ? rest.Length : digits + 1)];
        return new UriParts(uri[..start], authority[..at].ToString(), host.ToString(), port, rest);
    }

    private static ReadOnlySpan<char> BeforeColon(ReadOnlySpan<char> authority)
    {
        var colon = authority.IndexOf(':');
        return colon < 0 ? authority : authority[..colon];
    }
}
