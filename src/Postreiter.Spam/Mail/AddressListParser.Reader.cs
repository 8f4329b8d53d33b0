namespace Postreiter.Spam.Mail;

/// <content>Reads one item of a list after the other.</content>
internal static partial class AddressListParser
{
    private sealed class Reader(string text)
    {
        private int _steps;

        public int At { get; private set; }

        public bool TryNext(out Item item)
        {
            item = default;
            var start = SkipBlanks(At);
            return start < text.Length
                && (TryBracketed(start, out item) || TryPlain(start, out item) || TryBlank(start, out item));
        }

        // A comma or semicolon with nothing but blanks before it: a name that is a blank.
        private bool TryBlank(int start, out Item item)
        {
            item = default;
            if (start == At || text[start] is not (',' or ';'))
                return false;
            item = new Item(text[(start - 1)..start], null, false, null);
            At = start + 1;
            return true;
        }

        private bool TryBracketed(int start, out Item item)
        {
            item = default;
            var phrase = start + PhraseUnits(start, null);
            var open = SkipBlanks(phrase);
            string? name = phrase > start ? text[start..phrase] : null;
            if (open >= text.Length || text[open] != '<')
                return false;
            foreach (var (from, to, close) in BracketContents(SkipBlanks(open + 1)))
            {
                if (TryTailAfterDuplicates(close, 0, out var end, out var comment))
                {
                    At = end;
                    item = new Item(name, text[from..to], true, comment);
                    return true;
                }

                if (_steps > MaxSteps)
                    return false;
            }

            return false;
        }

        private bool TryPlain(int start, out Item item)
        {
            item = default;
            var length = MatchAddress(text, start);
            if (length > 0 && TryTail(start + length, out var end, out var comment))
            {
                At = end;
                item = new Item(null, text.Substring(start, length), false, comment);
                return true;
            }

            var units = new List<int>();
            PhraseUnits(start, units);
            for (var i = units.Count - 1; i >= 0; i--)
            {
                if (!TryTail(units[i], out end, out comment))
                    continue;
                At = end;
                item = new Item(text[start..units[i]], null, false, comment);
                return true;
            }

            return false;
        }

        // A phrase is quoted strings and runs of what does not divide; the ends of its units are noted.
        private int PhraseUnits(int start, List<int>? ends)
        {
            var at = start;
            while (at < text.Length)
            {
                var length = text[at] == '"' ? MatchQuoted(text, at) : text.AsSpan(at).IndexOfAny(NotInPhrase);
                if (length < 0)
                    length = text.Length - at;
                if (length == 0)
                    break;
                at += length;
                ends?.Add(at);
            }

            return at - start;
        }

        // What may stand in the brackets: up to any ">" of the run without blanks that holds the at sign, the last one first.
        private IEnumerable<(int From, int To, int Close)> BracketContents(int from)
        {
            var stop = text.AsSpan(from).IndexOfAny('>', '@');
            if (stop < 0)
                yield break;
            stop += from;
            if (text[stop] == '>')
            {
                // Without an at sign the brackets end at their ">", or at a later one that no blank divides from it.
                foreach (var close in Closes(stop, stop + 1))
                    yield return close with
                    {
                        From = from,
                    };
                var content = stop;
                while (content > from && Octets.IsBlank(text[content - 1]))
                    content--;
                yield return (from, content, stop + 1);
                yield break;
            }

            foreach (var close in Closes(stop, stop + 1))
                yield return close with
                {
                    From = from,
                };
        }

        private IEnumerable<(int From, int To, int Close)> Closes(int run, int min)
        {
            var length = text.AsSpan(run).IndexOfAny(Octets.Blanks);
            var end = length < 0 ? text.Length : run + length;
            var behind = SkipBlanks(end);
            if (end >= min && behind < text.Length && text[behind] == '>')
                yield return (run, end, behind + 1);
            for (var at = end - 1; at >= min; at--)
            {
                _steps++;
                if (text[at] == '>')
                    yield return (run, at, at + 1);
            }
        }

        // Some programs write the address in brackets twice.
        private bool TryTailAfterDuplicates(int at, int level, out int end, out string? comment)
        {
            (end, comment) = (0, null);
            if (++_steps > MaxSteps)
                return false;
            var open = SkipBlanks(at);
            if (level < MaxDuplicates && open < text.Length && text[open] == '<')
            {
                var from = SkipBlanks(open + 1);
                if (from < text.Length && text[from] == '"' && MatchQuoted(text, from) is var quoted and > 0)
                {
                    foreach (var (_, _, close) in Closes(from + quoted, from + quoted + 1))
                    {
                        if (TryTailAfterDuplicates(close, level + 1, out end, out comment))
                            return true;
                    }
                }

                foreach (var (_, _, close) in Closes(from, from + 1))
                {
                    if (TryTailAfterDuplicates(close, level + 1, out end, out comment))
                        return true;
                }

                if (
                    from < text.Length
                    && text[from] == '>'
                    && TryTailAfterDuplicates(from + 1, level + 1, out end, out comment)
                )
                    return true;
            }

            return TryTail(at, out end, out comment);
        }

        // A comment, then a comma, a semicolon or the end.
        private bool TryTail(int at, out int end, out string? comment)
        {
            (end, comment) = (0, null);
            if (++_steps > MaxSteps)
                return false;
            var open = SkipBlanks(at);
            if (open < text.Length && text[open] == '(' && MatchComment(text, open) is var length and > 0)
            {
                var behind = SkipBlanks(open + length);
                if (behind == text.Length || text[behind] is ',' or ';')
                {
                    comment = text[(open + 1)..(open + length - 1)];
                    end = Math.Min(text.Length, behind + 1);
                    return true;
                }
            }

            if (open < text.Length && text[open] is not (',' or ';'))
                return false;
            end = Math.Min(text.Length, open + 1);
            return true;
        }

        private int SkipBlanks(int at)
        {
            while (at < text.Length && Octets.IsBlank(text[at]))
                at++;
            return at;
        }
    }
}
