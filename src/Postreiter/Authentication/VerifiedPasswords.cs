using System.Security.Cryptography;
using System.Text;

namespace Postreiter.Authentication;

/// <summary>
/// Remembers for a short time which passwords were right, so that a client that connects often does not pay for the slow
/// hash each time. What is kept is an HMAC of password and stored hash under a key that lives and dies with the process:
/// it is of no use outside, and a changed password is unknown at once, because its stored hash is another.
/// </summary>
/// <param name="time">The clock.</param>
/// <param name="most">Most entries; when full, all are forgotten, which costs one slow hash each.</param>
internal sealed class VerifiedPasswords(TimeProvider time, int most = 10_000)
{
    private readonly byte[] _key = RandomNumberGenerator.GetBytes(32);
    private readonly Dictionary<string, long> _until = new(StringComparer.Ordinal);
    private readonly Lock _lock = new();

    /// <summary>How long; zero remembers nothing. May change at any time. Default 5 min.</summary>
    public TimeSpan Keep { get; set; } = TimeSpan.FromMinutes(5);

    /// <summary>Whether this password was right for this stored hash lately.</summary>
    public bool Contains(long accountId, string password, string storedHash)
    {
        if (Keep <= TimeSpan.Zero)
            return false;
        var name = Name(accountId, password, storedHash);
        lock (_lock)
            return _until.TryGetValue(name, out var until) && time.GetTimestamp() < until;
    }

    /// <summary>Remembers that it was right.</summary>
    public void Add(long accountId, string password, string storedHash)
    {
        var keep = Keep;
        if (keep <= TimeSpan.Zero)
            return;
        var name = Name(accountId, password, storedHash);
        var until = time.GetTimestamp() + (long)(keep.TotalSeconds * time.TimestampFrequency);
        lock (_lock)
        {
            if (_until.Count >= most)
                _until.Clear();
            _until[name] = until;
        }
    }

    private string Name(long accountId, string password, string storedHash) =>
        Convert.ToBase64String(
            HMACSHA256.HashData(_key, Encoding.UTF8.GetBytes($"{accountId}\0{storedHash}\0{password}"))
        );
}
