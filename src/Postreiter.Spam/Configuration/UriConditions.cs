using Postreiter.Spam.Mail;
using Postreiter.Spam.Patterns;

namespace Postreiter.Spam.Configuration;

/// <summary>Reads the conditions of `uri_detail`: `field =~ /…/ field !~ /…/`.</summary>
internal static class UriConditions
{
    private static readonly string[] Fields = ["raw", "type", "cleaned", "text", "domain", "host"];

    /// <summary>Reads them.</summary>
    /// <returns>Null and the fault, for people. Of two conditions on one field the last counts, as in the original.</returns>
    public static List<UriCondition>? Read(string text, out string fault)
    {
        fault = "";
        var found = new List<UriCondition>();
        for (var at = 0; at < text.Length; )
        {
            if (!TryReadHead(text, ref at, out var field, out var isNegated))
                break;
            if (!Fields.Contains(field))
            {
                fault = $"{field} is no part of a URI: {string.Join(", ", Fields)}";
                return null;
            }
            var end = PatternEnd(text, at);
            if (end < 0)
                break;
            if (!OctetPattern.TryParse(text[at..end], out var pattern, out var error))
            {
                fault = error;
                return null;
            }
            found.RemoveAll(one => one.Field == field);
            found.Add(new UriCondition(field, isNegated, pattern));
            at = end;
        }
        if (found.Count > 0)
            return found;
        fault = "uri_detail takes conditions such as domain =~ /pattern/";
        return null;
    }

    private static bool TryReadHead(string text, ref int at, out string field, out bool isNegated)
    {
        (field, isNegated) = ("", false);
        var tilde = at;
        while ((tilde = text.IndexOf('~', tilde)) > 0)
        {
            if (text[tilde - 1] is '=' or '!')
            {
                var end = tilde - 1;
                while (end > at && Octets.IsBlank(text[end - 1]))
                    end--;
                var start = end;
                while (start > at && Octets.IsWord(text[start - 1]))
                    start--;
                if (start < end)
                {
                    (field, isNegated) = (text[start..end], text[tilde - 1] == '!');
                    at = tilde + 1;
                    while (at < text.Length && Octets.IsBlank(text[at]))
                        at++;
                    return true;
                }
            }
            tilde++;
        }
        return false;
    }

    // The shortest text in delimiters, modifiers after it, that is followed by a blank or the end.
    private static int PatternEnd(string text, int at)
    {
        var open =
            at < text.Length && text[at] == '/' ? at
            : at + 1 < text.Length && text[at] == 'm' && !Octets.IsWord(text[at + 1]) ? at + 1
            : -1;
        if (open < 0)
            return -1;
        for (var close = open; (close = text.IndexOf(text[open], close + 1)) >= 0; )
        {
            var end = close + 1;
            while (end < text.Length && text[end] is 'i' or 'm' or 's' or 'x')
                end++;
            if (end == text.Length || Octets.IsBlank(text[end]))
                return end;
        }
        return -1;
    }
}
