using Postreiter.Core;
using Postreiter.Dns;

namespace Postreiter.Spam.Network;

/// <summary>A question that rules ask; many rules may share it.</summary>
/// <param name="Type">The type of record, in capitals.</param>
/// <param name="Name">The name.</param>
internal readonly record struct DnsQuestion(string Type, DomainName Name)
{
    /// <summary>`TYPE name`, for people.</summary>
    public override string ToString() => $"{Type} {Name.Ascii}";
}

/// <summary>What was answered.</summary>
/// <param name="Question">The question.</param>
/// <param name="Code">The response code; null = no answer came.</param>
/// <param name="Records">Records, as <see cref="IDnsResolver.ResolveTextAsync"/> has them; bounded.</param>
/// <param name="PrimaryServer">Where there are no records: the first name server of the zone, if known.</param>
internal sealed record DnsReply(DnsQuestion Question, int? Code, IReadOnlyList<string> Records, string? PrimaryServer);
