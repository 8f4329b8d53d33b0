using Postreiter.Spam.Mail;

namespace Postreiter.Spam.Configuration;

/// <summary>Cuts an expression of `meta` or `if` into tokens, as the original does: what is no token is passed over.</summary>
internal static class ExpressionLexer
{
    /// <summary>The tokens: numbers with their signs, names, operators.</summary>
    public static List<string> Tokens(string text)
    {
        var tokens = new List<string>();
        for (var at = 0; at < text.Length; )
        {
            var length = Length(text, at);
            if (length > 0)
                tokens.Add(text.Substring(at, length));
            at += Math.Max(length, 1);
        }
        return tokens;
    }

    private static int Length(string text, int at)
    {
        var octet = text[at];
        if (octet is '-' or '+' or '.' || char.IsAsciiDigit(octet))
            return Run(text, at, static one => one is '-' or '+' or '.' || char.IsAsciiDigit(one));
        if (Octets.IsWord(octet))
            return Run(text, at, static one => Octets.IsWord(one) || one == ':');
        var next = at + 1 < text.Length ? text[at + 1] : '\0';
        return octet switch
        {
            '(' or ')' or '^' or '*' or '/' or '?' or ':' => 1,
            '|' or '&' => next == octet ? 2 : 0,
            '!' or '>' or '<' => next == '=' ? 2 : 1,
            '=' => next == '=' ? 2 : 0,
            _ => 0,
        };
    }

    private static int Run(string text, int at, Func<char, bool> belongs)
    {
        var end = at;
        while (end < text.Length && belongs(text[end]))
            end++;
        return end - at;
    }
}
