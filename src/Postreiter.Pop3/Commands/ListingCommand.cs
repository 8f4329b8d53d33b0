using Postreiter.Pop3.Syntax;

namespace Postreiter.Pop3.Commands;

/// <summary>LIST and UIDL: a line for one message, or for each that is not marked deleted.</summary>
/// <remarks>RFC 1939 §5 and §7.</remarks>
internal abstract class ListingCommand : IPop3Command
{
    public Pop3Phases AllowedIn => Pop3Phases.Transaction;

    public ValueTask<Pop3Reply> ExecuteAsync(Pop3Session session, ReadOnlyMemory<byte>? argument, CancellationToken ct)
    {
        var maildrop = session.Maildrop;
        if (argument is not { } text)
            return new(Pop3Reply.Multi($"{maildrop.Remaining} messages", Lines(maildrop)));
        if (!MessageNumbers.TryParse(text.Span, out var number))
            return new(Pop3Reply.Syntax);
        return new(maildrop.Has(number) ? Pop3Reply.Ok(Line(maildrop, number)) : Pop3Reply.NoSuchMessage);
    }

    /// <summary>The line of one message.</summary>
    protected abstract string Line(Maildrop maildrop, int number);

    private IEnumerable<string> Lines(Maildrop maildrop)
    {
        for (var number = 1; number <= maildrop.Count; number++)
        {
            if (maildrop.Has(number))
                yield return Line(maildrop, number);
        }
    }
}
