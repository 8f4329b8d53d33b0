using System.Globalization;
using System.Text.Json.Nodes;
using Postreiter.CommandLine;
using Postreiter.Delivery.Lists;
using Postreiter.Storage;
using Postreiter.Storage.Lists;

namespace Postreiter.Control;

/// <summary>Allow and block lists of senders, and from how many points on mail is spam.</summary>
internal static class ListVerbs
{
    // Each is tried one by one, for each message.
    private const int MaxPatterns = 200;

    /// <summary>Adds entries; what cannot be read stops all of it.</summary>
    public static async Task<ControlReply> AddAsync(
        IListStore lists,
        JsonObject arguments,
        TimeProvider time,
        CancellationToken ct
    )
    {
        var (scope, kind, entries) = (Scope(arguments), Kind(arguments), Entries(arguments));
        var patterns = entries.Count(static e => e.IsPattern);
        if (patterns > 0)
        {
            var there = (await lists.ReadAsync(scope, ct)).Entries.Select(static e => e.Text).ToHashSet();
            patterns = there
                .Union(entries.Select(static e => e.Text))
                .Count(static e => e.AsSpan().ContainsAny('*', '?'));
        }

        if (patterns > MaxPatterns)
            return ControlReply.NotSo($"{Whose(scope)} would have more than {MaxPatterns} entries with wildcards");
        var rows = entries.Select(e => new ListEntry(e.Text, kind, ListOrigin.Command, time.GetUtcNow())).ToList();
        var changes = await lists.AddAsync(scope, rows, ct);
        var mistakes = new List<string>();
        var done = new List<JsonObject>();
        foreach (var (row, change) in rows.Zip(changes))
        {
            if (change is ListChange.Added or ListChange.Moved)
                done.Add(Row(scope, row));
            else
                mistakes.Add(
                    change switch
                    {
                        ListChange.NoScope => NoScope(scope),
                        ListChange.Full => string.Create(
                            CultureInfo.InvariantCulture,
                            $"{row.Text} was not added: {Whose(scope)} has {IListStore.Most(scope)} entries, and no more are kept"
                        ),
                        ListChange.TooLong => $"{row.Text[..40]}… is too long",
                        _ => $"{row.Text} is on the {Word(kind)} list already",
                    }
                );
        }

        return Reply(done, mistakes);
    }

    /// <summary>Removes entries.</summary>
    public static async Task<ControlReply> RemoveAsync(IListStore lists, JsonObject arguments, CancellationToken ct)
    {
        var (scope, kind, entries) = (Scope(arguments), Kind(arguments), Entries(arguments));
        var removed = await lists.RemoveAsync(scope, kind, [.. entries.Select(static e => e.Text)], false, ct);
        var missing = entries
            .Zip(removed)
            .Where(static e => !e.Second)
            .Select(e => $"{e.First.Text} is not on the {Word(kind)} list of {Whose(scope)}");
        return Reply([], [.. missing]);
    }

    /// <summary>The entries of a scope, or of all, and thresholds: a row each.</summary>
    public static async Task<ControlReply> ShowAsync(IStore store, JsonObject arguments, CancellationToken ct)
    {
        var lists = store.Lists;
        ListKind? kind = arguments.OptionalText("kind") is null ? null : Kind(arguments);
        var isAll = arguments.OptionalText("all") is not null;
        IReadOnlyList<string> scopes = isAll ? await lists.ListScopesAsync(ct) : [Scope(arguments)];
        if (!isAll && !await IsHereAsync(store, arguments, ct))
            return ControlReply.NotSo(NoScope(scopes[0]));
        var rows = new List<JsonObject>();
        foreach (var scope in scopes)
        {
            var shown = await lists.ReadAsync(scope, ct);
            if (kind is null && shown.Threshold is { } threshold)
                rows.Add(Threshold(scope, threshold));
            rows.AddRange(shown.Entries.Where(e => kind is null || e.Kind == kind).Select(e => Row(scope, e)));
        }

        return ControlReply.Done(rows);
    }

    /// <summary>Says from how many points on mail is spam, or asks.</summary>
    public static async Task<ControlReply> ThresholdAsync(IStore store, JsonObject arguments, CancellationToken ct)
    {
        var lists = store.Lists;
        var scope = Scope(arguments);
        if (scope.Length == 0)
            throw new BadArgumentException(
                "name an --account or a --domain; for everybody it is the setting spam.threshold"
            );
        if (!await IsHereAsync(store, arguments, ct))
            return ControlReply.NotSo(NoScope(scope));
        if (arguments.OptionalText("points") is not { } text)
            return (await lists.ReadAsync(scope, ct)).Threshold is { } now
                ? ControlReply.Done(Threshold(scope, now))
                : ControlReply.NotSo($"{Whose(scope)} has no threshold of its own");
        double? points = null;
        if (text != "default")
        {
            if (
                !double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var given)
                || !(given is >= -1000 and <= 1000)
            )
                throw new BadArgumentException($"'{text}' is no number of points: write 4.5, or default");
            points = given;
        }

        if (!await lists.SetThresholdAsync(scope, points, ct))
            return ControlReply.NotSo(NoScope(scope));
        return points is { } set ? ControlReply.Done(Threshold(scope, set)) : ControlReply.Done();
    }

    private static string Scope(JsonObject arguments)
    {
        var (account, domain) = (arguments.OptionalText("account"), arguments.OptionalText("domain"));
        if (account is not null && domain is not null)
            throw new BadArgumentException("an --account or a --domain, not both");
        return account is not null ? Arguments.Address(account).Key
            : domain is not null ? Arguments.Domain(domain).Ascii
            : IListStore.Site;
    }

    private static ListKind Kind(JsonObject arguments) =>
        arguments.Text("kind") switch
        {
            "allow" => ListKind.Allow,
            "block" => ListKind.Block,
            var other => throw new BadArgumentException($"'{other}' is no list: write allow or block"),
        };

    private static List<SenderEntry> Entries(JsonObject arguments)
    {
        var entries = new List<SenderEntry>();
        foreach (var text in arguments["entries"] as JsonArray ?? [])
            entries.Add(
                SenderEntry.TryRead(text?.ToString() ?? "", out var entry, out var mistake)
                    ? entry
                    : throw new BadArgumentException(mistake)
            );
        return entries.Count > 0 ? entries : throw new BadArgumentException("no entry is named");
    }

    private static ControlReply Reply(IReadOnlyList<JsonObject> rows, IReadOnlyList<string> mistakes) =>
        mistakes.Count == 0
            ? ControlReply.Done(rows)
            : new ControlReply(ExitCodes.NotSo, string.Join('\n', mistakes.Distinct()), rows);

    private static async ValueTask<bool> IsHereAsync(IStore store, JsonObject arguments, CancellationToken ct) =>
        arguments.OptionalText("account") is { } account
            ? await store.Directory.FindAccountAsync(Arguments.Address(account), ct) is not null
            : arguments.OptionalText("domain") is not { } domain
                || await store.Directory.IsLocalDomainAsync(Arguments.Domain(domain), ct);

    private static string NoScope(string scope) =>
        scope.Contains('@', StringComparison.Ordinal)
            ? $"{scope} is not an account here"
            : $"{scope} is not a domain of this server";

    private static string Whose(string scope) => scope.Length == 0 ? "this server" : scope;

    private static string Word(ListKind kind) => kind == ListKind.Allow ? "allow" : "block";

    private static JsonObject Row(string scope, ListEntry entry) =>
        new()
        {
            ["scope"] = scope,
            ["list"] = Word(entry.Kind),
            ["entry"] = entry.Text,
            ["by"] = entry.Origin == ListOrigin.Move ? "move" : "command",
            ["added"] = entry.Added.ToString("yyyy-MM-ddTHH:mm:ssZ", CultureInfo.InvariantCulture),
        };

    private static JsonObject Threshold(string scope, double points) =>
        new() { ["scope"] = scope, ["threshold"] = points };
}
