using System.Net;
using System.Net.Sockets;

namespace Postreiter.Net.Sasl;

/// <summary>
/// Slows guessing down (limits-and-promises L13): each failure makes the next attempt on the same name wait 1, 2, 4, 8, 15 s,
/// whether the name exists or not; an address with 20 failures in 10 minutes is locked out for 10 minutes.
/// </summary>
/// <remarks>
/// Memory is bounded: at most 20,000 names and 20,000 addresses (IPv6 by /64); when full, the entry unused longest goes.
/// Safe for concurrent use.
/// </remarks>
public sealed class LoginThrottle
{
    private static readonly TimeSpan[] Delays =
    [
        TimeSpan.FromSeconds(1),
        TimeSpan.FromSeconds(2),
        TimeSpan.FromSeconds(4),
        TimeSpan.FromSeconds(8),
        TimeSpan.FromSeconds(15),
    ];

    /// <summary>How far back failures count, unless <see cref="Lockout"/> says otherwise.</summary>
    public static readonly TimeSpan Window = TimeSpan.FromMinutes(10);

    private const int MaxNameLength = 320;
    private readonly TimeProvider _time;
    private readonly Lock _lock = new();
    private readonly Ledger<string> _accounts;
    private readonly Ledger<IPAddress> _addresses;

    /// <summary>A throttle with nothing to hold against anybody.</summary>
    /// <param name="time">The clock.</param>
    /// <param name="capacity">Most names and most addresses remembered; 1 or more.</param>
    public LoginThrottle(TimeProvider time, int capacity = 20_000)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(capacity, 1);
        _time = time;
        _accounts = new Ledger<string>(capacity, StringComparer.OrdinalIgnoreCase);
        _addresses = new Ledger<IPAddress>(capacity, EqualityComparer<IPAddress>.Default);
    }

    /// <summary>When an address is locked out; may change at any time, and counts from the next failure on.</summary>
    public LoginLockout Lockout { get; set; } = new(20, Window);

    /// <summary>Whether an address is locked out now; it is then refused without a look at the password.</summary>
    public bool IsLocked(IPAddress remote)
    {
        lock (_lock)
        {
            return _addresses.Find(NetworkOf(remote)) is { } entry && entry.LockedUntil > _time.GetTimestamp();
        }
    }

    /// <summary>How long the next attempt on this name has to wait; zero without a failure lately (<see cref="Lockout"/>).</summary>
    public TimeSpan DelayOf(string user)
    {
        lock (_lock)
        {
            return _accounts.Find(Shorten(user)) is { Failures: > 0 } entry && !IsOld(entry, Lockout.For)
                ? Delays[Math.Min(entry.Failures, Delays.Length) - 1]
                : TimeSpan.Zero;
        }
    }

    /// <summary>Waits <see cref="DelayOf"/>.</summary>
    public Task WaitAsync(string user, CancellationToken ct)
    {
        var delay = DelayOf(user);
        return delay == TimeSpan.Zero ? Task.CompletedTask : Task.Delay(delay, _time, ct);
    }

    /// <summary>An attempt failed.</summary>
    /// <returns>True when this failure locks the address out.</returns>
    public bool ReportFailure(string user, IPAddress remote)
    {
        var lockout = Lockout;
        lock (_lock)
        {
            var account = _accounts.Touch(Shorten(user));
            if (IsOld(account, lockout.For))
                account.Failures = 0;
            account.Failures = Math.Min(account.Failures + 1, Delays.Length);
            account.Since = _time.GetTimestamp();

            var address = _addresses.Touch(NetworkOf(remote));
            if (address.Failures == 0 || IsOld(address, lockout.For))
                (address.Failures, address.Since) = (0, _time.GetTimestamp());
            if (++address.Failures < lockout.After)
                return false;
            address.LockedUntil = _time.GetTimestamp() + (long)(lockout.For.TotalSeconds * _time.TimestampFrequency);
            address.Failures = 0;
            return true;
        }
    }

    /// <summary>An attempt succeeded: the name's failures are forgotten, the address's stay.</summary>
    public void ReportSuccess(string user)
    {
        lock (_lock)
            _accounts.Remove(Shorten(user));
    }

    private bool IsOld(Entry entry, TimeSpan window) => _time.GetElapsedTime(entry.Since) >= window;

    private static string Shorten(string user) => user.Length <= MaxNameLength ? user : user[..MaxNameLength];

    internal static IPAddress NetworkOf(IPAddress address)
    {
        if (address.IsIPv4MappedToIPv6)
            return address.MapToIPv4();
        if (address.AddressFamily != AddressFamily.InterNetworkV6)
            return address;
        // One customer has a /64 at least.
        Span<byte> bytes = stackalloc byte[16];
        address.TryWriteBytes(bytes, out _);
        bytes[8..].Clear();
        return new IPAddress(bytes);
    }

    private sealed class Entry
    {
        internal int Failures { get; set; }
        internal long Since { get; set; }
        internal long LockedUntil { get; set; }
    }

    private sealed class Ledger<TKey>(int capacity, IEqualityComparer<TKey> comparer)
        where TKey : notnull
    {
        private readonly Dictionary<TKey, LinkedListNode<(TKey Key, Entry Entry)>> _byKey = new(comparer);
        private readonly LinkedList<(TKey Key, Entry Entry)> _byUse = new();

        internal Entry? Find(TKey key) => _byKey.TryGetValue(key, out var node) ? node.Value.Entry : null;

        internal Entry Touch(TKey key)
        {
            if (_byKey.TryGetValue(key, out var node))
            {
                _byUse.Remove(node);
            }
            else
            {
                if (_byKey.Count >= capacity)
                    Remove(_byUse.First!.Value.Key);
                node = new LinkedListNode<(TKey Key, Entry Entry)>((key, new Entry()));
                _byKey.Add(key, node);
            }

            _byUse.AddLast(node);
            return node.Value.Entry;
        }

        internal void Remove(TKey key)
        {
            if (_byKey.Remove(key, out var node))
                _byUse.Remove(node);
        }
    }
}

/// <summary>When an address is locked out (L13).</summary>
/// <param name="After">So many failures within <paramref name="For"/> lock it; 1 or more. Default 20.</param>
/// <param name="For">How far back failures count, those of names too, and how long the lock lasts. Default 10 min.</param>
public sealed record LoginLockout(int After, TimeSpan For);
