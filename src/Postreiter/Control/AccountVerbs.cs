using System.Globalization;
using System.Text.Json.Nodes;
using Postreiter.Authentication;
using Postreiter.Storage.Accounts;

namespace Postreiter.Control;

/// <summary>Accounts.</summary>
internal static class AccountVerbs
{
    public static async Task<ControlReply> AddAsync(
        IDirectoryStore directory,
        PasswordHasher hasher,
        JsonObject arguments,
        CancellationToken ct
    )
    {
        var address = arguments.Address("address");
        if (!await directory.IsLocalDomainAsync(address.Domain, ct))
            return DirectoryVerbs.NotLocal(address.Domain);
        if (await directory.FindAccountAsync(address, ct) is not null)
            return ControlReply.NotSo($"{address} is there already");
        var credentials = await hasher.DeriveAsync(arguments.Text("password"), ct);
        var added = await directory.AddAccountAsync(
            new NewAccount(
                address,
                credentials,
                arguments.OptionalNumber("quota") ?? 0,
                arguments.OptionalNumber("quota_messages") ?? 0
            ),
            ct
        );
        return added is null
            ? ControlReply.NotSo($"an account or alias has the address {address} already")
            : ControlReply.Done(Row(added));
    }

    public static async Task<ControlReply> ListAsync(IDirectoryStore directory, CancellationToken ct) =>
        ControlReply.Done([.. (await directory.ListAccountsAsync(ct)).Select(Row)]);

    public static async Task<ControlReply> RemoveAsync(
        IDirectoryStore directory,
        JsonObject arguments,
        CancellationToken ct
    )
    {
        var address = arguments.Address("address");
        return
            await directory.FindAccountAsync(address, ct) is { } account
            && await directory.RemoveAccountAsync(address, ct)
            ? ControlReply.Done(Row(account))
            : ControlReply.NoAccount(address);
    }

    public static async Task<ControlReply> SetPasswordAsync(
        IDirectoryStore directory,
        PasswordHasher hasher,
        JsonObject arguments,
        CancellationToken ct
    )
    {
        var address = arguments.Address("address");
        if (await directory.FindAccountAsync(address, ct) is not { } account)
            return ControlReply.NoAccount(address);
        var credentials = await hasher.DeriveAsync(arguments.Text("password"), ct);
        return await directory.SetCredentialsAsync(address, credentials, ct)
            ? ControlReply.Done(Row(account))
            : ControlReply.NoAccount(address);
    }

    public static async Task<ControlReply> SetQuotaAsync(
        IDirectoryStore directory,
        JsonObject arguments,
        CancellationToken ct
    )
    {
        var address = arguments.Address("address");
        var (bytes, messages) = (arguments.OptionalNumber("quota"), arguments.OptionalNumber("quota_messages"));
        if (bytes is null && messages is null)
            throw new BadArgumentException("the quota is missing: a size, --messages N, or both");
        return
            await directory.SetQuotaAsync(address, bytes, messages, ct)
            && await directory.FindAccountAsync(address, ct) is { } account
            ? ControlReply.Done(Row(account))
            : ControlReply.NoAccount(address);
    }

    private static JsonObject Row(Account account) =>
        new()
        {
            ["address"] = account.Address.ToString(),
            ["id"] = account.Id,
            ["used"] = account.UsedBytes,
            ["quota"] = account.QuotaBytes,
            ["messages"] = account.UsedMessages,
            ["quota_messages"] = account.QuotaMessages,
            ["created"] = account.Created.ToString("yyyy-MM-ddTHH:mm:ssZ", CultureInfo.InvariantCulture),
        };
}
