namespace Postreiter.Pop3.Commands;

/// <summary>LIST: numbers and sizes in octets.</summary>
/// <remarks>RFC 1939 §5.</remarks>
internal sealed class ListCommand : ListingCommand
{
    protected override string Line(Maildrop maildrop, int number) => $"{number} {maildrop.SizeOf(number)}";
}
