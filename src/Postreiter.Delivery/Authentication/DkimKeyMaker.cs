using System.Globalization;
using System.Security.Cryptography;
using Postreiter.Core;
using Postreiter.MailAuth.Dkim;
using Postreiter.Storage;
using Postreiter.Storage.MailAuth;

namespace Postreiter.Delivery.Authentication;

/// <summary>Makes DKIM keys and knows them again in the DNS.</summary>
public static class DkimKeyMaker
{
    private const int MostTries = 26;

    /// <summary>Makes a key and adds it to the store, to be published.</summary>
    /// <param name="store">Where to.</param>
    /// <param name="domain">Whose.</param>
    /// <param name="algorithm">RSA-2048 or Ed25519.</param>
    /// <param name="selector">Its name; null for one of algorithm and day, such as <c>r20261124</c>.</param>
    /// <param name="now">When.</param>
    /// <param name="ct">Stops before it is added.</param>
    /// <returns>Null when the domain is not ours, or has a key of that name.</returns>
    public static async ValueTask<DkimKeyRecord?> AddAsync(
        IStore store,
        DomainName domain,
        DkimKeyAlgorithm algorithm,
        string? selector,
        DateTimeOffset now,
        CancellationToken ct
    )
    {
        using var key = algorithm == DkimKeyAlgorithm.Rsa ? DkimKey.GenerateRsa() : DkimKey.GenerateEd25519();
        var day =
            (algorithm == DkimKeyAlgorithm.Rsa ? "r" : "e")
            + now.UtcDateTime.ToString("yyyyMMdd", CultureInfo.InvariantCulture);
        for (var i = 0; i < (selector is null ? MostTries : 1); i++)
        {
            var record = new DkimKeyRecord
            {
                Domain = domain,
                Selector = selector ?? (i == 0 ? day : day + (char)('a' + i)),
                Algorithm = algorithm,
                PrivateKey = Decode(key.ExportPem()),
                Created = now,
            };
            if (await store.MailAuth.AddDkimKeyAsync(record, ct))
                return record;
        }

        return null;
    }

    /// <summary>The text of a key's TXT record.</summary>
    /// <exception cref="StoreException">The private key is damaged.</exception>
    public static string TxtRecord(DkimKeyRecord record)
    {
        using var key =
            SigningKeys.Import(record, out var reason)
            ?? throw new StoreException(StoreFault.Internal, $"the DKIM key {record} cannot be used: {reason}");
        return key.TxtRecord;
    }

    /// <summary>The name of a key's record.</summary>
    public static DomainName TxtName(DomainName domain, string selector) =>
        DomainName.Parse($"{selector}._domainkey.{domain.Ascii}");

    /// <summary>What is wrong with a record that should be ours; null when it is ours.</summary>
    public static string? WhatIsWrong(string found, string ours)
    {
        // RFC 6376 §3.6.1: white space inside p= means nothing; an empty one says that the key is revoked.
        if (Tag(found, "p") is not { } key)
            return "it is no DKIM key: p= is missing";
        if (key.Length == 0)
            return "the key is revoked there (empty p=)";
        var kind = Tag(found, "k") ?? "rsa";
        if (kind != (Tag(ours, "k") ?? "rsa"))
            return $"it is a key of another kind: k={kind}";
        return key == Tag(ours, "p") ? null : "another key stands there";
    }

    private static string? Tag(string record, string name)
    {
        foreach (var part in record.Split(';'))
        {
            var equals = part.IndexOf('=', StringComparison.Ordinal);
            if (equals > 0 && part.AsSpan(0, equals).Trim().SequenceEqual(name))
                return string.Concat(part[(equals + 1)..].Where(static c => !char.IsWhiteSpace(c)));
        }

        return null;
    }

    private static byte[] Decode(string pem) => Convert.FromBase64String(pem[PemEncoding.Find(pem).Base64Data]);
}
