using Postreiter.Control;

namespace Postreiter.Settings;

/// <summary>The folder that holds everything of one server.</summary>
/// <param name="path">Its path.</param>
internal sealed class DataFolder(string path)
{
    /// <summary>Used when neither <c>--data</c> nor POSTREITER_DATA says otherwise.</summary>
    public const string Default = "/var/lib/postreiter";

    /// <summary>The file of settings' name.</summary>
    public const string SettingsName = "postreiter.toml";

    /// <summary>Absolute path.</summary>
    public string Root { get; } = Path.GetFullPath(path);

    /// <summary>The file of settings.</summary>
    public string SettingsFile => Path.Combine(Root, SettingsName);

    /// <summary>Where the running server takes commands.</summary>
    public string ControlSocket => Path.Combine(Root, "control.sock");

    /// <summary>Held by whoever has the store open.</summary>
    public string LockFile => Path.Combine(Root, "lock");

    /// <summary>Where the running server writes the addresses it listens on, by listener.</summary>
    public string PortsFile => Path.Combine(Root, "ports.json");

    /// <summary>32 random bytes that made-up SCRAM salts are derived from.</summary>
    public string LoginKeyFile => Path.Combine(Root, "login.key");

    /// <summary>Rules that were updated from channels.</summary>
    public string RuleUpdates => Path.Combine(Root, "rule-updates");

    /// <summary>Public keys that may sign rule updates, besides SpamAssassin's own.</summary>
    public string UpdateKeys => Path.Combine(Root, "update-keys");

    /// <summary>Where commands and the running server hand each other files.</summary>
    public ExchangeFolder Exchange => new(Root);

    /// <summary>A path of the settings: relative ones start here.</summary>
    public string Resolve(string path) => Path.GetFullPath(path, Root);

    /// <summary>Reads the settings.</summary>
    /// <exception cref="IOException">The file is there and cannot be read.</exception>
    /// <exception cref="UnauthorizedAccessException">As above.</exception>
    public SettingsResult ReadSettings(IReadOnlyList<string> overrides)
    {
        var reader = new SettingsReader(Root, Environment.GetEnvironmentVariable);
        if (File.Exists(SettingsFile))
            return reader.Read(File.ReadAllText(SettingsFile), SettingsName, overrides);
        var result = reader.Read(null, SettingsName, overrides);
        var missing = new SettingsMistake(SettingsFile, null, "is not there; postreiter init makes it");
        return result with { Mistakes = [missing, .. result.Mistakes] };
    }
}
