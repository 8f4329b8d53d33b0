using System.Globalization;
using Postreiter.Core;

namespace Postreiter.Smtp.Client;

/// <summary>What a server said to EHLO (RFC 5321 §4.1.1.1); nothing, when it knows only HELO.</summary>
internal sealed class SmtpExtensions
{
    private readonly HashSet<string> _keywords = new(StringComparer.OrdinalIgnoreCase);
    private readonly HashSet<string> _mechanisms = new(StringComparer.OrdinalIgnoreCase);

    /// <summary>No extensions.</summary>
    public SmtpExtensions() { }

    /// <summary>Those of a positive reply to EHLO.</summary>
    public SmtpExtensions(SmtpReply reply)
    {
        foreach (var line in reply.Lines.Skip(1))
        {
            var words = line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
            if (words.Length == 0)
                continue;
            _keywords.Add(words[0]);
            switch (words[0].ToUpperInvariant())
            {
                case "SIZE" when words.Length > 1:
                    // RFC 1870 §4: 0, like no number at all, is no fixed limit.
                    _ = long.TryParse(words[1], NumberStyles.None, CultureInfo.InvariantCulture, out var size);
                    MaxSize = size;
                    break;
                case "AUTH":
                    _mechanisms.UnionWith(words.Skip(1));
                    break;
                case "LIMITS":
                    ReadLimits(words);
                    break;
            }
        }
    }

    /// <summary>Largest message in bytes; 0 when not said.</summary>
    public long MaxSize { get; }

    /// <summary>Most recipients of one transaction (RFC 9422 §4.2); <see cref="int.MaxValue"/> when not said.</summary>
    public int MaxRecipients { get; private set; } = int.MaxValue;

    /// <summary>Whether a keyword was there.</summary>
    public bool Has(string keyword) => _keywords.Contains(keyword);

    /// <summary>Whether AUTH names a mechanism (RFC 4954 §3).</summary>
    public bool HasMechanism(string name) => _mechanisms.Contains(name);

    private void ReadLimits(string[] words)
    {
        foreach (var word in words)
        {
            if (
                word.StartsWith("RCPTMAX=", StringComparison.OrdinalIgnoreCase)
                && int.TryParse(word.AsSpan(8), NumberStyles.None, CultureInfo.InvariantCulture, out var most)
                && most > 0
            )
                MaxRecipients = most;
        }
    }
}
