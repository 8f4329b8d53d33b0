using System.Collections;

namespace Postreiter.Settings;

/// <summary>One key of the file: its name, its documentation, and the way into <see cref="ServerSettings"/>.</summary>
internal abstract class SettingKey(string name, string doc)
{
    /// <summary>The key with dots.</summary>
    public string Name => name;

    /// <summary>What it means, in one paragraph; the manual is made from it.</summary>
    public string Doc => doc;

    /// <summary>What a value looks like.</summary>
    public abstract string Expected { get; }

    /// <summary>Said instead of the default where that is not a plain value.</summary>
    public string? DefaultText { get; init; }

    /// <summary>Whether the value may hold a password.</summary>
    public bool IsSecret { get; init; }

    /// <summary>When a change takes effect. Default: with SIGHUP.</summary>
    public SettingEffect Effect { get; init; }

    /// <summary>Whether two settings have the same value here, secrets included.</summary>
    public abstract bool IsSame(ServerSettings one, ServerSettings other);

    /// <summary>Reads a value into the settings; what is wrong is noted in the value's mistakes.</summary>
    public abstract ServerSettings Apply(ServerSettings settings, SettingValue value);

    /// <summary>The value in force as TOML, secrets masked.</summary>
    public abstract string Write(ServerSettings settings);
}

/// <inheritdoc/>
internal sealed class SettingKey<T>(
    string name,
    SettingType<T> type,
    Func<ServerSettings, T> get,
    Func<ServerSettings, T, ServerSettings> set,
    string doc
) : SettingKey(name, doc)
{
    /// <inheritdoc/>
    public override string Expected => type.Expected;

    /// <inheritdoc/>
    public override ServerSettings Apply(ServerSettings settings, SettingValue value) =>
        type.TryRead(value with { IsSecret = IsSecret }, out var read) ? set(settings, read) : settings;

    /// <inheritdoc/>
    public override bool IsSame(ServerSettings one, ServerSettings other) =>
        (get(one), get(other)) switch
        {
            (string a, string b) => a == b,
            (IEnumerable a, IEnumerable b) => a.Cast<object>().SequenceEqual(b.Cast<object>()),
            var (a, b) => EqualityComparer<T>.Default.Equals(a, b),
        };

    /// <inheritdoc/>
    public override string Write(ServerSettings settings) => type.Write(get(settings));
}

/// <summary>When a change of a setting takes effect.</summary>
internal enum SettingEffect
{
    /// <summary>With SIGHUP, for sessions and deliveries that begin then.</summary>
    AtReload,

    /// <summary>When the server starts next.</summary>
    AtStart,

    /// <summary>Not at all: the value is checked and kept for a feature that this version does not have.</summary>
    Later,
}
