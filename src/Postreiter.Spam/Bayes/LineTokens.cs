using Postreiter.Spam.Mail;

namespace Postreiter.Spam.Bayes;

/// <summary>Where a line of text stands.</summary>
internal enum TextRegion
{
    /// <summary>In a header field.</summary>
    Header,

    /// <summary>In the text of the mail.</summary>
    Body,

    /// <summary>It is an address of the web.</summary>
    Uri,
}

/// <summary>Divides lines into the tokens that SpamAssassin counts. Octets; used by one thread at a time.</summary>
internal sealed class LineTokens(StopWords stopWords, int maxLength)
{
    private const int MostKept = 64 * 1024;
    private static readonly System.Buffers.SearchValues<char> Plain = System.Buffers.SearchValues.Create(
        "abcdefghijklmnopqrstuvwxyz0123456789_*"
    );
    private char[] _line = new char[4096];
    private char[] _other = new char[4096];

    // Whether chars are characters U+0000 to U+00FF, of which more are letters, and not octets of UTF-8.
    private bool _isCharacters;

    /// <summary>Whether it takes so little memory that it may be kept for other mails.</summary>
    public bool IsSmall => _line.Length <= MostKept;

    /// <summary>Adds the tokens of a line to a set.</summary>
    /// <param name="text">The line.</param>
    /// <param name="prefix">What stands before each token.</param>
    /// <param name="region">Where it stands.</param>
    /// <param name="set">The set.</param>
    /// <param name="isCharacters">Whether the line is characters and not octets: those above U+00FF divide words.</param>
    /// <returns>Tokens found, doubles and empty ones too.</returns>
    public int Add(ReadOnlySpan<char> text, string prefix, TextRegion region, TokenSet set, bool isCharacters = false)
    {
        _isCharacters = isCharacters;
        // A run of dots or hyphens that divides becomes longer by two blanks; it has five octets at least.
        if (_line.Length < (text.Length * 2) + 2)
            (_line, _other) = (new char[(text.Length * 2) + 2], new char[(text.Length * 2) + 2]);
        var length = KeepWords(text, _line);
        if (_line.AsSpan(0, length).IndexOf("...") >= 0)
            length = Divide(length, '.', 3, 6);
        if (_line.AsSpan(0, length).IndexOf("--") >= 0)
            length = Divide(length, '-', 2, 6);
        var line = _line.AsSpan(0, length);
        if (region != TextRegion.Header)
            LowerTitles(line);
        var found = 0;
        for (var at = 0; at < line.Length; )
        {
            // Words are short: what looks at many octets at once is no faster.
            var start = at;
            while (at < line.Length && line[at] != ' ')
                at++;
            var end = at++;
            while (start < end && IsTrimmed(line[start]))
                start++;
            while (end > start && IsTrimmed(line[end - 1]))
                end--;
            if (end - start < 3)
                continue;
            var word = line[start..end];
            if (!stopWords.Contains(word))
                found += AddWord(word, prefix, region, set);
        }

        return found;
    }

    private static bool IsTrimmed(char c) => c is '-' or '\'' or '"' or '.' or ',';

    private int AddWord(scoped ReadOnlySpan<char> word, string prefix, TextRegion region, TokenSet set)
    {
        // The usual word has nothing to be looked at.
        if (word.Length <= maxLength && (region == TextRegion.Header || !word.ContainsAnyExcept(Plain)))
        {
            set.Add(prefix, word);
            return 1;
        }

        var found = 0;
        if (region != TextRegion.Header)
            found = AddAddresses(word, set);
        Span<char> skipped = stackalloc char[3 + 28];
        if (word.Length > maxLength && !word.Contains('*'))
        {
            if (AddCharacters(word, prefix, set) is > 0 and var characters)
                return found + characters;
            if (region != TextRegion.Uri && SevenCharacters(word) is var kept && word.Length - kept >= 2)
            {
                "sk:".CopyTo(skipped);
                word[..kept].CopyTo(skipped[3..]);
                word = skipped[..(3 + kept)];
            }
        }

        if (region != TextRegion.Header)
            found += AddPlainForms(word, prefix, set);
        set.Add(prefix, word);
        return found + 1;
    }

    // Without punctuation, in lower case, and both.
    private int AddPlainForms(ReadOnlySpan<char> word, string prefix, TokenSet set)
    {
        var found = 0;
        Span<char> form = word.Length <= 64 ? stackalloc char[64] : new char[word.Length];
        var n = 0;
        foreach (var c in word)
        {
            if (IsWord(c) || c is ':' or '*')
                form[n++] = c;
        }

        var hasPunctuation = n < word.Length;
        if (hasPunctuation)
        {
            set.Add(prefix, form[..n]);
            found++;
        }

        if (!word.ContainsAnyInRange('A', 'Z'))
            return found;
        if (hasPunctuation)
        {
            Lower(form[..n], form);
            set.Add(prefix, form[..n]);
            found++;
        }

        Lower(word, form);
        set.Add(prefix, form[..word.Length]);
        return found + 1;
    }

    private void Lower(ReadOnlySpan<char> from, Span<char> to)
    {
        for (var i = 0; i < from.Length; i++)
            to[i] =
                from[i] is >= 'A' and <= 'Z' || (_isCharacters && from[i] is >= '\xC0' and <= '\xDE' and not '\xD7')
                    ? (char)(from[i] | 0x20)
                    : from[i];
    }

    private static int AddAddresses(ReadOnlySpan<char> word, TokenSet set)
    {
        if (MailAt(word) is > 0 and var at)
        {
            set.Add("U*", word[..at]);
            return 1 + AddDomains(word[(at + 1)..], "D*", set);
        }

        return HasDotBeforeLetter(word) ? AddDomains(word, "UD:", set) : 0;
    }

    /// <summary>The last at sign with something on both sides; −1 for none.</summary>
    public static int MailAt(ReadOnlySpan<char> word) =>
        word.Length < 3 ? -1
        : word[1..^1].LastIndexOf('@') is >= 0 and var at ? at + 1
        : -1;

    // The name, and what is left of it label by label; a label has an octet at least, and so has the rest.
    private static int AddDomains(ReadOnlySpan<char> name, string prefix, TokenSet set)
    {
        set.Add(prefix, name);
        var found = 1;
        while (name.IndexOf('.') is > 0 and var dot && dot < name.Length - 1)
        {
            name = name[(dot + 1)..];
            set.Add(prefix, name);
            found++;
        }

        return found;
    }

    private static bool HasDotBeforeLetter(ReadOnlySpan<char> word)
    {
        for (var i = 1; i < word.Length - 1; i++)
        {
            if (word[i] == '.' && char.IsAsciiLetter(word[i + 1]))
                return true;
        }

        return false;
    }

    private bool IsWord(char c) =>
        Octets.IsWord(c)
        || (_isCharacters && (c is '\xAA' or '\xB5' or '\xBA' or (>= '\xC0' and <= '\xFF' and not ('\xD7' or '\xF7'))));

    // A long word of another script is divided into its characters of three and four octets.
    private static int AddCharacters(ReadOnlySpan<char> word, string prefix, TokenSet set)
    {
        var found = 0;
        for (var i = 0; i + 3 <= word.Length; )
        {
            var length =
                word[i] is >= '\xE0' and <= '\xEF' && AreContinuations(word.Slice(i + 1, 2)) ? 3
                : word[i] is >= '\xF0' and <= '\xF4' && i + 4 <= word.Length && AreContinuations(word.Slice(i + 1, 3))
                    ? 4
                : 0;
            if (length == 0)
            {
                i++;
                continue;
            }

            set.Add(prefix.Length == 0 ? "u8:" : prefix + "u8:", word.Slice(i, length));
            found++;
            i += length;
        }

        return found;
    }

    private static bool AreContinuations(ReadOnlySpan<char> octets) => !octets.ContainsAnyExceptInRange('\x80', '\xBF');

    // Octets of the first seven characters; what is no UTF-8 counts octet by octet.
    private static int SevenCharacters(ReadOnlySpan<char> word)
    {
        var at = 0;
        for (var i = 0; i < 7 && at < word.Length; i++)
            at += CharacterLength(word[at..]) is > 0 and var length ? length : 1;
        return at;
    }

    // Of a whole UTF-8 sequence of two octets or more; 0 where there is none.
    private static int CharacterLength(ReadOnlySpan<char> text)
    {
        var length = text[0] switch
        {
            >= '\xC0' and <= '\xDF' => 2,
            >= '\xE0' and <= '\xEF' => 3,
            >= '\xF0' and <= '\xF4' => 4,
            _ => 0,
        };
        return length > 0 && length <= text.Length && AreContinuations(text[1..length]) ? length : 0;
    }

    private static int KeepWords(ReadOnlySpan<char> text, Span<char> line)
    {
        for (var i = 0; i < text.Length; )
        {
            var c = text[i];
            if (c < 0x80)
            {
                line[i++] = IsKept[c] ? c : ' ';
            }
            else if (CharacterLength(text[i..]) is > 0 and var length)
            {
                text.Slice(i, length).CopyTo(line[i..]);
                i += length;
            }
            else
            {
                line[i++] = c is >= '\xA1' and <= '\xFF' ? c : ' ';
            }
        }

        return text.Length;
    }

    private static readonly bool[] IsKept =
    [
        .. Enumerable
            .Range(0, 128)
            .Select(static c => char.IsAsciiLetterOrDigit((char)c) || ",@*!_'\"$. -".Contains((char)c)),
    ];

    // "a...b" is two words: a blank on each side of the run. A letter that ended one run does not begin the next. The line is copied
    // once, however many runs divide it.
    private int Divide(int length, char mark, int least, int most)
    {
        var line = _line;
        var (at, copied, divided) = (0, 0, 0);
        while (at < length)
        {
            var next = line.AsSpan(at, length - at).IndexOf(mark);
            if (next < 0)
                break;
            var start = at + next;
            var end = start;
            while (end < length && line[end] == mark)
                end++;
            var run = end - start;
            if (
                run < least
                || run > most
                || start == at
                || end >= length
                || !IsWord(line[start - 1])
                || !IsWord(line[end])
            )
            {
                at = end;
                continue;
            }

            Copy(start);
            _other[divided++] = ' ';
            Copy(end);
            _other[divided++] = ' ';
            // Behind the letter.
            at = end + 1;
        }

        if (copied == 0)
            return length;
        Copy(length);
        (_line, _other) = (_other, _line);
        return divided;

        void Copy(int end)
        {
            line.AsSpan(copied, end - copied).CopyTo(_other.AsSpan(divided));
            divided += end - copied;
            copied = end;
        }
    }

    // The capital that begins a sentence, where the next capital is a word or more away. A sentence that is looked at takes its
    // last blank with it, so that one right behind it is none.
    private static void LowerTitles(Span<char> line)
    {
        var at = 0;
        if (line.IsEmpty)
            return;
        if (char.IsAsciiLetterUpper(line[0]))
            at = LowerTitle(line, 0);
        while (at < line.Length)
        {
            var dot = line[at..].IndexOf('.');
            if (dot < 0)
                return;
            var capital = at + dot + 1;
            while (capital < line.Length && line[capital] == ' ')
                capital++;
            if (capital < line.Length && capital > at + dot + 1 && char.IsAsciiLetterUpper(line[capital]))
                at = Math.Max(LowerTitle(line, capital), at + dot + 1);
            else
                at += dot + 1;
        }
    }

    // Where to go on; 0 where the capital stays.
    private static int LowerTitle(Span<char> line, int capital)
    {
        var rest = line[(capital + 1)..];
        var next = rest.IndexOfAnyInRange('A', 'Z');
        var end = next < 0 ? rest.Length : rest[..next].LastIndexOf(' ');
        if (end < 1)
            return 0;
        line[capital] = (char)(line[capital] | 0x20);
        return next < 0 ? line.Length : capital + 1 + end + 1;
    }
}
