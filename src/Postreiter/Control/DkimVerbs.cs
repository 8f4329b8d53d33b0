using System.Globalization;
using System.Text.Json.Nodes;
using Postreiter.Core;
using Postreiter.Delivery.Authentication;
using Postreiter.Storage;
using Postreiter.Storage.MailAuth;

namespace Postreiter.Control;

/// <summary>DKIM keys. A private key never leaves the store by this way.</summary>
internal static class DkimVerbs
{
    private const int MaxSelector = 63;

    public static async Task<ControlReply> ListAsync(IStore store, JsonObject arguments, CancellationToken ct)
    {
        var domain = arguments.OptionalText("domain") is { } text ? Arguments.Domain(text) : default;
        if (!domain.IsEmpty && !await store.Directory.IsLocalDomainAsync(domain, ct))
            return DirectoryVerbs.NotLocal(domain);
        var keys = await store.MailAuth.ListDkimKeysAsync(ct);
        return ControlReply.Done([.. keys.Where(k => domain.IsEmpty || k.Domain == domain).Select(Row)]);
    }

    public static async Task<ControlReply> AddAsync(
        IStore store,
        JsonObject arguments,
        TimeProvider time,
        CancellationToken ct
    )
    {
        var domain = arguments.Domain("domain");
        if (!Enum.TryParse<DkimKeyAlgorithm>(arguments.Text("algorithm"), ignoreCase: true, out var algorithm))
            return ControlReply.Usage("the algorithm is rsa or ed25519");
        var selector = arguments.OptionalText("selector")?.ToLowerInvariant();
        if (selector is not null && (selector.Length > MaxSelector || !DomainName.TryParse(selector, out _)))
            return ControlReply.Usage($"'{selector}' is not a selector: write a label such as mail2026");
        if (!await store.Directory.IsLocalDomainAsync(domain, ct))
            return DirectoryVerbs.NotLocal(domain);
        return await DkimKeyMaker.AddAsync(store, domain, algorithm, selector, time.GetUtcNow(), ct) is { } key
            ? ControlReply.Done(Row(key))
            : ControlReply.NotSo($"{domain} has a key {selector ?? "of every name of today"} already");
    }

    public static async Task<ControlReply> ActivateAsync(
        IStore store,
        JsonObject arguments,
        TimeProvider time,
        CancellationToken ct
    )
    {
        var (domain, selector) = (arguments.Domain("domain"), arguments.Text("selector"));
        return await store.MailAuth.ActivateDkimKeyAsync(domain, selector, time.GetUtcNow(), ct)
            ? await FindAsync(store, domain, selector, ct)
            : ControlReply.NotSo($"{domain} has no key {selector} that does not sign yet");
    }

    public static async Task<ControlReply> RemoveAsync(IStore store, JsonObject arguments, CancellationToken ct)
    {
        var (domain, selector) = (arguments.Domain("domain"), arguments.Text("selector"));
        var found = await FindAsync(store, domain, selector, ct);
        return found.Rows.Count > 0 && await store.MailAuth.RemoveDkimKeyAsync(domain, selector, ct)
            ? found
            : ControlReply.NotSo($"{domain} has no key {selector}");
    }

    private static async Task<ControlReply> FindAsync(
        IStore store,
        DomainName domain,
        string selector,
        CancellationToken ct
    )
    {
        var keys = await store.MailAuth.ListDkimKeysAsync(ct);
        return ControlReply.Done([.. keys.Where(k => k.Domain == domain && k.Selector == selector).Select(Row)]);
    }

    private static JsonObject Row(DkimKeyRecord key) =>
        new()
        {
            ["domain"] = key.Domain.Unicode,
            ["selector"] = key.Selector,
            ["algorithm"] = key.Algorithm.ToString().ToLowerInvariant(),
            ["state"] = key.State.ToString().ToLowerInvariant(),
            ["created"] = Time(key.Created),
            ["activated"] = Time(key.Activated),
            ["retired"] = Time(key.Retired),
            ["name"] = DkimKeyMaker.TxtName(key.Domain, key.Selector).Ascii,
            ["record"] = DkimKeyMaker.TxtRecord(key),
        };

    private static string? Time(DateTimeOffset? time) =>
        time?.ToUniversalTime().ToString("yyyy-MM-ddTHH:mm:ssZ", CultureInfo.InvariantCulture);
}
