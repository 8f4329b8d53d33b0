using Tomlyn;
using Tomlyn.Model;
using Tomlyn.Parsing;
using Tomlyn.Syntax;

namespace Postreiter.Settings;

/// <summary>What came of reading the settings.</summary>
/// <param name="Settings">The settings; to be used only without mistakes.</param>
/// <param name="Mistakes">Everything that is wrong, in the order of the keys.</param>
/// <param name="Sources">For each key that was given: where, and the text as written when it held a placeholder.</param>
internal sealed record SettingsResult(
    ServerSettings Settings,
    IReadOnlyList<SettingsMistake> Mistakes,
    IReadOnlyDictionary<string, SettingSource> Sources
);

/// <summary>Where a value came from.</summary>
/// <param name="Name">The file's name, or <c>--set</c>.</param>
/// <param name="Text">The value as written, when it names a secret by a placeholder; else null.</param>
internal sealed record SettingSource(string Name, string? Text);

/// <summary>Reads the file of settings and the <c>--set</c> of the command line, and finds every mistake at once.</summary>
/// <param name="folder">The data folder; relative paths in <c>${file:PATH}</c> start there.</param>
/// <param name="environment">Gives environment variables.</param>
internal sealed class SettingsReader(string folder, Func<string, string?> environment)
{
    /// <summary>Reads.</summary>
    /// <param name="file">Text of the file; null when there is none.</param>
    /// <param name="fileName">Its name for messages.</param>
    /// <param name="overrides">Each <c>key=value</c> with a TOML value.</param>
    public SettingsResult Read(string? file, string fileName, IReadOnlyList<string> overrides)
    {
        var mistakes = new List<SettingsMistake>();
        var given = new Dictionary<string, (object Toml, string Source)>(StringComparer.Ordinal);
        if (file is not null && Parse(file, fileName, mistakes) is { } document)
            Collect(document, "", fileName, given, mistakes);
        foreach (var text in overrides)
        {
            if (ParseOverride(text, mistakes) is { } table)
                Collect(table, "", "--set", given, mistakes);
        }

        var settings = new ServerSettings();
        var sources = new Dictionary<string, SettingSource>(StringComparer.Ordinal);
        var placeholders = new Placeholders(folder, environment);
        foreach (var key in SettingKeys.All)
        {
            if (!given.TryGetValue(key.Name, out var value))
                continue;
            var before = mistakes.Count;
            var filled = placeholders.Fill(value.Toml, key.Name, mistakes, out var hasPlaceholder);
            sources[key.Name] = new SettingSource(value.Source, hasPlaceholder ? TomlText.Write(value.Toml) : null);
            if (mistakes.Count > before)
                continue;
            // What a placeholder stood for is a secret, also where it is wrong.
            var found = new List<SettingsMistake>();
            settings = key.Apply(settings, new SettingValue(key.Name, filled, found));
            mistakes.AddRange(
                hasPlaceholder ? found.Select(m => m with { Value = TomlText.Write(value.Toml) }) : found
            );
        }

        if (file is not null && !given.ContainsKey("hostname"))
            mistakes.Add(
                new SettingsMistake("hostname", null, "is missing; must be a host name such as \"mx.example.org\"")
            );
        if (settings.Outbound.WarnAfter > settings.Outbound.GiveUp && mistakes.Count == 0)
        {
            mistakes.Add(
                new SettingsMistake(
                    "outbound.warn_after",
                    TomlText.Quote(Durations.Format(settings.Outbound.WarnAfter)),
                    "must not be longer than outbound.give_up"
                )
            );
        }

        return new SettingsResult(settings, mistakes, sources);
    }

    private static TomlTable? Parse(string text, string name, List<SettingsMistake> mistakes)
    {
        // The syntax tree finds every mistake, keys given twice among them; the model would stop at the first.
        var document = SyntaxParser.Parse(text, name);
        foreach (var diagnostic in document.Diagnostics)
        {
            if (diagnostic.Kind == DiagnosticMessageKind.Error)
                mistakes.Add(
                    new SettingsMistake($"{name}, line {diagnostic.Span.Start.Line + 1}", null, diagnostic.Message)
                );
        }

        if (document.HasErrors)
            return null;
        try
        {
            return TomlSerializer.Deserialize<TomlTable>(text) ?? [];
        }
        catch (TomlException e)
        {
            mistakes.Add(new SettingsMistake(name, null, $"is not TOML: {e.Message}"));
            return null;
        }
    }

    private static TomlTable? ParseOverride(string text, List<SettingsMistake> mistakes)
    {
        var equals = text.IndexOf('=', StringComparison.Ordinal);
        if (equals <= 0)
        {
            mistakes.Add(new SettingsMistake("--set", text, "must be key=value, such as --set 'outbound.port=2525'"));
            return null;
        }

        try
        {
            return TomlSerializer.Deserialize<TomlTable>(text) ?? [];
        }
        catch (TomlException)
        {
            var key = text[..equals].Trim();
            var secret = SettingKeys.Find(key) is { IsSecret: true };
            mistakes.Add(
                new SettingsMistake(
                    $"--set {key}",
                    secret ? "***" : text[(equals + 1)..],
                    $"the value must be TOML, text in quotes: --set '{key}={SettingKeys.Find(key)?.Write(new()) ?? "\"text\""}'"
                )
            );
            return null;
        }
    }

    private static void Collect(
        TomlTable table,
        string prefix,
        string source,
        Dictionary<string, (object Toml, string Source)> given,
        List<SettingsMistake> mistakes
    )
    {
        foreach (var (name, toml) in table)
        {
            var path = prefix + name;
            if (SettingKeys.Find(path) is not null)
            {
                // --set outbound.smarthost.port=… changes one entry of a table that the file has.
                if (toml is TomlTable entries && given.TryGetValue(path, out var had) && had.Toml is TomlTable old)
                    Merge(entries, old);
                given[path] = (toml, source);
            }
            else if (SettingKeys.IsSection(path))
            {
                if (toml is TomlTable section)
                    Collect(section, path + ".", source, given, mistakes);
                else
                    mistakes.Add(new SettingsMistake(path, TomlText.Write(toml), $"is a section: write [{path}]"));
            }
            else
            {
                var nearest = NearestKey.Find(path, SettingKeys.All.Select(k => k.Name));
                // A mistyped key may hold what the right one holds.
                var isSecret =
                    SettingKeys.Find(nearest) is { IsSecret: true }
                    || path.Contains("password", StringComparison.OrdinalIgnoreCase);
                var value = isSecret ? "***" : TomlText.Write(toml);
                mistakes.Add(new SettingsMistake(path, value, $"is not a known key; did you mean {nearest}?"));
            }
        }
    }

    private static void Merge(TomlTable target, TomlTable defaults)
    {
        foreach (var (name, value) in defaults)
        {
            if (!target.ContainsKey(name))
                target[name] = value;
        }
    }
}
