using Postreiter.Spam.Mail;

namespace Postreiter.Spam.Configuration;

/// <summary>How Perl reads the small things that a ruleset is made of: blanks, words, numbers.</summary>
internal static class Perl
{
    /// <summary>`\s` for octets.</summary>
    public static readonly char[] Blanks = [' ', '\t', '\n', '\v', '\f', '\r'];

    /// <summary>The words of a value.</summary>
    public static IEnumerable<string> Words(string value) => value.Split(Blanks, StringSplitOptions.RemoveEmptyEntries);

    /// <summary>The first word and the rest, without the blanks between.</summary>
    public static (string First, string Remainder) SplitOnce(string value)
    {
        var end = value.AsSpan().IndexOfAny(Blanks);
        return end < 0 ? (value, "") : (value[..end], value[end..].TrimStart(Blanks));
    }

    /// <summary>Whether a value is a decimal number: sign, digits, a fraction.</summary>
    public static bool IsNumber(ReadOnlySpan<char> value)
    {
        if (value.Length > 0 && value[0] is '+' or '-')
            value = value[1..];
        var point = value.IndexOf('.');
        var whole = point < 0 ? value : value[..point];
        var fraction = point < 0 ? default : value[(point + 1)..];
        return whole.Length > 0
            && !whole.ContainsAnyExceptInRange('0', '9')
            && !fraction.ContainsAnyExceptInRange('0', '9');
    }

    /// <summary>Whether a name may be a rule's: `[_A-Za-z][A-Za-z0-9_]*`, at most 127 octets where only the form is asked for.</summary>
    public static bool IsRuleName(ReadOnlySpan<char> name)
    {
        if (name.Length is 0 or > 128 || char.IsAsciiDigit(name[0]))
            return false;
        foreach (var octet in name)
        {
            if (!Octets.IsWord(octet))
                return false;
        }
        return true;
    }
}
