using System.Buffers;

namespace Postreiter.Spam.Mail.Received;

/// <summary>What a piece of a Received line says.</summary>
internal enum Field
{
    None,
    Ip,
    Helo,
    Rdns,
    By,
    Id,
    Ident,
    EnvelopeFrom,

    /// <summary>The inside of a comment that is looked into afterwards.</summary>
    Comment,

    /// <summary>The client's name where it serves as name in the DNS and as HELO.</summary>
    HeloAndRdns,
    Auth,
    Count,
}

/// <summary>
/// The shape of one format of Received line: literals and pieces, from the left. A piece takes as much as it can and gives back what the
/// rest needs. One line has a budget of steps for all formats, so that no line costs more than that.
/// </summary>
internal sealed class ReceivedPattern(params Piece[] pieces)
{
    /// <summary>Whether the line begins like this; its fields are set only then.</summary>
    public bool Match(ReceivedLine line)
    {
        string?[]? before = null;
        return MatchAt(line, 0, ref before, saves: false);
    }

    /// <summary>Whether this stands anywhere in the line; the first place counts.</summary>
    public bool Search(ReceivedLine line)
    {
        string?[]? before = null;
        return Match(line, isAnywhere: true, ref before, saves: false);
    }

    /// <summary>Whether the line begins like this, or has it; its fields are set only then.</summary>
    /// <param name="line">The line.</param>
    /// <param name="isAnywhere">Whether it may stand anywhere; the first place counts.</param>
    /// <param name="before">The fields as they were, where they were set and that is wanted.</param>
    /// <param name="saves">Whether it is wanted.</param>
    public bool Match(ReceivedLine line, bool isAnywhere, ref string?[]? before, bool saves)
    {
        if (!isAnywhere)
            return MatchAt(line, 0, ref before, saves);
        var text = line.Text.AsSpan();
        for (var at = 0; at <= text.Length; at++)
        {
            if (pieces[0].Kind == PieceKind.Literal && pieces[0].Literal is { } literal)
            {
                var next = text[at..].IndexOf(literal);
                if (next < 0)
                    return false;
                at += next;
            }

            if (MatchAt(line, at, ref before, saves))
                return true;
        }

        return false;
    }

    private bool MatchAt(ReceivedLine line, int at, ref string?[]? before, bool saves)
    {
        Span<Range> found = stackalloc Range[(int)Field.Count];
        found.Fill(new Range(int.MaxValue, int.MaxValue));
        if (!Run(line, pieces, at, found))
            return false;
        if (saves)
            before = line.Save();
        for (var i = 1; i < found.Length; i++)
        {
            if (found[i].Start.Value != int.MaxValue)
                line.Set((Field)i, line.Text[found[i]]);
        }

        return true;
    }

    private static bool Run(ReceivedLine line, ReadOnlySpan<Piece> pieces, int at, Span<Range> found)
    {
        while (true)
        {
            if (pieces.IsEmpty)
                return true;
            if (!line.Spend(1))
                return false;
            var text = line.Text.AsSpan();
            var piece = pieces[0];
            switch (piece.Kind)
            {
                case PieceKind.Literal:
                    if (!text[at..].StartsWith(piece.Literal))
                        return false;
                    at += piece.Literal!.Length;
                    break;
                case PieceKind.Choice:
                    if (Chosen(piece.Choices!, text[at..]) is not { } chosen)
                        return false;
                    Note(found, piece.Field, at, at + chosen.Length);
                    at += chosen.Length;
                    break;
                case PieceKind.Address:
                    var length = AddressText.Match(text, at);
                    if (length == 0)
                        return false;
                    Note(found, piece.Field, at, at + length);
                    at += length;
                    break;
                case PieceKind.Localhost:
                    length = AddressText.MatchLocalhost(text, at);
                    if (length == 0)
                        return false;
                    at += length;
                    break;
                case PieceKind.NotBefore:
                    if (at < text.Length && piece.Literal.AsSpan().Contains(text[at]))
                        return false;
                    break;
                case PieceKind.NotThen:
                    if (text[at..].StartsWith(piece.Literal))
                        return false;
                    break;
                case PieceKind.End:
                    if (at != text.Length)
                        return false;
                    break;
                case PieceKind.Optional:
                    if (RunOptional(line, piece, pieces[1..], at, found))
                        return true;
                    break;
                case PieceKind.Run when piece.IsLazy:
                    return RunLazy(line, piece, pieces[1..], at, found);
                default:
                    return RunGreedy(line, piece, pieces[1..], at, found);
            }

            pieces = pieces[1..];
        }
    }

    private static string? Chosen(string[] choices, ReadOnlySpan<char> text)
    {
        foreach (var choice in choices)
        {
            if (text.StartsWith(choice))
                return choice;
        }

        return null;
    }

    private static bool RunOptional(ReceivedLine line, Piece piece, ReadOnlySpan<Piece> rest, int at, Span<Range> found)
    {
        Span<Range> before = stackalloc Range[found.Length];
        found.CopyTo(before);
        if (Run(line, piece.Then(rest), at, found))
            return true;
        before.CopyTo(found);
        return false;
    }

    private static bool RunGreedy(ReceivedLine line, Piece piece, ReadOnlySpan<Piece> rest, int at, Span<Range> found)
    {
        var text = line.Text.AsSpan();
        var end = at + piece.Length(text[at..]);
        var next = rest.IsEmpty || rest[0].Kind != PieceKind.Literal ? null : rest[0].Literal;
        for (var r = end; r >= at + piece.Min; r--)
        {
            // The next piece is a literal: go straight to where it stands.
            if (next is not null)
            {
                var scope = text[at..Math.Min(text.Length, r + next.Length)];
                var place = scope.LastIndexOf(next);
                line.Spend(1 + ((scope.Length - Math.Max(0, place)) / 16));
                if (place < piece.Min)
                    return false;
                r = at + place;
            }

            Note(found, piece.Field, at, r);
            if (Run(line, rest, r, found))
                return true;
            if (!line.Spend(1))
                return false;
        }

        return false;
    }

    private static bool RunLazy(ReceivedLine line, Piece piece, ReadOnlySpan<Piece> rest, int at, Span<Range> found)
    {
        var text = line.Text.AsSpan();
        var end = at + piece.Length(text[at..]);
        for (var r = at + piece.Min; r <= end; r++)
        {
            if (rest[0].Kind == PieceKind.Literal && rest[0].Literal is { } next)
            {
                var place = text[r..].IndexOf(next);
                line.Spend(1 + (place / 16));
                if (place < 0 || r + place > end)
                    return false;
                r += place;
            }

            Note(found, piece.Field, at, r);
            if (Run(line, rest, r, found))
                return true;
            if (!line.Spend(1))
                return false;
        }

        return false;
    }

    private static void Note(Span<Range> found, Field field, int start, int end)
    {
        if (field != Field.None)
            found[(int)field] = start..end;
    }
}

internal enum PieceKind
{
    Literal,
    Choice,
    Run,
    Address,
    Localhost,
    Optional,
    NotBefore,
    NotThen,
    End,
}

/// <summary>One piece of a <see cref="ReceivedPattern"/>; a string is a literal.</summary>
internal sealed class Piece
{
    public const string WordChars = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_";

    private static readonly SearchValues<char> Nothing = SearchValues.Create("");
    private readonly SearchValues<char> _without = Nothing;
    private readonly SearchValues<char>? _only;
    private readonly int _max = int.MaxValue;
    private Piece[]? _then;

    private Piece(PieceKind kind) => Kind = kind;

    private Piece(
        SearchValues<char> without,
        Field field,
        int min,
        int max,
        bool isLazy = false,
        SearchValues<char>? only = null
    )
        : this(PieceKind.Run) => (_without, Field, Min, _max, IsLazy, _only) = (without, field, min, max, isLazy, only);

    public PieceKind Kind { get; }

    public string? Literal { get; private init; }

    public string[]? Choices { get; private init; }

    public Piece[]? Pieces { get; private init; }

    public Field Field { get; private init; }

    public int Min { get; }

    public bool IsLazy { get; }

    public static implicit operator Piece(string literal) => new(PieceKind.Literal) { Literal = literal };

    /// <summary>One or more characters up to a blank.</summary>
    public static Piece Word(Field field = Field.None) => new(Octets.Blanks, field, 1, int.MaxValue);

    /// <summary>Characters up to a blank, or none.</summary>
    public static Piece MaybeWord(Field field = Field.None) => new(Octets.Blanks, field, 0, int.MaxValue);

    /// <summary>An address.</summary>
    public static Piece Ip(Field field = Field.Ip) => new(PieceKind.Address) { Field = field };

    /// <summary>A name or an address of the machine itself.</summary>
    public static Piece Localhost() => new(PieceKind.Localhost);

    /// <summary>Anything, as much of it as the rest allows.</summary>
    public static Piece Any(int min = 0, int max = int.MaxValue, Field field = Field.None) =>
        new(Nothing, field, min, max);

    /// <summary>Anything, as little of it as the rest allows.</summary>
    public static Piece Least(Field field = Field.None) => new(Nothing, field, 0, int.MaxValue, isLazy: true);

    /// <summary>Characters other than these.</summary>
    public static Piece Except(string chars, int min = 1, int max = int.MaxValue, Field field = Field.None) =>
        new(SearchValues.Create(chars), field, min, max);

    /// <summary>Only these characters.</summary>
    public static Piece Only(string chars, int min = 1, int max = int.MaxValue, Field field = Field.None) =>
        new(Nothing, field, min, max, only: SearchValues.Create(chars));

    /// <summary>One of these, the first that stands there.</summary>
    public static Piece OneOf(Field field, params string[] choices) =>
        new(PieceKind.Choice) { Choices = choices, Field = field };

    /// <summary>This, or nothing.</summary>
    public static Piece Optional(params Piece[] pieces) => new(PieceKind.Optional) { Pieces = pieces };

    /// <summary>Nothing; none of these may follow.</summary>
    public static Piece NotBefore(string chars) => new(PieceKind.NotBefore) { Literal = chars };

    /// <summary>Nothing; this may not follow.</summary>
    public static Piece NotThen(string literal) => new(PieceKind.NotThen) { Literal = literal };

    /// <summary>The end of the line.</summary>
    public static Piece End() => new(PieceKind.End);

    /// <summary>The pieces of an optional one and what follows it; made once, for it always stands at the same place.</summary>
    public Piece[] Then(ReadOnlySpan<Piece> rest)
    {
        var inner = Pieces!;
        if (
            _then is { } known
            && known.Length == inner.Length + rest.Length
            && known.AsSpan(inner.Length).SequenceEqual(rest)
        )
            return known;
        return _then = [.. inner, .. rest];
    }

    public int Length(ReadOnlySpan<char> text)
    {
        var length = _only is null ? text.IndexOfAny(_without) : text.IndexOfAnyExcept(_only);
        return Math.Min(length < 0 ? text.Length : length, _max);
    }
}
