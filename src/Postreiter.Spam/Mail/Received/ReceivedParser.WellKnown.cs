namespace Postreiter.Spam.Mail.Received;

/// <content>What is read of a field whatever its format: the greeting, the sender, the address in brackets.</content>
internal static partial class ReceivedParser
{
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

        line.Helo = FindHelo(text, "helo=") ?? FindHelo(text, "HELO ", "EHLO ") ?? "";
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

    private static string? FindHelo(ReadOnlySpan<char> text, params ReadOnlySpan<string> keys)
    {
        for (var at = 0; at < text.Length; at++)
        {
            if (at > 0 && Octets.IsWord(text[at - 1]))
                continue;
            foreach (var key in keys)
            {
                if (text[at] != key[0] || !text[at..].StartsWith(key))
                    continue;
                var rest = text[(at + key.Length)..];
                var length = rest.IndexOfAnyExcept(HeloChars);
                if (length < 0)
                    length = rest.Length;
                if (length > 0)
                    return rest[..length].ToString();
            }
        }

        return null;
    }

    // "envelope-from <x>", "envelope-sender=x", "Return-Path: x", up to the last letter of the word.
    private static string? FindEnvelopeFrom(string text)
    {
        for (var at = 0; at < text.Length; at++)
        {
            var rest = text.AsSpan(at);
            if ((rest[0] | 0x20) is not ('r' or 'e'))
                continue;
            if (EnvelopeKey(rest) is var key && key == 0)
                continue;
            var word = rest[key..];
            var end = word.IndexOf(' ');
            if (end < 0)
                end = word.Length;
            while (end > 0 && Octets.IsWord(word[end - 1]) == (end < word.Length && Octets.IsWord(word[end])))
                end--;
            if (end > 0)
                return word[..end].ToString();
        }

        return null;
    }

    private static int EnvelopeKey(ReadOnlySpan<char> text)
    {
        foreach (
            var key in (ReadOnlySpan<string>)
                [
                    "envelope-sender ",
                    "envelope-sender=",
                    "envelope-from ",
                    "envelope-from=",
                    "return-path: ",
                    "return-path ",
                ]
        )
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
