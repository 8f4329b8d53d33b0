using System.Text;

namespace Postreiter.Spam.Text.Html;

/// <summary>Resolves the reference of a link against a base (RFC 3986 §5.2), and forgives what browsers forgive.</summary>
internal readonly ref struct UriReference
{
    private UriReference(ReadOnlySpan<char> text)
    {
        var colon = text.IndexOfAny(":/?#");
        if (colon > 0 && text[colon] == ':')
        {
            Scheme = text[..colon];
            HasScheme = true;
            text = text[(colon + 1)..];
        }

        if (text.StartsWith("//"))
        {
            text = text[2..];
            var end = text.IndexOfAny("/?#");
            end = end < 0 ? text.Length : end;
            Authority = text[..end];
            HasAuthority = true;
            text = text[end..];
        }

        var path = text.IndexOfAny("?#");
        path = path < 0 ? text.Length : path;
        Path = text[..path];
        text = text[path..];
        if (text is ['?', ..])
        {
            var query = text.IndexOf('#');
            query = query < 0 ? text.Length : query;
            Query = text[1..query];
            HasQuery = true;
            text = text[query..];
        }

        if (text is ['#', ..])
        {
            var line = text.IndexOf('\n');
            Fragment = line < 0 ? text[1..] : text[1..line];
            HasFragment = true;
        }
    }

    private ReadOnlySpan<char> Scheme { get; }

    private bool HasScheme { get; }

    private ReadOnlySpan<char> Authority { get; }

    private bool HasAuthority { get; }

    private ReadOnlySpan<char> Path { get; }

    private ReadOnlySpan<char> Query { get; }

    private bool HasQuery { get; }

    private ReadOnlySpan<char> Fragment { get; }

    private bool HasFragment { get; }

    /// <summary>The address that a reference means.</summary>
    /// <param name="against">The base; "" for none.</param>
    /// <param name="text">The reference.</param>
    public static string Resolve(string against, string text)
    {
        var reference = new UriReference(text);
        var start = new UriReference(against);
        // A scheme like that of the base is as if it were not there (RFC 3986 §5.2.2, not strict).
        var isAbsolute = reference.HasScheme && !(start.HasScheme && reference.Scheme.SequenceEqual(start.Scheme));
        var scheme = isAbsolute ? reference.Scheme : start.Scheme;
        var hasScheme = isAbsolute || start.HasScheme;
        var ownsAuthority = isAbsolute || reference.HasAuthority;
        var authority = ownsAuthority ? reference.Authority : start.Authority;
        var hasAuthority = ownsAuthority ? reference.HasAuthority : start.HasAuthority;
        var (query, hasQuery) = (reference.Query.ToString(), reference.HasQuery);
        string path;
        if (ownsAuthority || reference.Path is ['/', ..])
        {
            path = RemoveDots(reference.Path);
        }
        else if (!reference.Path.IsEmpty)
        {
            path = RemoveDots(Merge(start, reference.Path));
        }
        else
        {
            path = start.Path.ToString();
            if (!hasQuery)
                (query, hasQuery) = (start.Query.ToString(), start.HasQuery);
        }

        var to = new StringBuilder();
        if (hasScheme && scheme is not "0")
            to.Append(scheme).Append(':');
        else if (hasAuthority)
            to.Append(Guess(authority));
        if (hasAuthority)
            to.Append("//").Append(authority);
        to.Append(path);
        if (hasQuery)
            to.Append('?').Append(query);
        if (reference.HasFragment)
            to.Append('#').Append(reference.Fragment);
        return to.ToString();
    }

    // www.example.org without a scheme is what people click on.
    private static string Guess(ReadOnlySpan<char> authority)
    {
        foreach (var (name, scheme) in (ReadOnlySpan<(string, string)>)[("www", "http:"), ("ftp", "ftp:")])
        {
            if (!authority.StartsWith(name, StringComparison.OrdinalIgnoreCase))
                continue;
            var rest = authority[3..];
            var digits = rest.IndexOfAnyExceptInRange('0', '9');
            if (digits >= 0 && rest[digits] == '.')
                return scheme;
        }

        return "";
    }

    private static string Merge(UriReference start, ReadOnlySpan<char> path)
    {
        if (start.HasAuthority && start.Path is "" or "0")
            return $"/{path}";
        var slash = start.Path.LastIndexOf('/');
        return string.Concat(start.Path[..(slash + 1)], path);
    }

    // RFC 3986 §5.2.4
    private static string RemoveDots(ReadOnlySpan<char> path)
    {
        if (path.StartsWith("./") || path.StartsWith("../"))
            path = path[(path[1] == '.' ? 2 : 1)..];
        if (path is "0")
            return "";
        if (!path.Contains('.'))
            return path.ToString();
        var to = new StringBuilder(path.Length);
        while (!path.IsEmpty)
        {
            var next = path[1..].IndexOf('/');
            var segment = next < 0 ? path : path[..(next + 1)];
            if (segment is "/." or "/..")
            {
                if (segment is "/..")
                    to.Length = LastSlash(to);
                path = next < 0 ? "/" : path[(next + 1)..];
                continue;
            }

            to.Append(segment);
            path = path[segment.Length..];
        }

        return to.ToString();
    }

    private static int LastSlash(StringBuilder text)
    {
        for (var i = text.Length - 1; i >= 0; i--)
        {
            if (text[i] == '/')
                return i;
        }

        return 0;
    }
}
