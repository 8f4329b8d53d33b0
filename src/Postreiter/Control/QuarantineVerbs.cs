using System.Globalization;
using System.Text.Json.Nodes;
using MimeKit;
using Postreiter.Delivery.Quarantine;
using Postreiter.Messages;
using Postreiter.Storage;
using Postreiter.Storage.Quarantine;

namespace Postreiter.Control;

/// <summary>The quarantine.</summary>
internal static class QuarantineVerbs
{
    private const int Page = 500;

    // What is shown of a message; more of it is nobody's to read in a terminal.
    private const int MaxShownOctets = 1024 * 1024;
    private const int MaxText = 16 * 1024;
    private const int MaxParts = 200;
    private const int MaxMailOctets = 8 * 1024 * 1024;

    /// <summary>One page of messages; a last row <c>{"next": id}</c> says that more follow.</summary>
    public static async Task<ControlReply> ListAsync(IStore store, JsonObject arguments, CancellationToken ct)
    {
        long? account = null;
        if (arguments.OptionalText("account") is not null)
        {
            var address = arguments.Address("account");
            if (await store.Directory.FindAccountAsync(address, ct) is not { } found)
                return ControlReply.NoAccount(address);
            account = found.Id;
        }

        var names = await NamesAsync(store, ct);
        var after = arguments.OptionalNumber("after") ?? 0;
        var messages = await store.Quarantine.ListAsync(account, after, Page, ct);
        var rows = messages.Select(m => Row(m, names)).ToList();
        if (messages.Count == Page)
            rows.Add(new JsonObject { ["next"] = messages[^1].Id });
        return ControlReply.Done(rows);
    }

    /// <summary>One message: who, what, the beginning of its text, its attachments by name. Nothing of it is opened.</summary>
    public static async Task<ControlReply> ShowAsync(IStore store, JsonObject arguments, CancellationToken ct)
    {
        if (await FindAsync(store, arguments, ct) is not { } message)
            return NotFound(arguments);
        var row = Row(message, await NamesAsync(store, ct));
        row["trace"] = message.DeliveryId.ToString();
        row["parts"] = Parts(message);
        var mail = await ReadAsync(store, message, MaxShownOctets, ct);
        using var stream = new MemoryStream(mail, writable: false);
        try
        {
            using var parsed = await MimeMessage.LoadAsync(stream, ct);
            row["from"] = parsed.From.ToString();
            row["to"] = parsed.To.ToString();
            row["text"] = parsed.TextBody is { } text ? text[..Math.Min(text.Length, MaxText)] : null;
        }
        catch (FormatException)
        {
            row["text"] = null;
        }

        return ControlReply.Done(row);
    }

    /// <summary>Delivers messages; with <c>learn</c> their octets come back, so that the command can teach the filter that they are good.</summary>
    public static async Task<ControlReply> ReleaseAsync(
        IStore store,
        JsonObject arguments,
        TimeProvider time,
        CancellationToken ct
    )
    {
        if (await FindAsync(store, arguments, ct) is not { } message)
            return NotFound(arguments);
        var names = await NamesAsync(store, ct);
        var row = new JsonObject { ["id"] = message.Id, ["account"] = names.GetValueOrDefault(message.AccountId) };
        if (arguments.Flag("learn") == true && message.AccountId != 0)
        {
            var most = (int)Math.Clamp(arguments.OptionalNumber("most") ?? MaxMailOctets, 1, MaxMailOctets);
            row["octets"] = Convert.ToBase64String(await ReadAsync(store, message, most, ct));
        }

        return (await store.Quarantine.ReleaseAsync(message.Id, time.GetUtcNow(), ct)).Status switch
        {
            ReleaseStatus.Released => ControlReply.Done(row),
            ReleaseStatus.OverQuota => ControlReply.NotSo(
                $"message {message.Id} stays: {names.GetValueOrDefault(message.AccountId)} has no room for it"
            ),
            _ => NotFound(arguments),
        };
    }

    /// <summary>Deletes a message for good.</summary>
    public static async Task<ControlReply> DeleteAsync(IStore store, JsonObject arguments, CancellationToken ct)
    {
        var id = Id(arguments);
        return await store.Quarantine.RemoveAsync(id, ct)
            ? ControlReply.Done(new JsonObject { ["id"] = id })
            : NotFound(arguments);
    }

    private static long Id(JsonObject arguments) =>
        arguments.OptionalNumber("id") ?? throw new BadArgumentException("id is missing");

    private static ValueTask<QuarantinedMessage?> FindAsync(IStore store, JsonObject arguments, CancellationToken ct) =>
        store.Quarantine.FindAsync(Id(arguments), ct);

    private static ControlReply NotFound(JsonObject arguments) =>
        ControlReply.NotSo($"there is no message {Id(arguments)} in the quarantine");

    private static async Task<Dictionary<long, string>> NamesAsync(IStore store, CancellationToken ct) =>
        (await store.Directory.ListAccountsAsync(ct)).ToDictionary(static a => a.Id, static a => a.Address.ToString());

    private static JsonObject Row(QuarantinedMessage message, Dictionary<long, string> names) =>
        new()
        {
            ["id"] = message.Id,
            ["date"] = message
                .Received.ToUniversalTime()
                .ToString("yyyy-MM-ddTHH:mm:ssZ", CultureInfo.InvariantCulture),
            ["account"] = names.GetValueOrDefault(message.AccountId),
            ["sender"] = message.Sender?.ToString() ?? "",
            ["recipients"] = new JsonArray([.. message.Recipients.Select(static r => (JsonNode)r.ToString())]),
            ["subject"] = QuarantineUpkeep.SubjectOf(message),
            ["reason"] = message.Reason,
            ["size"] = message.Size,
            ["outgoing"] = message.IsOutgoing,
        };

    private static JsonArray Parts(QuarantinedMessage message)
    {
        var parts = new JsonArray();
        try
        {
            Add(MessageStructure.Read(message.Structure));
        }
        catch (FormatException)
        {
            // One that was filed without its structure has none to show.
        }

        return parts;

        void Add(Messages.MimePart part)
        {
            foreach (var child in part.Parts)
                Add(child);
            if (part.Message is { } inner)
                Add(inner);
            else if (part.Parts.Count == 0 && parts.Count < MaxParts)
                parts.Add(
                    (JsonNode)
                        new JsonObject
                        {
                            ["type"] = $"{part.Type}/{part.Subtype}",
                            ["name"] = Name(part),
                            ["size"] = part.BodyLength,
                        }
                );
        }
    }

    private static string? Name(Messages.MimePart part) =>
        part
            .DispositionParameters.Concat(part.Parameters)
            .Where(static p => p.Key is "filename" or "name")
            .Select(static p => p.Value)
            .FirstOrDefault();

    private static async Task<byte[]> ReadAsync(
        IStore store,
        QuarantinedMessage message,
        int most,
        CancellationToken ct
    )
    {
        await using var content = await store.Quarantine.OpenAsync(message, ct);
        var bytes = new byte[Math.Min(content.Length, most)];
        var at = 0;
        while (at < bytes.Length && await content.ReadAsync(at, bytes.AsMemory(at), ct) is var read and > 0)
            at += read;
        return at == bytes.Length ? bytes : bytes[..at];
    }
}
