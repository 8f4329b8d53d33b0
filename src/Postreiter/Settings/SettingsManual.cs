using System.Text;

namespace Postreiter.Settings;

/// <summary>Writes <c>docs/settings.md</c> and the file that <c>init</c> makes from the documentation in <see cref="SettingKeys"/>.</summary>
internal static class SettingsManual
{
    /// <summary>The manual as Markdown.</summary>
    public static string Markdown()
    {
        var text = new StringBuilder(
            """
            # Settings

            Made from the program's own table of keys by `postreiter config explain --all`; do not edit it here.

            One TOML file, `postreiter.toml` in the data folder. Unknown keys are errors. `--set key=value` overrides a key for one
            run, with a TOML value: `--set 'listen.smtp=["127.0.0.1:2525"]'`. `${env:NAME}` and `${file:PATH}` in any string stand for
            secrets; a relative path starts at the data folder. SIGHUP reads the file again; a file that does not check leaves the
            running settings in force, and the log names the changed keys that need a restart.

            """
        );
        var section = "";
        foreach (var key in SettingKeys.All)
        {
            var dot = key.Name.IndexOf('.', StringComparison.Ordinal);
            var named = dot < 0 ? "" : key.Name[..dot];
            if (named != section)
                text.Append("\n## ").Append(named).Append('\n');
            section = named;
            text.Append("\n### `").Append(key.Name).Append("`\n").Append(Explain(key));
        }

        return text.ToString();
    }

    /// <summary>What <c>config explain</c> prints below the name of a key.</summary>
    public static string Explain(SettingKey key) =>
        $"""
            {key.Doc}
            - Value: {key.Expected}
            - Default: {key.DefaultText ?? key.Write(new ServerSettings())}
            - Change takes effect: {Effect(key)}

            """;

    private static string Effect(SettingKey key) =>
        key.Effect switch
        {
            SettingEffect.AtReload => "at SIGHUP",
            SettingEffect.AtStart => "at the next start",
            _ => "not in this version: the value is checked and kept, the feature comes later",
        };
}
