using System.Buffers;

namespace Postreiter.Spam.Mail.Received;

/// <content>What is read of a field whatever its format: the greeting, the sender, the address in brackets.</content>
internal static partial class ReceivedParser
{
    private static readonly SearchValues<string> HeloWords = SearchValues.Create(["helo="], StringComparison.Ordinal);

    private static readonly SearchValues<string> GreetingWords = SearchValues.Create(
        ["HELO ", "EHLO "],
        StringComparison.Ordinal
    );

    private static readonly string[] EnvelopeWords =
    [
        "envelope-sender ",
        "envelope-sender=",
        "envelope-from ",
        "envelope-from=",
        "return-path: ",
        "return-path ",
    ];

    private static readonly SearchValues<string> EnvelopeKeys = SearchValues.Create(
        EnvelopeWords,
        StringComparison.OrdinalIgnoreCase
    );

    // What nearly all servers write alike: " id x", "helo=x" or "HELO x", " by x".
    private static void ReadWellKnown(ReceivedLine line)
    {
        var text = line.Text.AsSpan();
        for (var at = text.IndexOf(" id "); at >= 0; at = Next(text, at, " id "))
        {
            var rest = text[(at + 4)..];
            if (rest is ['<', ..])
                rest = rest[1..];
            var length = rest.IndexOfAny(NotInId);
            if (length < 0)
                length = rest.Length;
            if (length < 3)
                continue;
            line.Id = rest[..length].ToString();
            break;
        }

        line.Helo = FindHelo(text, HeloWords) ?? FindHelo(text, GreetingWords) ?? "";
        for (var at = text.IndexOf(" by "); at >= 0; at = Next(text, at, " by "))
        {
            var rest = text[(at + 4)..];
            var length = rest.IndexOf(' ');
            if (length < 0)
                length = rest.Length;
            if (length == 0)
                continue;
            line.By = rest[..length].ToString();
            break;
        }
    }

    // What stands behind one of the keys, which begin a word; all have five octets.
    private static string? FindHelo(ReadOnlySpan<char> text, SearchValues<string> keys)
    {
        for (var at = text.IndexOfAny(keys); at >= 0; )
        {
            if (at == 0 || !Octets.IsWord(text[at - 1]))
            {
                var rest = text[(at + 5)..];
                var length = rest.IndexOfAnyExcept(HeloChars);
                if (length < 0)
                    length = rest.Length;
                if (length > 0)
                    return rest[..length].ToString();
            }

            var next = text[(at + 1)..].IndexOfAny(keys);
            at = next < 0 ? -1 : at + 1 + next;
        }

        return null;
    }

    // "envelope-from <x>", "envelope-sender=x", "Return-Path: x", up to the last letter of the word.
    private static string? FindEnvelopeFrom(ReadOnlySpan<char> text)
    {
        for (var at = text.IndexOfAny(EnvelopeKeys); at >= 0; )
        {
            var word = text[(at + EnvelopeKey(text[at..]))..];
            var end = word.IndexOf(' ');
            if (end < 0)
                end = word.Length;
            while (end > 0 && Octets.IsWord(word[end - 1]) == (end < word.Length && Octets.IsWord(word[end])))
                end--;
            if (end > 0)
                return word[..end].ToString();
            var next = text[(at + 1)..].IndexOfAny(EnvelopeKeys);
            at = next < 0 ? -1 : at + 1 + next;
        }

        return null;
    }

    private static int EnvelopeKey(ReadOnlySpan<char> text)
    {
        foreach (var key in EnvelopeWords)
        {
            if (text.StartsWith(key, StringComparison.OrdinalIgnoreCase))
                return key.Length;
        }

        return 0;
    }

    private static void FindBracketed(ReceivedLine line)
    {
        var text = line.Text.AsSpan();
        for (var at = text.IndexOf('['); at >= 0; at = Next(text, at, "["))
        {
            var length = AddressText.Match(text, at + 1);
            if (length == 0 || text[(at + 1 + length)..] is not [']', ..])
                continue;
            line.Ip = text.Slice(at + 1, length).ToString();
            return;
        }
    }
}
