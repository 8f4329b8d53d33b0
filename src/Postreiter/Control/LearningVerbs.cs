using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;
using Postreiter.Delivery.Learning;
using Postreiter.Spam.Bayes;
using Postreiter.Storage;
using Postreiter.Storage.Learning;

namespace Postreiter.Control;

/// <summary>What was learned of spam: for the server, or for one account.</summary>
internal static class LearningVerbs
{
    private const int MaxMails = 1000;

    /// <summary>Learns or forgets mails that were divided into tokens by the caller.</summary>
    public static async Task<ControlReply> LearnAsync(IStore store, JsonObject arguments, CancellationToken ct)
    {
        if (await PlaceAsync(store, arguments, ct) is not { } place)
            return NoAccount(arguments);
        if (arguments["mails"] is not JsonArray { Count: <= MaxMails } rows)
            return ControlReply.Usage($"mails is a list of at most {MaxMails}");
        var mails = rows.Select(row => Read(row as JsonObject ?? [])).ToList();
        var changed = await store.Learning.LearnAsync(place, mails, ct);
        return ControlReply.Done(new JsonObject { ["changed"] = (long)changed.Count(static c => c) });
    }

    /// <summary>How much was learned.</summary>
    public static async Task<ControlReply> SumAsync(
        IStore store,
        JsonObject arguments,
        TimeProvider time,
        CancellationToken ct
    )
    {
        if (await PlaceAsync(store, arguments, ct) is not { } place)
            return NoAccount(arguments);
        using var learned = new LearnedPlace(store.Learning, place, time);
        await learned.RefreshAsync(ct);
        var (oldest, newest) = (uint.MaxValue, 0u);
        foreach (var (_, counts) in learned.Tokens.ToList())
            (oldest, newest) = (Math.Min(oldest, counts.Time), Math.Max(newest, counts.Time));
        return ControlReply.Done(
            new JsonObject
            {
                ["spam"] = learned.Tokens.Spam,
                ["ham"] = learned.Tokens.Ham,
                ["tokens"] = (long)learned.Tokens.Count,
                ["oldest"] = newest == 0 ? 0L : oldest,
                ["newest"] = (long)newest,
                ["expired"] = learned.LastExpiry.At,
                ["expired_age"] = learned.LastExpiry.Age,
                ["expired_tokens"] = learned.LastExpiry.Removed,
            }
        );
    }

    /// <summary>Writes a file in the form of <c>sa-learn --backup</c>.</summary>
    public static async Task<ControlReply> BackupAsync(
        IStore store,
        JsonObject arguments,
        TimeProvider time,
        CancellationToken ct
    )
    {
        if (await PlaceAsync(store, arguments, ct) is not { } place)
            return NoAccount(arguments);
        var file = arguments.Text("file");
        try
        {
            using var learned = new LearnedPlace(store.Learning, place, time);
            await learned.RefreshAsync(ct);
            await using var output = new StreamWriter(file, append: false, Encoding.Latin1);
            await SpamAssassinBackup.WriteAsync(output, learned.Tokens, Names(store.Learning.ListAsync(place, ct)), ct);
            return ControlReply.Done(
                new JsonObject
                {
                    ["spam"] = learned.Tokens.Spam,
                    ["ham"] = learned.Tokens.Ham,
                    ["tokens"] = (long)learned.Tokens.Count,
                }
            );
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return ControlReply.Failed($"{file} cannot be written: {e.Message}");
        }
    }

    /// <summary>Puts what such a file says in the place of all that was learned.</summary>
    public static async Task<ControlReply> RestoreAsync(
        IStore store,
        JsonObject arguments,
        TimeProvider time,
        CancellationToken ct
    )
    {
        if (await PlaceAsync(store, arguments, ct) is not { } place)
            return NoAccount(arguments);
        var file = arguments.Text("file");
        using var learned = new LearnedTokens();
        var mails = new List<LearnedMailKey>();
        long passed;
        try
        {
            await using var input = File.OpenRead(file);
            passed = await SpamAssassinBackup.ReadAsync(input, learned, mails, time.GetUtcNow(), ct);
        }
        catch (InvalidDataException e)
        {
            return ControlReply.NotSo($"{file}: {e.Message}; nothing was changed");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return ControlReply.Failed($"{file} cannot be read: {e.Message}");
        }

        using var target = new LearnedPlace(store.Learning, place, time);
        if (!await target.ReplaceAsync(learned, [.. mails.Select(static m => new LearnedName(m.Key, m.IsSpam))], ct))
            return NoAccount(arguments);
        return ControlReply.Done(
            new JsonObject
            {
                ["spam"] = learned.Spam,
                ["ham"] = learned.Ham,
                ["tokens"] = (long)learned.Count,
                ["mails"] = (long)mails.Count,
                ["passed_over"] = passed,
            }
        );
    }

    /// <summary>Forgets all.</summary>
    public static async Task<ControlReply> ClearAsync(IStore store, JsonObject arguments, CancellationToken ct) =>
        await PlaceAsync(store, arguments, ct) is { } place && await store.Learning.ReplaceAsync(place, default, [], ct)
            ? ControlReply.Done()
            : NoAccount(arguments);

    /// <summary>Forgets tokens that were of use to no mail for a long time.</summary>
    public static async Task<ControlReply> ExpireAsync(
        IStore store,
        JsonObject arguments,
        TimeProvider time,
        CancellationToken ct
    )
    {
        if (await PlaceAsync(store, arguments, ct) is not { } place)
            return NoAccount(arguments);
        using var learned = new LearnedPlace(store.Learning, place, time);
        var most = arguments.OptionalNumber("most") ?? throw new BadArgumentException("most is missing");
        var removed = await learned.ExpireAsync(most, isForced: true, ct);
        return ControlReply.Done(new JsonObject { ["removed"] = removed ?? 0L, ["kept"] = (long)learned.Tokens.Count });
    }

    private static MailToLearn Read(JsonObject row)
    {
        var tokens = new byte[(row.Text("tokens").Length * 3 / 4) + 3];
        if (!Convert.TryFromBase64String(row.Text("tokens"), tokens, out var length) || length % 5 != 0)
            throw new BadArgumentException("tokens are keys of five octets each, in base64");
        bool? isSpam = row.Text("kind") switch
        {
            "spam" => true,
            "ham" => false,
            "forget" => null,
            _ => throw new BadArgumentException("a mail is spam, ham or to forget"),
        };
        var time = Math.Clamp(row.OptionalNumber("time") ?? 0, 0, uint.MaxValue);
        return new MailToLearn(
            row.Text("name"),
            row.OptionalText("other"),
            isSpam,
            MayRelearn: true,
            tokens.AsMemory(0, length),
            (uint)time
        );
    }

    private static async IAsyncEnumerable<LearnedMailKey> Names(IAsyncEnumerable<LearnedName> names)
    {
        await foreach (var name in names)
            yield return new LearnedMailKey(name.Name, name.IsSpam);
    }

    // The server's where no account is named; null where it is not here.
    private static async Task<long?> PlaceAsync(IStore store, JsonObject arguments, CancellationToken ct) =>
        arguments.OptionalText("account") is { } text
            ? (await store.Directory.FindAccountAsync(Arguments.Address(text), ct))?.Id
            : ILearningStore.Server;

    private static ControlReply NoAccount(JsonObject arguments) =>
        ControlReply.NotSo(
            string.Create(CultureInfo.InvariantCulture, $"{arguments.OptionalText("account")} is not an account here")
        );
}
