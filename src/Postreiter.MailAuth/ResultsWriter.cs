using System.Buffers;
using System.Globalization;
using System.Text;

namespace Postreiter.MailAuth;

/// <summary>Writes Authentication-Results fields.</summary>
internal static class ResultsWriter
{
    /// <summary>Longest value in characters, whoever wrote it; an address has 320 at most.</summary>
    public const int MaxValue = 330;

    private const int MaxLine = 78;

    // token of RFC 2045 §5.1.
    private static readonly SearchValues<char> Token = SearchValues.Create(
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789!#$%&'*+-.^_`{|}~"
    );

    private static readonly SearchValues<char> AtomText = SearchValues.Create(
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789!#$%&'*+-/=?^_`{|}~."
    );

    /// <summary>The field with its CRLF.</summary>
    public static string Write(AuthenticationResults results, string name, int? instance, bool allowUtf8)
    {
        var field = new Folded(name + ":");
        if (instance is { } number)
            field.Add(string.Create(CultureInfo.InvariantCulture, $"i={number};"));
        field.Add(Value(results.AuthservId, allowUtf8) + ";");
        if (results.Results.Count == 0)
            field.Add("none");
        for (var i = 0; i < results.Results.Count; i++)
        {
            var result = results.Results[i];
            field.NewLine();
            field.Add($"{Word(result.Method)}={Word(result.Result)}");
            if (result.Comment.Length > 0)
                field.Add(Comment(result.Comment));
            if (result.Reason.Length > 0)
                field.Add("reason=" + Quoted(result.Reason, allowUtf8: false));
            foreach (var property in result.Properties)
                field.Add($"{Word(property.Type)}.{Word(property.Name)}={PropertyValue(property.Value, allowUtf8)}");
            if (i < results.Results.Count - 1)
                field.Append(";");
        }

        return field.ToString();
    }

    /// <summary><c>value</c>: a token, else a quoted string.</summary>
    private static string Value(string text, bool allowUtf8) =>
        text.Length is > 0 and <= MaxValue && !text.AsSpan().ContainsAnyExcept(Token) ? text : Quoted(text, allowUtf8);

    // pvalue = value / [ [ local-part ] "@" ] domain-name
    private static string PropertyValue(string text, bool allowUtf8)
    {
        var at = text.LastIndexOf('@');
        var isAddress =
            at >= 0
            && text.Length <= MaxValue
            && at < text.Length - 1
            && !text.AsSpan(0, at).ContainsAnyExcept(AtomText)
            && !text.AsSpan(at + 1).ContainsAnyExcept(Token);
        return isAddress ? text : Value(text, allowUtf8);
    }

    // RFC 5322 §3.2.4. Each character becomes two at most, so no line passes 998.
    private static string Quoted(string text, bool allowUtf8)
    {
        var result = new StringBuilder(text.Length + 2).Append('"');
        var taken = 0;
        foreach (var rune in text.EnumerateRunes())
        {
            if (taken++ >= MaxValue)
                break;
            if (rune.Value is '"' or '\\')
                result.Append('\\').Append((char)rune.Value);
            else if (rune.Value is >= ' ' and <= '~')
                result.Append((char)rune.Value);
            // In UTF-8 a line still holds 998 octets only (RFC 6532 §3.4).
            else if (allowUtf8 && IsHarmless(rune) && (taken += rune.Utf8SequenceLength - 1) <= MaxValue)
                result.Append(rune);
            else
                result.Append('?');
        }

        return result.Append('"').ToString();
    }

    private static bool IsHarmless(Rune rune) =>
        rune.Value > 0x9F
        && rune.Value != 0xFFFD
        && Rune.GetUnicodeCategory(rune)
            is not (
                UnicodeCategory.Format
                or UnicodeCategory.LineSeparator
                or UnicodeCategory.ParagraphSeparator
                or UnicodeCategory.OtherNotAssigned
            );

    private static string Comment(string text)
    {
        var inner = Printable.Cut(text, MaxValue);
        return "(" + string.Concat(inner.Select(static c => c is '(' or ')' or '\\' ? '?' : c)) + ")";
    }

    // Ours, but for what a caller builds from results it has read.
    private static string Word(string text)
    {
        var word = string.Concat(
            Printable.Cut(text, 64).Where(static c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_')
        );
        return word.Length == 0 ? "unknown" : word;
    }

    /// <summary>A field that breaks between words.</summary>
    private sealed class Folded(string start)
    {
        private readonly StringBuilder _text = new(start);
        private int _line = start.Length;
        private bool _isFresh;

        public void NewLine()
        {
            _text.Append("\r\n\t");
            (_line, _isFresh) = (8, true);
        }

        public void Add(string word)
        {
            // A blank line inside would end the header: a line never breaks in front of its first word.
            if (!_isFresh && _line + 1 + word.Length > MaxLine && _line > 8)
                NewLine();
            if (!_isFresh)
                Append(" ");
            Append(word);
        }

        public void Append(string text)
        {
            _text.Append(text);
            _line += text.Length;
            _isFresh = false;
        }

        public override string ToString() => _text.Append("\r\n").ToString();
    }
}
