using System.Globalization;
using System.Text;

namespace Postreiter.Imap.Syntax;

/// <summary>Reads the items of a FETCH (RFC 9051 §6.4.5, RFC 3501 §6.4.5).</summary>
internal static class FetchItemReader
{
    /// <summary>Most items in a FETCH (L23).</summary>
    public const int MaxItems = 1000;

    private static readonly FetchItem Flags = new(FetchKind.Flags, "FLAGS");
    private static readonly FetchItem InternalDate = new(FetchKind.InternalDate, "INTERNALDATE");
    private static readonly FetchItem Size = new(FetchKind.Size, "RFC822.SIZE");
    private static readonly FetchItem Envelope = new(FetchKind.Envelope, "ENVELOPE");
    private static readonly FetchItem Body = new(FetchKind.Body, "BODY");
    private static readonly Section Message = new([], SectionText.Whole, Section.NoFields);

    /// <summary>The item that UID FETCH always answers.</summary>
    public static FetchItem Uid { get; } = new(FetchKind.Uid, "UID");

    /// <summary>Reads a macro, one item, or a list in parentheses.</summary>
    public static bool TryRead(ImapReader args, out List<FetchItem> items)
    {
        items = [];
        if (!args.TryOpen())
        {
            if (args.TryKeyword("ALL"u8))
                items = [Flags, InternalDate, Size, Envelope];
            else if (args.TryKeyword("FAST"u8))
                items = [Flags, InternalDate, Size];
            else if (args.TryKeyword("FULL"u8))
                items = [Flags, InternalDate, Size, Envelope, Body];
            else if (TryItem(args, out var only))
                items = [only];
            return items.Count > 0;
        }

        do
        {
            if (items.Count == MaxItems)
                return args.Exceeds("L23");
            if (!TryItem(args, out var item))
                return false;
            items.Add(item);
        } while (args.TrySpace());
        return args.TryClose();
    }

    private static bool TryItem(ImapReader args, out FetchItem item)
    {
        item = Flags;
        var name = Word(args);
        switch (name)
        {
            case "FLAGS":
                return true;
            case "UID":
                item = Uid;
                return true;
            case "INTERNALDATE":
                item = InternalDate;
                return true;
            case "RFC822.SIZE":
                item = Size;
                return true;
            case "ENVELOPE":
                item = Envelope;
                return true;
            case "BODYSTRUCTURE":
                item = new FetchItem(FetchKind.BodyStructure, name);
                return true;
            case "RFC822":
                item = new FetchItem(FetchKind.Section, name, Message, SetsSeen: true);
                return true;
            case "RFC822.HEADER":
                item = new FetchItem(FetchKind.Section, name, Message with { Text = SectionText.Header });
                return true;
            case "RFC822.TEXT":
                var text = Message with { Text = SectionText.Text };
                item = new FetchItem(FetchKind.Section, name, text, SetsSeen: true);
                return true;
            case "BODY" when args.Peek != '[':
                item = Body;
                return true;
            case "BODY" or "BODY.PEEK":
                return TrySection(args, isBinary: false, out var section, out var label)
                    && TryPartial(args, FetchKind.Section, "BODY" + label, section, name == "BODY", out item);
            case "BINARY" or "BINARY.PEEK":
                return TrySection(args, isBinary: true, out section, out label)
                    && TryPartial(args, FetchKind.Binary, "BINARY" + label, section, name == "BINARY", out item);
            case "BINARY.SIZE":
                if (!TrySection(args, isBinary: true, out section, out label))
                    return false;
                item = new FetchItem(FetchKind.BinarySize, name + label, section);
                return true;
            default:
                return false;
        }
    }

    private static bool TryPartial(
        ImapReader args,
        FetchKind kind,
        string label,
        Section section,
        bool setsSeen,
        out FetchItem item
    )
    {
        item = new FetchItem(kind, label, section, null, setsSeen);
        if (!args.TryByte((byte)'<'))
            return true;
        if (
            !args.TryNumber64(out var origin)
            || !args.TryByte((byte)'.')
            || !args.TryNumber64(out var length)
            || length == 0
            || !args.TryByte((byte)'>')
        )
            return false;
        // RFC 9051 §7.5.2: the response names the origin only.
        var shown = string.Create(CultureInfo.InvariantCulture, $"{label}<{origin}>");
        item = item with { Label = shown, Partial = new Partial(origin, length) };
        return true;
    }

    private static bool TrySection(ImapReader args, bool isBinary, out Section section, out string label)
    {
        (section, label) = (Message, "[]");
        if (!args.TryByte((byte)'['))
            return false;
        var path = new List<uint>();
        var shown = new StringBuilder("[");
        var wantsMore = false;
        while (args.Peek is >= (byte)'1' and <= (byte)'9')
        {
            if (!args.TryNumber(out var number))
                return false;
            shown.Append(wantsMore ? "." : "").Append(CultureInfo.InvariantCulture, $"{number}");
            path.Add(number);
            wantsMore = args.TryByte((byte)'.');
            if (!wantsMore)
                break;
        }

        var text = SectionText.Whole;
        var fields = Section.NoFields;
        if (path.Count == 0 || wantsMore)
        {
            var word = Word(args);
            if (word.Length == 0 ? wantsMore : isBinary || !TryText(word, path.Count > 0, out text))
                return false;
            shown.Append(wantsMore ? "." : "").Append(word);
        }

        if (text is SectionText.HeaderFields or SectionText.HeaderFieldsNot && !TryFields(args, shown, out fields))
            return false;
        if (!args.TryByte((byte)']'))
            return false;
        (section, label) = (new Section(path, text, fields), shown.Append(']').ToString());
        return true;
    }

    private static bool TryText(string word, bool hasPath, out SectionText text)
    {
        SectionText? known = word switch
        {
            "HEADER" => SectionText.Header,
            "HEADER.FIELDS" => SectionText.HeaderFields,
            "HEADER.FIELDS.NOT" => SectionText.HeaderFieldsNot,
            "TEXT" => SectionText.Text,
            "MIME" when hasPath => SectionText.Mime,
            _ => null,
        };
        text = known ?? SectionText.Whole;
        return known is not null;
    }

    private static bool TryFields(ImapReader args, StringBuilder shown, out IReadOnlySet<string> fields)
    {
        var names = new HashSet<string>(StringComparer.OrdinalIgnoreCase);
        fields = names;
        if (!args.TrySpace() || !args.TryOpen())
            return false;
        shown.Append(" (");
        var isFirst = true;
        do
        {
            // A field name is printable US-ASCII (RFC 5322 §3.6.8), so it can be shown again in quotes.
            if (!args.TryAstring(out var bytes) || bytes.AsSpan().ContainsAnyExceptInRange((byte)32, (byte)126))
                return false;
            var name = Encoding.ASCII.GetString(bytes);
            names.Add(name);
            shown.Append(isFirst ? "" : " ").Append(Shown(name, bytes));
            isFirst = false;
        } while (args.TrySpace());
        shown.Append(')');
        return args.TryClose();
    }

    private static string Shown(string name, byte[] bytes)
    {
        if (bytes.Length > 0 && Array.TrueForAll(bytes, ImapReader.IsAtomByte))
            return name;
        var escaped = name.Replace("\\", @"\\", StringComparison.Ordinal)
            .Replace("\"", "\\\"", StringComparison.Ordinal);
        return $"\"{escaped}\"";
    }

    // Letters, digits and dots: the names of items and sections end at "[", "<", "]" or a space.
    private static string Word(ImapReader args)
    {
        var rest = args.Rest;
        var end = 0;
        while (end < rest.Length && (char.IsAsciiLetterOrDigit((char)rest[end]) || rest[end] == '.'))
            end++;
        var word = Encoding.ASCII.GetString(rest[..end]).ToUpperInvariant();
        for (var i = 0; i < end; i++)
            args.TryByte(rest[i]);
        return word;
    }
}
