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

    /// <summary>Whether SIGHUP is not enough for a change to take effect.</summary>
    public bool NeedsRestart { get; init; }

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
    public override string Write(ServerSettings settings) => type.Write(get(settings));
}
