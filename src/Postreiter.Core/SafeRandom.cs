using System.Diagnostics.CodeAnalysis;

namespace Postreiter.Core;

/// <summary>Randomness that many threads may draw from; passed in wherever names and jitter are made, never for secrets.</summary>
[SuppressMessage("Security", "CA5394", Justification = "Names and jitter, no secrets.")]
public sealed class SafeRandom : Random
{
    private readonly Lock _lock = new();
    private readonly Random _inner;

    /// <summary>Begins at a place nobody knows.</summary>
    public SafeRandom() => _inner = new Random();

    /// <summary>Begins at a given place, for tests.</summary>
    public SafeRandom(int seed) => _inner = new Random(seed);

    /// <inheritdoc/>
    public override int Next()
    {
        lock (_lock)
            return _inner.Next();
    }

    /// <inheritdoc/>
    public override int Next(int maxValue)
    {
        lock (_lock)
            return _inner.Next(maxValue);
    }

    /// <inheritdoc/>
    public override int Next(int minValue, int maxValue)
    {
        lock (_lock)
            return _inner.Next(minValue, maxValue);
    }

    /// <inheritdoc/>
    public override long NextInt64()
    {
        lock (_lock)
            return _inner.NextInt64();
    }

    /// <inheritdoc/>
    public override long NextInt64(long maxValue)
    {
        lock (_lock)
            return _inner.NextInt64(maxValue);
    }

    /// <inheritdoc/>
    public override long NextInt64(long minValue, long maxValue)
    {
        lock (_lock)
            return _inner.NextInt64(minValue, maxValue);
    }

    /// <inheritdoc/>
    public override double NextDouble()
    {
        lock (_lock)
            return _inner.NextDouble();
    }

    /// <inheritdoc/>
    public override float NextSingle()
    {
        lock (_lock)
            return _inner.NextSingle();
    }

    /// <inheritdoc/>
    public override void NextBytes(byte[] buffer)
    {
        lock (_lock)
            _inner.NextBytes(buffer);
    }

    /// <inheritdoc/>
    public override void NextBytes(Span<byte> buffer)
    {
        lock (_lock)
            _inner.NextBytes(buffer);
    }

    /// <inheritdoc/>
    protected override double Sample() => NextDouble();
}
