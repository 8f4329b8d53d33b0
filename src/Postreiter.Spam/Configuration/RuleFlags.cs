using System.Globalization;

namespace Postreiter.Spam.Configuration;

/// <summary>The tflags of a rule.</summary>
public sealed class RuleFlags
{
    private readonly string[] _words;

    internal RuleFlags(string text)
    {
        Text = text;
        _words = [.. Perl.Words(text)];
        IsMultiple = Has("multiple");
        IsNet = Has("net");
        IsNice = Has("nice");
        IsLearn = Has("learn");
    }

    /// <summary>None.</summary>
    public static RuleFlags None { get; } = new("");

    /// <summary>As written, with what was added: a meta inherits `net`.</summary>
    public string Text { get; }

    /// <summary>`multiple`: every match counts.</summary>
    public bool IsMultiple { get; }

    /// <summary>`net`: runs only when the network is wanted.</summary>
    public bool IsNet { get; }

    /// <summary>`nice`: a rule of negative points.</summary>
    public bool IsNice { get; }

    /// <summary>`learn`: runs only when Bayes can be used.</summary>
    public bool IsLearn { get; }

    /// <summary>`maxhits=N`: counting stops there; 0 = no bound.</summary>
    public int MaxHits => int.TryParse(Value("maxhits"), CultureInfo.InvariantCulture, out var hits) ? hits : 0;

    /// <summary>Whether a flag is set, by its name alone (`nosubject`, `userconf`, `noautolearn`, `concat`, `ips_only`, …).</summary>
    public bool Has(string flag) => Array.IndexOf(_words, flag) >= 0;

    /// <summary>The value of `flag=value`; null when it is not set.</summary>
    public string? Value(string flag)
    {
        foreach (var word in _words)
        {
            if (
                word.Length > flag.Length
                && word[flag.Length] == '='
                && word.StartsWith(flag, StringComparison.Ordinal)
            )
                return word[(flag.Length + 1)..];
        }
        return null;
    }
}
