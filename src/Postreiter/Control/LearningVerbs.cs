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
    public static Task<ControlReply> LearnAsync(IStore store, JsonObject arguments, CancellationToken ct) =>
        InPlaceAsync(
            store,
            arguments,
            async place =>
            {
                if (arguments["mails"] is not JsonArray { Count: <= MaxMails } rows)
                    return ControlReply.Usage($"mails is a list of at most {MaxMails}");
                var mails = rows.Select(row => Read(row as JsonObject ?? [])).ToList();
                var changed = await store.Learning.LearnAsync(place, mails, ct);
                return ControlReply.Done(new JsonObject { ["changed"] = (long)changed.Count(static c => c) });
            },
            ct
        );

    /// <summary>How much was learned.</summary>
    public static Task<ControlReply> SumAsync(
        IStore store,
        JsonObject arguments,
        TimeProvider time,
        CancellationToken ct
    ) =>
        InPlaceAsync(
            store,
            arguments,
            async place =>
            {
                using var learned = new LearnedPlace(store.Learning, place, time);
                await learned.RefreshAsync(ct);
                var (oldest, newest) = learned.Tokens.Times();
                var row = Row(learned.Tokens);
                row["oldest"] = (long)oldest;
                row["newest"] = (long)newest;
                row["expired"] = learned.LastExpiry.At;
                row["expired_age"] = learned.LastExpiry.Age;
                row["expired_tokens"] = learned.LastExpiry.Removed;
                return ControlReply.Done(row);
            },
            ct
        );

    /// <summary>Writes a file in the form of <c>sa-learn --backup</c> into the data folder.</summary>
    public static Task<ControlReply> BackupAsync(
        IStore store,
        ExchangeFolder exchange,
        JsonObject arguments,
        TimeProvider time,
        CancellationToken ct
    ) =>
        InPlaceAsync(
            store,
            arguments,
            async place =>
            {
                var file = exchange.Resolve(arguments.Text("file"));
                try
                {
                    using var learned = new LearnedPlace(store.Learning, place, time);
                    await learned.RefreshAsync(ct);
                    await using var output = new StreamWriter(file, append: false, Encoding.Latin1);
                    // Where nothing is to be learned from them, the names of the mails would only be much.
                    var names =
                        arguments.Flag("names") ?? true ? Names(store.Learning.ListAsync(place, ct)) : NoNames();
                    await SpamAssassinBackup.WriteAsync(output, learned.Tokens, names, ct);
                    return ControlReply.Done(Row(learned.Tokens));
                }
                catch (Exception e) when (e is IOException or UnauthorizedAccessException)
                {
                    return ControlReply.Failed($"it cannot be written: {e.Message}");
                }
            },
            ct
        );

    /// <summary>Puts what such a file in the data folder says in the place of all that was learned.</summary>
    public static Task<ControlReply> RestoreAsync(
        IStore store,
        ExchangeFolder exchange,
        JsonObject arguments,
        TimeProvider time,
        CancellationToken ct
    ) =>
        InPlaceAsync(
            store,
            arguments,
            async place =>
            {
                var file = exchange.Resolve(arguments.Text("file"));
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
                    return ControlReply.NotSo($"{e.Message}; nothing was changed");
                }
                catch (Exception e) when (e is IOException or UnauthorizedAccessException)
                {
                    return ControlReply.Failed($"it cannot be read: {e.Message}");
                }

                using var target = new LearnedPlace(store.Learning, place, time);
                var names = mails.Select(static m => new LearnedName(m.Key, m.IsSpam));
                if (!await target.ReplaceAsync(learned, [.. names], ct))
                    return ControlReply.NoAccount(arguments.Address("account"));
                var row = Row(learned);
                row["mails"] = (long)mails.Count;
                row["passed_over"] = passed;
                return ControlReply.Done(row);
            },
            ct
        );

    /// <summary>Forgets all.</summary>
    public static Task<ControlReply> ClearAsync(IStore store, JsonObject arguments, CancellationToken ct) =>
        InPlaceAsync(
            store,
            arguments,
            async place =>
                await store.Learning.ReplaceAsync(place, default, [], ct)
                    ? ControlReply.Done()
                    : ControlReply.NoAccount(arguments.Address("account")),
            ct
        );

    /// <summary>Forgets tokens that were of use to no mail for a long time.</summary>
    public static Task<ControlReply> ExpireAsync(
        IStore store,
        JsonObject arguments,
        TimeProvider time,
        CancellationToken ct
    ) =>
        InPlaceAsync(
            store,
            arguments,
            async place =>
            {
                using var learned = new LearnedPlace(store.Learning, place, time);
                var most = arguments.OptionalNumber("most") ?? throw new BadArgumentException("most is missing");
                var removed = await learned.ExpireAsync(most, isForced: true, ct);
                return ControlReply.Done(
                    new JsonObject { ["removed"] = removed ?? 0L, ["kept"] = (long)learned.Tokens.Count }
                );
            },
            ct
        );

    private static JsonObject Row(LearnedTokens learned) =>
        new()
        {
            ["spam"] = learned.Spam,
            ["ham"] = learned.Ham,
            ["tokens"] = (long)learned.Count,
        };

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

    private static async IAsyncEnumerable<LearnedMailKey> NoNames()
    {
        await Task.CompletedTask;
        yield break;
    }

    // The server's place where no account is named.
    private static async Task<ControlReply> InPlaceAsync(
        IStore store,
        JsonObject arguments,
        Func<long, Task<ControlReply>> work,
        CancellationToken ct
    )
    {
        if (arguments.OptionalText("account") is not { } text)
            return await work(ILearningStore.Server);
        var address = Arguments.Address(text);
        return await store.Directory.FindAccountAsync(address, ct) is { } account
            ? await work(account.Id)
            : ControlReply.NoAccount(address);
    }
}
