using System.Globalization;
using System.Text;

namespace Postreiter.Spam.Patterns;

/// <summary>Writes a pattern for .NET's engine, over text mapped by <see cref="OctetText"/>, with the same meaning.</summary>
internal sealed class DotNetPattern
{
    private const string NotAtEnd = "(?!\\z)";
    private readonly StringBuilder _out = new();
    private readonly Dictionary<OctetSet, string> _classes = [];

    private DotNetPattern() { }

    /// <summary>Writes a pattern; to be used with ExplicitCapture and CultureInvariant, and no other option.</summary>
    public static string Write(PatternNode tree)
    {
        var writer = new DotNetPattern();
        writer.Node(tree, isAtom: false);
        return writer._out.ToString();
    }

    private void Node(PatternNode node, bool isAtom)
    {
        switch (node)
        {
            case SetNode set:
                _out.Append(Class(set.Set));
                break;
            case SequenceNode sequence:
                Wrapped(isAtom, () => Parts(sequence.Parts));
                break;
            case AlternationNode alternation:
                Wrapped(true, () => Branches(alternation.Branches));
                break;
            case RepeatNode repeat:
                Wrapped(isAtom, () => Repeat(repeat));
                break;
            case CaptureNode capture:
                // Numbers of our own: .NET counts named groups after the others, and a branch reset gives one number twice.
                _out.Append(CultureInfo.InvariantCulture, $"(?<{capture.Number}>");
                Node(capture.Body, isAtom: false);
                _out.Append(')');
                break;
            case AtomicNode atomic:
                Group("(?>", atomic.Body);
                break;
            case LookNode look:
                Group(
                    look.IsBehind
                        ? look.IsNegative
                            ? "(?<!"
                            : "(?<="
                        : look.IsNegative
                            ? "(?!"
                            : "(?=",
                    look.Body
                );
                break;
            case BackReferenceNode reference:
                Reference(reference);
                break;
            case AnchorNode anchor:
                Wrapped(isAtom && anchor.Kind == AnchorKind.LineStart, () => Anchor(anchor.Kind));
                break;
            default:
                throw new InvalidOperationException($"{node.GetType().Name} is not written");
        }
    }

    private void Wrapped(bool isWrapped, Action write)
    {
        if (isWrapped)
            _out.Append("(?:");
        write();
        if (isWrapped)
            _out.Append(')');
    }

    private void Group(string open, PatternNode body)
    {
        _out.Append(open);
        Node(body, isAtom: false);
        _out.Append(')');
    }

    private void Parts(IReadOnlyList<PatternNode> parts)
    {
        foreach (var part in parts)
            Node(part, isAtom: false);
    }

    private void Branches(IReadOnlyList<PatternNode> branches)
    {
        for (var i = 0; i < branches.Count; i++)
        {
            if (i > 0)
                _out.Append('|');
            Node(branches[i], isAtom: false);
        }
    }

    private void Repeat(RepeatNode repeat)
    {
        if (repeat.Mode == RepeatMode.Possessive)
            _out.Append("(?>");
        if (repeat.Body is SetNode or CaptureNode or AlternationNode or AtomicNode)
            Node(repeat.Body, isAtom: true);
        else
            Wrapped(true, () => Node(repeat.Body, isAtom: false));
        _out.Append(
            (repeat.Min, repeat.Max) switch
            {
                (0, int.MaxValue) => "*",
                (1, int.MaxValue) => "+",
                (0, 1) => "?",
                (var min, int.MaxValue) => string.Create(CultureInfo.InvariantCulture, $"{{{min},}}"),
                var (min, max) when min == max => string.Create(CultureInfo.InvariantCulture, $"{{{min}}}"),
                var (min, max) => string.Create(CultureInfo.InvariantCulture, $"{{{min},{max}}}"),
            }
        );
        if (repeat.Mode == RepeatMode.Lazy)
            _out.Append('?');
        if (repeat.Mode == RepeatMode.Possessive)
            _out.Append(')');
    }

    // ExplicitCapture and a group around: \1 followed by a digit would be another number.
    private void Reference(BackReferenceNode reference) =>
        _out.Append(CultureInfo.InvariantCulture, $"(?{(reference.IgnoresCase ? "i" : "-i")}:\\k<{reference.Number}>)");

    private void Anchor(AnchorKind kind) =>
        _out.Append(
            kind switch
            {
                AnchorKind.Start => "\\A",
                // Perl's /m ^ does not match after a line end that ends the text; .NET's does.
                AnchorKind.LineStart => "(?:\\A|(?<=\\n)" + NotAtEnd + ")",
                AnchorKind.End => "\\Z",
                AnchorKind.LineEnd => "(?=\\n|\\z)",
                AnchorKind.AbsoluteEnd => "\\z",
                AnchorKind.WordBorder => "\\b",
                _ => "\\B",
            }
        );

    private string Class(OctetSet set)
    {
        if (!_classes.TryGetValue(set, out var written))
            _classes.Add(set, written = WriteClass(set));
        return written;
    }

    private static string WriteClass(OctetSet set)
    {
        if (set == OctetSet.All)
            return "[\\s\\S]";
        if (set == OctetSet.None)
            return "(?!)";
        if (set == OctetSet.Word)
            return "\\w";
        if (set == OctetSet.Digit)
            return "[0-9]";
        if (set == OctetSet.Space)
            return "\\s";
        if (set.Single is var single and >= 0)
            return Char(single);
        var isNegated = set.Count > 128;
        var listed = isNegated ? ~set : set;
        var text = new StringBuilder(isNegated ? "[^" : "[");
        for (var octet = 0; octet < 256; octet++)
        {
            if (!listed.Contains(octet))
                continue;
            var last = octet;
            while (last < 255 && listed.Contains(last + 1) && (last + 1 >= 0x80) == (octet >= 0x80))
                last++;
            text.Append(Char(octet));
            if (last > octet + 1)
                text.Append('-');
            if (last > octet)
                text.Append(Char(last));
            octet = last;
        }
        return text.Append(']').ToString();
    }

    private static string Char(int octet) =>
        octet >= 0x80 ? ((char)(octet + OctetText.Offset)).ToString()
        : octet < 0x80 && (char.IsAsciiLetterOrDigit((char)octet) || octet == '_') ? ((char)octet).ToString()
        : string.Create(CultureInfo.InvariantCulture, $"\\x{octet:X2}");
}
