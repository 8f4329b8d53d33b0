using System.Security.Cryptography;
using Microsoft.Extensions.Logging;
using Postreiter.Core;
using Postreiter.MailAuth.Dkim;
using Postreiter.Storage;
using Postreiter.Storage.MailAuth;

namespace Postreiter.Delivery.Authentication;

/// <summary>The keys that sign, kept at hand; the change feed tells when others take their place.</summary>
public sealed partial class SigningKeys : IDisposable
{
    private readonly IStore _store;
    private readonly ILogger<SigningKeys> _log;
    private readonly ChangeSubscription _changes;
    private readonly SemaphoreSlim _reading = new(1);
    private volatile Known? _known;

    /// <summary>Those of a store.</summary>
    public SigningKeys(IStore store, ILogger<SigningKeys> log) =>
        (_store, _log, _changes) = (store, log, store.Changes.SubscribeToDirectory());

    /// <summary>Off, nothing is signed and nothing is sealed. Default on.</summary>
    public bool IsOn { get; set; } = true;

    /// <summary>The keys of a domain, else of the nearest one above it that has some; RSA first. Empty where there are none.</summary>
    /// <exception cref="StoreException">The store cannot answer.</exception>
    public async ValueTask<IReadOnlyList<DkimSigningKey>> FindAsync(DomainName domain, CancellationToken ct)
    {
        if (!IsOn || domain.IsEmpty || domain.IsAddressLiteral)
            return [];
        var keys = await ReadAsync(ct);
        for (var name = domain.Ascii; name.Length > 0; )
        {
            if (keys.TryGetValue(name, out var found))
                return found;
            var dot = name.IndexOf('.', StringComparison.Ordinal);
            name = dot < 0 ? "" : name[(dot + 1)..];
        }

        return [];
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _changes.Dispose();
        _reading.Dispose();
    }

    /// <summary>A private key of the store.</summary>
    /// <returns>Null when it is none.</returns>
    internal static DkimKey? Import(DkimKeyRecord record, out string reason) =>
        DkimKey.TryImportPem(PemEncoding.WriteString("PRIVATE KEY", record.PrivateKey.Span), out reason);

    private async ValueTask<Dictionary<string, IReadOnlyList<DkimSigningKey>>> ReadAsync(CancellationToken ct)
    {
        if (_known is { } known && !_changes.TryTake())
            return known.ByDomain;
        await _reading.WaitAsync(ct);
        try
        {
            // What is changed while it is read is told once more.
            var before = _known?.All ?? [];
            var all = new Dictionary<(string, string), DkimSigningKey>();
            foreach (var record in await _store.MailAuth.ListDkimKeysAsync(ct))
            {
                var place = (record.Domain.Ascii, record.Selector);
                if (record.State != DkimKeyState.Active)
                    continue;
                if (before.TryGetValue(place, out var same))
                    all.Add(place, same);
                else if (Import(record, out var reason) is { } key)
                    all.Add(place, new DkimSigningKey(record.Domain, record.Selector, key));
                else
                    LogBadKey(record.ToString(), reason);
            }

            var byDomain = all
                .Values.GroupBy(k => k.Domain.Ascii)
                .ToDictionary(
                    g => g.Key,
                    // RSA is what every receiver knows.
                    g =>
                        (IReadOnlyList<DkimSigningKey>)
                            [.. g.OrderByDescending(k => k.Key.Algorithm, StringComparer.Ordinal)],
                    StringComparer.Ordinal
                );
            _known = new Known(all, byDomain);
            return byDomain;
        }
        catch
        {
            // The word of the change is taken, and what it was about is not read yet.
            _known = null;
            throw;
        }
        finally
        {
            _reading.Release();
        }
    }

    private sealed record Known(
        Dictionary<(string Domain, string Selector), DkimSigningKey> All,
        Dictionary<string, IReadOnlyList<DkimSigningKey>> ByDomain
    );

    [LoggerMessage(Level = LogLevel.Error, Message = "The DKIM key {Key} cannot be used: {Reason}")]
    private partial void LogBadKey(string key, string reason);
}
