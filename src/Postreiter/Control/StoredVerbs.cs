using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;
using Postreiter.Core;
using Postreiter.Replay;
using Postreiter.Storage;
using Postreiter.Storage.Accounts;
using Postreiter.Storage.Mail;

namespace Postreiter.Control;

/// <summary>
/// Stored mails with their octets, for commands that look at many of them: in small steps, so that whoever waits for the store waits for
/// one step at most.
/// </summary>
internal static class StoredVerbs
{
    private const int MaxExamined = 1_000;
    private const int MaxMails = 64;
    private const int MaxStepOctets = 4 * 1024 * 1024;
    private const int MaxMailOctets = 64 * 1024 * 1024;

    // One message has a copy for each of its recipients at most.
    private const int MaxFound = 100;

    // A copy's date is that of its filing; the id is made when the message begins. A session has an hour at most, clocks are set.
    private static readonly TimeSpan Before = TimeSpan.FromHours(1);
    private static readonly TimeSpan After = TimeSpan.FromHours(3);

    /// <summary>
    /// The next mails of an account that came in since a moment, but for what is in Sent and Drafts. The last row says how many messages were
    /// looked at, and from where to go on, where there is more: <c>{"examined": n, "next": {"mailbox": id, "uid": uid}}</c>.
    /// </summary>
    public static async Task<ControlReply> PageAsync(IStore store, JsonObject arguments, CancellationToken ct)
    {
        var address = arguments.Address("account");
        if (await store.Directory.FindAccountAsync(address, ct) is not { } account)
            return ControlReply.NoAccount(address);
        var since = DateTimeOffset.FromUnixTimeSeconds(arguments.OptionalNumber("since") ?? 0);
        var threshold = await ThresholdAsync(store, address, ct);
        var (most, after) = (Most(arguments), arguments["next"] as JsonObject ?? []);
        var (afterBox, afterUid) = (after.OptionalNumber("mailbox") ?? 0, after.OptionalNumber("uid") ?? 0);
        var (rows, octets, examined) = (new List<JsonObject>(), 0L, 0L);
        foreach (var box in (await store.Mail.ListMailboxesAsync(account.Id, ct)).OrderBy(static b => b.Id))
        {
            if (box.Id < afterBox)
                continue;
            if (box.Use is SpecialUse.Sent or SpecialUse.Drafts)
            {
                examined += box.Messages;
                continue;
            }

            var first = box.Id == afterBox ? (uint)Math.Clamp(afterUid + 1, 1, uint.MaxValue) : 1;
            await foreach (
                var message in store.Mail.ReadMessagesAsync(box.Id, [new UidRange(first, uint.MaxValue)], ct)
            )
            {
                examined++;
                if (message.InternalDate >= since)
                {
                    rows.Add(await RowAsync(store, account, box, message, threshold, most, ct));
                    octets += Math.Min(message.Size, most);
                }

                if (examined < MaxExamined && rows.Count < MaxMails && octets < MaxStepOctets)
                    continue;
                var next = new JsonObject { ["mailbox"] = box.Id, ["uid"] = (long)message.Uid };
                rows.Add(new JsonObject { ["examined"] = examined, ["next"] = next });
                return ControlReply.Done(rows);
            }
        }

        rows.Add(new JsonObject { ["examined"] = examined });
        return ControlReply.Done(rows);
    }

    /// <summary>
    /// One mail: by the id that its Received field has, every copy of it; or the one that <c>account</c>, <c>mailbox</c> and <c>uid</c> name.
    /// Where the copies are large, the later ones are named by their places alone, and each is to be asked for by its own.
    /// </summary>
    public static async Task<ControlReply> FindAsync(IStore store, JsonObject arguments, CancellationToken ct)
    {
        var (rows, octets) = (new List<JsonObject>(), 0L);
        if (arguments.OptionalText("id") is not { } text)
            return await FindByPlaceAsync(store, arguments, ct);
        if (!TraceId.TryParse(text, out var id))
            return ControlReply.Usage($"'{text}' is no id of a message");
        var most = Most(arguments);
        var trace = await store.Gate.FindTraceAsync(id, ct);
        // Whom it was for is known from its trace, but for aliases; without one, or where nothing is found, everybody is asked.
        var named = new List<Account>();
        foreach (var address in trace?.Addresses ?? [])
        {
            if (await store.Directory.FindAccountAsync(address, ct) is { } account)
                named.Add(account);
        }

        await SearchAsync(named);
        if (rows.Count == 0)
            await SearchAsync(
                (await store.Directory.ListAccountsAsync(ct)).Where(a => named.TrueForAll(n => n.Id != a.Id))
            );
        if (rows.Count > 0)
            return ControlReply.Done(rows);
        return ControlReply.NotSo(
            trace is null
                ? $"there is no message {id} in any mailbox"
                : $"message {id} is in no mailbox (any more); postreiter trace {id} tells what became of it"
        );

        async Task SearchAsync(IEnumerable<Account> accounts)
        {
            foreach (var account in accounts)
            {
                var threshold = await ThresholdAsync(store, account.Address, ct);
                foreach (var box in await store.Mail.ListMailboxesAsync(account.Id, ct))
                {
                    await foreach (var message in store.Mail.ReadMessagesAsync(box.Id, [UidRange.All], ct))
                    {
                        if (!IsOf(message, id))
                            continue;
                        rows.Add(
                            octets < MaxStepOctets
                                ? await RowAsync(store, account, box, message, threshold, most, ct)
                                : Place(account, box, message)
                        );
                        octets += Math.Min(message.Size, most);
                        if (rows.Count >= MaxFound)
                            return;
                    }
                }
            }
        }
    }

    private static async Task<ControlReply> FindByPlaceAsync(IStore store, JsonObject arguments, CancellationToken ct)
    {
        var address = arguments.Address("account");
        if (await store.Directory.FindAccountAsync(address, ct) is not { } account)
            return ControlReply.NoAccount(address);
        var (name, uid) = (arguments.Text("mailbox"), arguments.OptionalNumber("uid") ?? 0);
        if (await store.Mail.FindMailboxAsync(account.Id, name, ct) is not { } box)
            return ControlReply.NotSo($"{address} has no mailbox {name}");
        if (uid is < 1 or > uint.MaxValue)
            return ControlReply.Usage("a UID is a number from 1 on");
        var threshold = await ThresholdAsync(store, account.Address, ct);
        await foreach (var message in store.Mail.ReadMessagesAsync(box.Id, [new UidRange((uint)uid)], ct))
            return ControlReply.Done(await RowAsync(store, account, box, message, threshold, Most(arguments), ct));
        return ControlReply.NotSo($"there is no message {uid} in {name} of {address}");
    }

    // Its trace, where its header does not say by which points it was judged: without marks, and where lists had a part in them.
    private static async ValueTask<JsonNode?> TraceAsync(IStore store, StoredMessage message, CancellationToken ct)
    {
        var prefix = Encoding.Latin1.GetString(message.Prefix.Span);
        if (StoredMail.TraceIdOf(prefix) is not { } id)
            return null;
        var marks = prefix.IndexOf("X-Spam-Status:", StringComparison.OrdinalIgnoreCase);
        if (
            marks >= 0
            && !EarlierVerdict.OfLists.Any(name => prefix.IndexOf(name, marks, StringComparison.Ordinal) >= 0)
        )
            return null;
        if (await store.Gate.FindTraceAsync(id, ct) is not { } trace)
            return null;
        var verdict = JsonNode.Parse(trace.Verdict.Span);
        (verdict as JsonObject)?.Remove("dialogue");
        return verdict;
    }

    // Its own, else its domain's; null as the site has it.
    private static async ValueTask<double?> ThresholdAsync(IStore store, EmailAddress account, CancellationToken ct) =>
        (await store.Lists.ReadAsync(account.Key, ct)).Threshold
        ?? (await store.Lists.ReadAsync(account.Domain.Ascii, ct)).Threshold;

    private static bool IsOf(StoredMessage message, TraceId id) =>
        message.InternalDate > id.Time - Before
        && message.InternalDate < id.Time + After
        && message.Prefix.Span.IndexOf(Encoding.ASCII.GetBytes($"\tid {id}")) >= 0;

    private static int Most(JsonObject arguments) =>
        (int)Math.Clamp(arguments.OptionalNumber("most") ?? MaxMailOctets, 1, MaxMailOctets);

    private static JsonObject Place(Account account, Mailbox box, StoredMessage message) =>
        new()
        {
            ["account"] = account.Address.ToString(),
            ["mailbox"] = box.Name,
            ["uid"] = (long)message.Uid,
        };

    private static async Task<JsonObject> RowAsync(
        IStore store,
        Account account,
        Mailbox box,
        StoredMessage message,
        double? threshold,
        int most,
        CancellationToken ct
    )
    {
        var row = new JsonObject
        {
            ["account"] = account.Address.ToString(),
            ["mailbox"] = box.Name,
            ["use"] = box.Use.ToString().ToLowerInvariant(),
            ["uid"] = (long)message.Uid,
            ["date"] = message
                .InternalDate.ToUniversalTime()
                .ToString("yyyy-MM-ddTHH:mm:ssZ", CultureInfo.InvariantCulture),
            ["size"] = message.Size,
            ["prefix"] = (long)message.Prefix.Length,
            ["threshold"] = threshold,
            ["trace"] = await TraceAsync(store, message, ct),
        };
        try
        {
            await using var content = await store.Mail.OpenAsync(message, ct);
            var mail = new byte[Math.Min(content.Length, (long)most + message.Prefix.Length)];
            var at = 0;
            while (at < mail.Length && await content.ReadAsync(at, mail.AsMemory(at), ct) is var read and > 0)
                at += read;
            row["octets"] = Convert.ToBase64String(mail, 0, at);
        }
        catch (StoreException e) when (e.Fault == StoreFault.DamagedContent)
        {
            // F5: that message alone.
            row["damaged"] = e.Message;
        }

        return row;
    }
}
