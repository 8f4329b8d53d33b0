namespace Postreiter.Spam.Mail;

/// <summary>Whether a text could be the name of a host in the DNS (RFC 1035 §2.3.1, with "_" in front of the last two labels).</summary>
public static class HostName
{
    /// <summary>Two labels at least, each of 1 to 63 letters, digits, hyphens inside, underscores only from the third label on.</summary>
    public static bool IsValid(ReadOnlySpan<char> host)
    {
        host = host.TrimEnd('.');
        if (host.Length > 253)
            return false;
        var labels = host.Count('.') + 1;
        if (labels < 2)
            return false;
        foreach (var range in host.Split('.'))
        {
            var label = host[range];
            if (label.Length is 0 or > 63 || !IsEdge(label[0]) || !IsEdge(label[^1]))
                return false;
            foreach (var c in label)
            {
                if (!IsEdge(c) && c != '-')
                    return false;
            }

            if (labels-- <= 2 && label.Contains('_'))
                return false;
        }

        return true;
    }

    private static bool IsEdge(char c) => char.IsAsciiLetterOrDigit(c) || c == '_';
}
