namespace Postreiter.Spam.Mail.Received;

/// <content>What a format's shape alone does not tell.</content>
internal static partial class GeneralFormats
{
    private static bool IsWithHttp(ReceivedLine line)
    {
        const string with = "with HTTP";
        for (var at = line.Text.IndexOf(with, StringComparison.Ordinal); at >= 0; )
        {
            var end = at + with.Length;
            if (
                (at == 0 || !Octets.IsWord(line.Text[at - 1]))
                && (end == line.Text.Length || !Octets.IsWord(line.Text[end]))
            )
                return true;
            at = line.Text.IndexOf(with, at + 1, StringComparison.Ordinal);
        }

        return false;
    }

    // The client's name has what an ident server said in front: IDENT:user@name or user@name.
    private static bool SplitIdent(ReceivedLine line)
    {
        if (QmailFormat.IsQmailLdap(line))
            return false;
        var at = line.Rdns.IndexOf('@');
        if (at < 0)
            return true;
        if (line.Rdns.StartsWith("IDENT:", StringComparison.Ordinal))
        {
            (line.Ident, line.Rdns) = (line.Rdns[6..at], line.Rdns[(at + 1)..]);
            at = line.Rdns.IndexOf('@');
        }

        if (at >= 0)
            (line.Ident, line.Rdns) = (line.Rdns[..at], line.Rdns[(at + 1)..]);
        return true;
    }

    private static bool ReadHotmail(ReceivedLine line)
    {
        const string domain = ".hotmail.msn.com";
        var text = line.Text.AsSpan();
        for (var at = text.IndexOf("by "); at >= 0; )
        {
            var word = text[(at + 3)..];
            var end = word.IndexOf(' ');
            if (end > domain.Length && word[..end].EndsWith(domain))
            {
                line.By = word[..end].ToString();
                var length = AddressText.Match(text, 0);
                if (length > 0 && text[length..] is [' ', ..])
                    line.Ip = text[..length].ToString();
                return true;
            }

            var next = text[(at + 1)..].IndexOf("by ");
            at = next < 0 ? -1 : at + 1 + next;
        }

        return false;
    }

    // The server's name ends where a word ends; courier writes softdnserr where it has no name for the client.
    private static bool EndByAtWord(ReceivedLine line)
    {
        var end = line.By.Length;
        while (end > 0 && !Octets.IsWord(line.By[end - 1]))
            end--;
        if (end == 0)
            return false;
        line.By = line.By[..end];
        line.LooksUpNames = line.Comment != "softdnserr";
        if (line.LooksUpNames)
            line.Rdns = line.Comment;
        return true;
    }

    private static bool ReadObtuse(ReceivedLine line)
    {
        line.Helo = line.Comment;
        if (line.Rdns != "UNKNOWN")
            line.LooksUpNames = true;
        return true;
    }
}
