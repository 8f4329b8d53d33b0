using Postreiter.Core;

namespace Postreiter.Storage.Gate;

/// <summary>Why one message or attempt was taken, marked, deferred or refused.</summary>
/// <param name="Id">Of the message; the moment of its beginning is in it.</param>
/// <param name="Addresses">Sender and recipients, for <see cref="IGateStore.ListTracesAsync"/>; each once.</param>
/// <param name="Verdict">All of it in the form of <c>Delivery</c>, UTF-8; some KiB.</param>
public sealed record TraceRecord(TraceId Id, IReadOnlyList<EmailAddress> Addresses, ReadOnlyMemory<byte> Verdict);
