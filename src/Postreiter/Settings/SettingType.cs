using Tomlyn.Model;

namespace Postreiter.Settings;

/// <summary>One thing wrong with the settings.</summary>
/// <param name="Key">The key as written.</param>
/// <param name="Value">The value as written, secrets masked; null where there is none.</param>
/// <param name="Right">What would be right.</param>
internal sealed record SettingsMistake(string Key, string? Value, string Right)
{
    /// <inheritdoc/>
    public override string ToString() => Value is null ? $"{Key}: {Right}" : $"{Key} = {Value}: {Right}";
}

/// <summary>A value of the file, on its way to becoming an option.</summary>
/// <param name="Path">Its key, for messages.</param>
/// <param name="Toml">What Tomlyn read: string, long, double, bool, <see cref="TomlArray"/>, <see cref="TomlTable"/>…</param>
/// <param name="Mistakes">Takes what is wrong.</param>
internal sealed record SettingValue(string Path, object Toml, ICollection<SettingsMistake> Mistakes)
{
    /// <summary>Whether it must not be printed.</summary>
    public bool IsSecret { get; init; }

    /// <summary>Notes that the value is not what it should be.</summary>
    public bool Fail(string right)
    {
        Mistakes.Add(new SettingsMistake(Path, IsSecret ? "***" : TomlText.Write(Toml), right));
        return false;
    }
}

/// <summary>A kind of value: how it is read, written and explained.</summary>
/// <typeparam name="T">What it becomes.</typeparam>
/// <param name="expected">What would be right, as the end of "must be …".</param>
/// <param name="read">Reads it, or notes the mistake and gives false.</param>
/// <param name="write">The value as TOML, secrets masked.</param>
internal sealed class SettingType<T>(string expected, SettingType<T>.Reader read, Func<T, string> write)
{
    /// <summary>Reads a value.</summary>
    public delegate bool Reader(SettingValue value, out T result);

    /// <summary>What would be right.</summary>
    public string Expected => expected;

    /// <inheritdoc cref="Reader"/>
    public bool TryRead(SettingValue value, out T result) => read(value, out result);

    /// <summary>The value as TOML, secrets masked.</summary>
    public string Write(T value) => write(value);
}
