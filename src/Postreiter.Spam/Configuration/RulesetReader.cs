using System.Text;
using Postreiter.Spam.Mail;

namespace Postreiter.Spam.Configuration;

/// <summary>Reads SpamAssassin rule files, line by line, into a <see cref="Ruleset"/>.</summary>
/// <remarks>A wrong line is a warning with file and line; everything else is in force.</remarks>
public sealed class RulesetReader
{
    private readonly RulesetOptions _options;
    private readonly Conditions _conditions;
    private readonly RuleTable _rules;
    private readonly Dictionary<string, bool> _languages = new(StringComparer.Ordinal);
    private readonly Settings _settings;
    private readonly Ruleset? _site;
    private bool _setsRequiredScore;
    private readonly Dictionary<string, (string File, int Line)> _pluginLines = new(StringComparer.Ordinal);
    private readonly List<ConfigurationWarning> _warnings = [];
    private readonly List<Block> _blocks = [];
    private bool _isSkipping;
    private string _file = "";
    private int _line;
    private int _depth;
    private int _included;

    /// <summary>A reader with nothing read.</summary>
    public RulesetReader(RulesetOptions? options = null)
    {
        _options = options ?? new RulesetOptions();
        _conditions = new Conditions { IsLocal = _options.IsLocal };
        _rules = new RuleTable((file, line, message) => _warnings.Add(new(file, line, message)));
        _settings = new Settings();
    }

    /// <summary>A reader of a user's preferences, which are laid over a site's rules.</summary>
    internal RulesetReader(Ruleset site)
    {
        (_options, _site, _settings) = (new RulesetOptions(), site, new Settings(site.Settings));
        _conditions = new Conditions { IsLocal = _options.IsLocal };
        foreach (var plugin in site.Plugins)
            _conditions.TryLoad("Mail::SpamAssassin::Plugin::" + plugin);
        _rules = new RuleTable((file, line, message) => _warnings.Add(new(file, line, message)), site);
    }

    internal UserPreferences CompletePreferences() =>
        new(_settings, _rules.Scores, _rules.Descriptions, _setsRequiredScore, _warnings);

    /// <summary>An open `if`: what `else` and `endif` go back to.</summary>
    private readonly record struct Block(bool WasSkipping, string Keyword, int Line);

    /// <summary>Reads the folders and files of a site: see <see cref="RulesetFiles"/>.</summary>
    /// <param name="files">Files in order.</param>
    /// <param name="options">How to read them.</param>
    /// <exception cref="IOException">A file cannot be read.</exception>
    public static Ruleset Load(IEnumerable<string> files, RulesetOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(files);
        var reader = new RulesetReader(options);
        foreach (var file in files)
            reader.ReadFile(file);
        return reader.Complete();
    }

    /// <summary>Reads a file.</summary>
    /// <exception cref="IOException">It cannot be read.</exception>
    public void ReadFile(string path) => ReadText(path, File.ReadAllText(path, Encoding.Latin1));

    /// <summary>Reads the text of a file.</summary>
    /// <param name="file">Its name, for warnings and for `include` lines beside it.</param>
    /// <param name="text">Its octets.</param>
    public void ReadText(string file, string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        var (outerFile, outerLine, outerBlocks) = (_file, _line, _blocks.Count);
        (_file, _line) = (file, 0);
        foreach (var range in text.AsSpan().Split('\n'))
        {
            _line++;
            ReadLine(text[range]);
        }
        // An `if` ends with its file.
        while (_blocks.Count > outerBlocks)
        {
            var block = _blocks[^1];
            Warn($"{block.Keyword} of line {block.Line} has no endif");
            _isSkipping = block.WasSkipping;
            _blocks.RemoveAt(_blocks.Count - 1);
        }
        if (outerBlocks == 0)
            _isSkipping = false;
        (_file, _line) = (outerFile, outerLine);
    }

    /// <summary>Puts what was read in force: scores, priorities, tags, metas.</summary>
    public Ruleset Complete()
    {
        var rules = _rules.Complete(_settings);
        return new Ruleset(rules, _settings, _conditions.Plugins, _warnings)
        {
            Scores = _rules.Scores,
            PluginLines = _pluginLines,
        };
    }

    private void ReadLine(string line)
    {
        line = WithoutComment(line).Trim(Perl.Blanks);
        if (line.Length == 0 || !IsInLanguage(ref line))
            return;
        var (word, value) = Perl.SplitOnce(line);
        var key = Octets.Lower(word).Replace('-', '_');
        if (IsPreprocessed(key, value) || _isSkipping)
            return;
        if (_site is not null && !IsForUsers(key))
        {
            Warn($"{key} is for the site alone; the line is passed over");
            return;
        }
        switch (key)
        {
            case "include":
                Include(value);
                return;
            case "require_version":
                RequireVersion(value);
                return;
            case "loadplugin" or "tryplugin":
                LoadPlugin(key, value);
                return;
            case "enable_compat":
                _conditions.EnableCompatibility(value);
                return;
        }
        var entry = DirectiveTable.Find(key);
        if (entry is null)
        {
            Warn($"{key} is not known; the line is passed over");
            return;
        }
        if (entry.Plugin.Length > 0 && !_conditions.Plugins.Contains(entry.Plugin))
        {
            Warn($"{key} belongs to the plugin {entry.Plugin}, which is not loaded; the line is passed over");
            return;
        }
        if (entry.Kind == DirectiveKind.Elsewhere)
        {
            Warn(
                $"{key} is for the server to say here ({entry.Default}); the line is passed over, and the server's resolver is asked",
                isError: false
            );
            return;
        }
        // Prefixed names keep theirs: bayes_stopword_en.
        var name = key.StartsWith(entry.Name, StringComparison.Ordinal) ? key : entry.Name;
        var directive = new Directive(name, value, _file, _line);
        _setsRequiredScore |= name == "required_score";
        var fault = entry.Kind == DirectiveKind.Rule ? _rules.Apply(directive) : _settings.Apply(entry, directive);
        if (fault is not null)
            Warn(fault);
    }

    // Of rules a user gives points and descriptions; what reads files, loads plugins or ends a scan is the site's.
    private static bool IsForUsers(string key) =>
        key is not ("include" or "require_version" or "loadplugin" or "tryplugin" or "enable_compat")
        && DirectiveTable.Find(key) is var entry
        && (
            entry is null
            || (entry.Rights.Length == 0 && (entry.Kind != DirectiveKind.Rule || key is "score" or "describe"))
        );

    // A # that no backslash stands before begins a comment; \# is a #.
    private static string WithoutComment(string line)
    {
        if (!line.Contains('#', StringComparison.Ordinal))
            return line;
        for (var at = line.IndexOf('#', StringComparison.Ordinal); at >= 0; at = line.IndexOf('#', at + 1))
        {
            if (at == 0 || line[at - 1] != '\\')
            {
                line = line[..at];
                break;
            }
        }
        return line.Replace("\\#", "#", StringComparison.Ordinal);
    }

    private bool IsInLanguage(ref string line)
    {
        if (!line.StartsWith("lang", StringComparison.Ordinal) || line.Length < 6 || !Octets.IsBlank(line[4]))
            return true;
        var (language, rest) = Perl.SplitOnce(Perl.SplitOnce(line).Remainder);
        line = rest;
        if (rest.Length == 0)
            return false;
        // A thousand lines name some thirty languages.
        if (_languages.TryGetValue(language, out var isOurs))
            return isOurs;
        if (!Patterns.OctetPattern.TryParse("^(?:" + language + ")", "i", out var pattern, out var error))
            return Fail($"lang {language}: {error}");
        return _languages[language] = pattern.IsMatch(_options.Language);
    }

    // What is read before all else, and while other lines are skipped too.
    private bool IsPreprocessed(string key, string value)
    {
        switch (key)
        {
            case "if":
                Open(key, value);
                return true;
            case "ifplugin":
                Open(key, value.Length == 0 ? "" : $"plugin({value})");
                return true;
            case "else":
                Else(value);
                return true;
            case "endif":
                if (value.Length > 0)
                    return Fail("endif takes no value") || true;
                if (_blocks.Count == 0)
                    return Fail("endif without an if") || true;
                _isSkipping = _blocks[^1].WasSkipping;
                _blocks.RemoveAt(_blocks.Count - 1);
                return true;
            default:
                return false;
        }
    }

    private void Open(string keyword, string condition)
    {
        if (condition.Length == 0)
        {
            Warn($"{keyword} needs a condition");
            return;
        }
        var holds = _conditions.Decide(condition, out var error);
        if (error.Length > 0)
            Warn($"{error}; the block is left out");
        _blocks.Add(new Block(_isSkipping, keyword, _line));
        _isSkipping |= !holds;
    }

    private void Else(string value)
    {
        if (value.Length > 0)
            Warn("else takes no value");
        else if (_blocks.Count == 0)
            Warn("else without an if");
        else
            _isSkipping = _blocks.Exists(static block => block.WasSkipping) || !_isSkipping;
    }

    private void Include(string value)
    {
        var path = Path.IsPathRooted(value) ? value : Path.Combine(Path.GetDirectoryName(_file) ?? "", value);
        if (value.Length == 0)
        {
            Warn("include needs a file");
            return;
        }
        // Files that include each other twice would be read more often than there is time.
        if (_included++ >= _options.MaxIncludes)
        {
            if (_included == _options.MaxIncludes + 1)
                Warn($"include {value}: more than {_options.MaxIncludes} files are included; no further one is read");
            return;
        }
        if (_depth >= _options.MaxIncludeDepth)
        {
            Warn($"include {value}: files are included deeper than {_options.MaxIncludeDepth}");
            return;
        }
        _depth++;
        try
        {
            ReadFile(path);
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            Warn($"include {value}: {fault.Message}");
        }
        _depth--;
    }

    private void RequireVersion(string value)
    {
        if (value is "@@VERSION@@" or "4.000001" or "4.0.1")
            return;
        Warn($"the file wants version {value}, this is 4.000001; the rest of the file is left out");
        _isSkipping = true;
    }

    private void LoadPlugin(string key, string value)
    {
        var name = Perl.SplitOnce(value).First;
        if (name.Length == 0)
            Warn($"{key} needs a name");
        else if (_conditions.TryLoad(name))
            _pluginLines.TryAdd(name[(name.LastIndexOf(':') + 1)..], (_file, _line));
        else if (key == "loadplugin")
            Warn($"{name} is no plugin of this engine; what stands in its ifplugin blocks is left out", isError: false);
    }

    private bool Fail(string message)
    {
        Warn(message);
        return false;
    }

    private void Warn(string message) => Warn(message, isError: true);

    private void Warn(string message, bool isError) =>
        _warnings.Add(new ConfigurationWarning(_file, _line, message, isError));
}
