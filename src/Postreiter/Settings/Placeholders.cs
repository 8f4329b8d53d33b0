using Tomlyn.Model;

namespace Postreiter.Settings;

/// <summary>Puts secrets in place of <c>${env:NAME}</c> and <c>${file:PATH}</c>.</summary>
/// <param name="folder">Where relative paths start.</param>
/// <param name="environment">Gives environment variables.</param>
internal sealed class Placeholders(string folder, Func<string, string?> environment)
{
    private const int MaxFileBytes = 64 * 1024;

    /// <summary>The value with every placeholder in its strings replaced.</summary>
    public object Fill(object toml, string key, ICollection<SettingsMistake> mistakes, out bool found)
    {
        found = false;
        switch (toml)
        {
            case string text:
                return FillText(text, key, mistakes, out found);
            case TomlArray array:
                var list = new TomlArray();
                foreach (var item in array)
                {
                    list.Add(Fill(item ?? "", key, mistakes, out var inItem));
                    found |= inItem;
                }

                return list;
            case TomlTable table:
                var filled = new TomlTable(inline: true);
                foreach (var (name, value) in table)
                {
                    filled[name] = Fill(value, $"{key}.{name}", mistakes, out var inValue);
                    found |= inValue;
                }

                return filled;
            case TomlTableArray tables:
                var copies = new TomlTableArray();
                foreach (var entry in tables)
                {
                    copies.Add((TomlTable)Fill(entry, key, mistakes, out var inEntry));
                    found |= inEntry;
                }

                return copies;
            default:
                return toml;
        }
    }

    private string FillText(string text, string key, ICollection<SettingsMistake> mistakes, out bool found)
    {
        found = false;
        var result = new System.Text.StringBuilder();
        var rest = text.AsSpan();
        while (true)
        {
            var start = rest.IndexOf("${", StringComparison.Ordinal);
            if (start < 0)
                return result.Append(rest).ToString();
            found = true;
            result.Append(rest[..start]);
            rest = rest[(start + 2)..];
            var end = rest.IndexOf('}');
            var name = end < 0 ? "" : rest[..end].ToString();
            if (Look(name, out var why) is { } secret)
                result.Append(secret);
            else
                mistakes.Add(new SettingsMistake(key, TomlText.Quote(text), why));
            rest = end < 0 ? [] : rest[(end + 1)..];
        }
    }

    private string? Look(string name, out string why)
    {
        why = "must be ${env:NAME} or ${file:PATH}";
        if (name.StartsWith("env:", StringComparison.Ordinal))
        {
            why = $"the environment has no variable {name[4..]}";
            return environment(name[4..]);
        }

        if (!name.StartsWith("file:", StringComparison.Ordinal))
            return null;
        var path = Path.Combine(folder, name[5..]);
        try
        {
            if (new FileInfo(path).Length <= MaxFileBytes)
                return File.ReadAllText(path).TrimEnd('\r', '\n');
            why = $"{path} is larger than 64 KiB";
            return null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            why = $"{path} cannot be read: {e.Message}";
            return null;
        }
    }
}
