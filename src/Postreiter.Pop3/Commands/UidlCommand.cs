namespace Postreiter.Pop3.Commands;

/// <summary>UIDL: numbers and unique-ids.</summary>
/// <remarks>RFC 1939 §7.</remarks>
internal sealed class UidlCommand : ListingCommand
{
    protected override string Line(Maildrop maildrop, int number) => $"{number} {maildrop.UniqueIdOf(number)}";
}
