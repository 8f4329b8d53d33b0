using System.Text.Json;
using System.Text.Json.Serialization;
using Postreiter.Delivery.Gate.Checks;

namespace Postreiter.Delivery.Gate.Tracing;

/// <summary>Everything that decided about a message or an attempt, and what became of it. Its JSON is what the store keeps and commands print.</summary>
public sealed record Verdict
{
    /// <summary>The name of the message or attempt.</summary>
    public required string Id { get; init; }

    /// <summary>When it began.</summary>
    public required DateTimeOffset Began { get; init; }

    /// <summary>The connection's name in the log.</summary>
    public required string Connection { get; init; }

    /// <summary>By which door: mx, submission or lmtp.</summary>
    public required string Door { get; init; }

    /// <summary>The client's address.</summary>
    public required string Client { get; init; }

    /// <summary>The client's name in the DNS, where that leads back to it.</summary>
    public string? Name { get; init; }

    /// <summary>What it called itself.</summary>
    public string? Helo { get; init; }

    /// <summary>Who logged in.</summary>
    public string? User { get; init; }

    /// <summary>The sender, empty for the null sender; null before MAIL was understood.</summary>
    public string? Sender { get; init; }

    /// <summary>Octets of the message; null when none came.</summary>
    public long? Size { get; init; }

    /// <summary>The checks, in order.</summary>
    public IReadOnlyList<CheckRecord> Checks { get; init; } = [];

    /// <summary>The sum of what counts for all recipients.</summary>
    public double Points { get; init; }

    /// <summary>What became of it for each recipient.</summary>
    public IReadOnlyList<RecipientVerdict> Recipients { get; init; } = [];

    /// <summary>The last reply to the whole: to MAIL, DATA, or the end of the message.</summary>
    public string? Reply { get; init; }

    /// <summary>The conversation: what the client said (C:) and what it was told (S:).</summary>
    public IReadOnlyList<string> Dialogue { get; init; } = [];

    /// <summary>The stored form.</summary>
    public byte[] ToJson() => JsonSerializer.SerializeToUtf8Bytes(this, VerdictJson.Default.Verdict);

    /// <summary>Reads the stored form.</summary>
    /// <exception cref="JsonException">It is none.</exception>
    public static Verdict FromJson(ReadOnlySpan<byte> json) =>
        JsonSerializer.Deserialize(json, VerdictJson.Default.Verdict) ?? throw new JsonException("null is no verdict");
}

/// <summary>What became of a message for one recipient.</summary>
/// <param name="Address">The recipient.</param>
/// <param name="Action">What was done.</param>
/// <param name="Points">The sum for it.</param>
/// <param name="Reply">What the client was told of it; null where the last reply tells.</param>
public sealed record RecipientVerdict(string Address, VerdictAction Action, double Points, string? Reply = null)
{
    /// <summary>The account that gets it, where a recipient leads to several; null else, and for those it is sent on to.</summary>
    public string? Account { get; init; }
}

/// <summary>What is done with a message.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<VerdictAction>))]
public enum VerdictAction
{
    /// <summary>Nothing: no message came.</summary>
    None,

    /// <summary>Filed into the inbox, or sent on.</summary>
    Accept,

    /// <summary>As <see cref="Accept"/>, with what was found written in front.</summary>
    Mark,

    /// <summary>Filed into Junk.</summary>
    Junk,

    /// <summary>Filed into Junk because the sender's domain asks for it.</summary>
    Quarantine,

    /// <summary>Kept in the quarantine.</summary>
    Hold,

    /// <summary>The client is to come again.</summary>
    Defer,

    /// <summary>Refused for good.</summary>
    Refuse,
}

/// <summary>The form of verdicts in JSON.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull
)]
[JsonSerializable(typeof(Verdict))]
internal sealed partial class VerdictJson : JsonSerializerContext;
