using System.Text.Json.Nodes;
using Postreiter.Core;
using Postreiter.Delivery.Authentication;
using Postreiter.Storage;
using Postreiter.Storage.Accounts;
using Postreiter.Storage.MailAuth;

namespace Postreiter.Control;

/// <summary>Domains and aliases.</summary>
internal static class DirectoryVerbs
{
    /// <summary>Adds a domain with its DKIM keys, one of each kind; they sign once their records are seen in the DNS.</summary>
    public static async Task<ControlReply> AddDomainAsync(
        IStore store,
        JsonObject arguments,
        TimeProvider time,
        CancellationToken ct
    )
    {
        var domain = arguments.Domain("domain");
        if (!await store.Directory.AddDomainAsync(domain, ct))
            return ControlReply.NotSo($"{domain} is there already");
        foreach (var algorithm in Enum.GetValues<DkimKeyAlgorithm>())
            await DkimKeyMaker.AddAsync(store, domain, algorithm, selector: null, time.GetUtcNow(), ct);
        return ControlReply.Done(Row(domain)) with
        {
            Message = $"its records for the DNS: postreiter dns show {domain}",
        };
    }

    public static async Task<ControlReply> ListDomainsAsync(IDirectoryStore directory, CancellationToken ct) =>
        ControlReply.Done([.. (await directory.ListDomainsAsync(ct)).Select(Row)]);

    public static async Task<ControlReply> RemoveDomainAsync(
        IDirectoryStore directory,
        JsonObject arguments,
        CancellationToken ct
    )
    {
        var domain = arguments.Domain("domain");
        return await directory.RemoveDomainAsync(domain, ct) switch
        {
            RemoveDomainResult.Removed => ControlReply.Done(Row(domain)),
            RemoveDomainResult.NotFound => ControlReply.NotSo($"{domain} is not here"),
            _ => ControlReply.NotSo($"accounts or aliases still use {domain}; remove them first"),
        };
    }

    public static async Task<ControlReply> AddAliasAsync(
        IDirectoryStore directory,
        JsonObject arguments,
        CancellationToken ct
    )
    {
        var key = AliasKey(arguments, out var domain);
        var targets = (arguments["targets"] as JsonArray ?? [])
            .Select(t => Arguments.Address(t?.ToString() ?? ""))
            .ToList();
        if (targets.Count == 0)
            return ControlReply.Usage("an alias needs at least one target");
        if (!await directory.IsLocalDomainAsync(domain, ct))
            return NotLocal(domain);
        if (
            !key.StartsWith('@')
            && await directory.FindAccountAsync(EmailAddress.Parse(arguments.Text("address")), ct) is not null
        )
            return ControlReply.NotSo($"{key} is an account");
        var alias = new Alias(key, targets);
        await directory.SetAliasAsync(alias, ct);
        return ControlReply.Done(Row(alias));
    }

    public static async Task<ControlReply> ListAliasesAsync(IDirectoryStore directory, CancellationToken ct) =>
        ControlReply.Done([.. (await directory.ListAliasesAsync(ct)).Select(Row)]);

    public static async Task<ControlReply> RemoveAliasAsync(
        IDirectoryStore directory,
        JsonObject arguments,
        CancellationToken ct
    )
    {
        var key = AliasKey(arguments, out _);
        return await directory.FindAliasAsync(key, ct) is { } alias && await directory.RemoveAliasAsync(key, ct)
            ? ControlReply.Done(Row(alias))
            : ControlReply.NotSo($"{key} is not an alias here");
    }

    /// <summary>The answer where a domain must be ours and is not.</summary>
    public static ControlReply NotLocal(DomainName domain) =>
        ControlReply.NotSo($"{domain} is not a domain of this server; first: postreiter domain add {domain}");

    private static string AliasKey(JsonObject arguments, out DomainName domain)
    {
        var text = arguments.Text("address");
        if (text.StartsWith('@'))
        {
            domain = Arguments.Domain(text[1..]);
            return "@" + domain.Ascii;
        }

        var address = Arguments.Address(text);
        domain = address.Domain;
        return address.Key;
    }

    private static JsonObject Row(DomainName domain) => new() { ["domain"] = domain.Unicode };

    private static JsonObject Row(Alias alias) =>
        new()
        {
            ["address"] = alias.Key,
            ["targets"] = new JsonArray([.. alias.Targets.Select(t => (JsonNode)t.ToString())]),
        };
}
