using System.Diagnostics;

namespace Postreiter.Spam.Rules;

/// <summary>What a scan spends its time on, apart from what the texts cost when a rule is the first to ask for them.</summary>
internal enum ScanLayer
{
    /// <summary>Patterns with templates, and those whose text others use.</summary>
    Singles,

    /// <summary>Header rules.</summary>
    Headers,

    /// <summary>Body rules.</summary>
    Body,

    /// <summary>URI rules, with uri_detail.</summary>
    Uri,

    /// <summary>Rules on the raw body.</summary>
    RawBody,

    /// <summary>Rules on the whole mail.</summary>
    Full,

    /// <summary>Rules on the headers of parts.</summary>
    PartHeaders,

    /// <summary>Rule functions.</summary>
    Functions,

    /// <summary>Metas.</summary>
    Metas,

    /// <summary>The result.</summary>
    Result,
}

/// <summary>Time by layer, summed over scans; for benchmarks.</summary>
internal sealed class ScanClock
{
    private readonly long[] _ticks = new long[Enum.GetValues<ScanLayer>().Length];
    private long _last;

    /// <summary>Ticks of <see cref="Stopwatch"/> that a layer took.</summary>
    public long this[ScanLayer layer] => _ticks[(int)layer];

    /// <summary>From here on.</summary>
    public void Start() => _last = Stopwatch.GetTimestamp();

    /// <summary>All since the last call was this layer.</summary>
    public void Took(ScanLayer layer)
    {
        var now = Stopwatch.GetTimestamp();
        _ticks[(int)layer] += now - _last;
        _last = now;
    }

    /// <summary>Forgets all.</summary>
    public void Clear() => Array.Clear(_ticks);
}
