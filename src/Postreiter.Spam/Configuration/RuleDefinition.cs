using Postreiter.Spam.Mail;
using Postreiter.Spam.Patterns;

namespace Postreiter.Spam.Configuration;

/// <summary>Reads what stands behind the name of a rule.</summary>
internal static class RuleDefinition
{
    private static readonly string[] Modifiers =
    [
        "raw",
        "addr",
        "name",
        "host",
        "domain",
        "ip",
        "revip",
        "first",
        "last",
    ];

    /// <summary>Reads a definition.</summary>
    /// <param name="line">The line: its key says what kind of rule it is.</param>
    /// <param name="name">The rule's name.</param>
    /// <param name="text">The rest.</param>
    /// <param name="fault">What is wrong, for people.</param>
    /// <returns>Null when it is none.</returns>
    public static Rule? Read(Directive line, string name, string text, out string fault)
    {
        fault = "";
        return line.Key switch
        {
            "header" => Header(line, name, text, out fault),
            "body" => PatternOrFunction(line, name, text, RuleKind.Body, RuleKind.BodyFunction, out fault),
            "rawbody" => PatternOrFunction(line, name, text, RuleKind.RawBody, RuleKind.RawBodyFunction, out fault),
            "full" => PatternOrFunction(line, name, text, RuleKind.Full, RuleKind.FullFunction, out fault),
            "uri" => OfPattern(line, name, text, RuleKind.Uri, out fault),
            "mimeheader" => MimeHeader(line, name, text, out fault),
            "uri_detail" => UriDetail(line, name, text, out fault),
            "meta" => Meta(line, name, text, out fault),
            "askdns" => AskDns(line, name, text, out fault),
            _ => throw new InvalidOperationException($"{line.Key} defines no rule"),
        };
    }

    /// <summary>Whether the pattern of a rule has a group with a name in capitals.</summary>
    public static bool HasCapture(Rule rule) =>
        rule.Pattern is { } pattern && pattern.Groups.Keys.Any(static name => char.IsAsciiLetterUpper(name[0]));

    private static Rule Of(Directive line, string name, string text, RuleKind kind) =>
        new()
        {
            Name = name,
            Kind = kind,
            Definition = text,
            File = line.File,
            Line = line.Line,
        };

    private static Rule? AskDns(Directive line, string name, string text, out string fault)
    {
        var query = AskDnsQuery.Read(text, out fault);
        return query is null
            ? null
            : new Rule
            {
                Name = name,
                Kind = RuleKind.AskDns,
                Definition = text,
                File = line.File,
                Line = line.Line,
                Query = query,
            };
    }

    private static Rule? OfPattern(Directive line, string name, string text, RuleKind kind, out string fault)
    {
        if (!TryReadPattern(text, out var pattern, out var templates, out fault))
            return null;
        return new Rule
        {
            Name = name,
            Kind = kind,
            Definition = text,
            File = line.File,
            Line = line.Line,
            Pattern = pattern,
            Templates = templates,
        };
    }

    private static Rule? PatternOrFunction(
        Directive line,
        string name,
        string text,
        RuleKind pattern,
        RuleKind function,
        out string fault
    ) =>
        text.StartsWith("eval:", StringComparison.Ordinal)
            ? Function(line, name, text["eval:".Length..], function, out fault)
            : OfPattern(line, name, text, pattern, out fault);

    private static Rule? Function(Directive line, string name, string text, RuleKind kind, out string fault)
    {
        fault = "";
        var open = text.IndexOf('(', StringComparison.Ordinal);
        if (open <= 0 || text[^1] != ')' || text.AsSpan(0, open).ContainsAnyExcept(WordOctets))
        {
            fault = "a function is written eval:name(arguments)";
            return null;
        }
        var arguments = Arguments(text[(open + 1)..^1]);
        if (arguments is null)
        {
            fault = "the arguments are quoted texts, numbers, addresses or domains, with commas between";
            return null;
        }
        return new Rule
        {
            Name = name,
            Kind = kind,
            Definition = text,
            File = line.File,
            Line = line.Line,
            Function = text[..open],
            Arguments = arguments,
        };
    }

    private static readonly System.Buffers.SearchValues<char> WordOctets = System.Buffers.SearchValues.Create(
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_"
    );

    // Quoted texts (the quote of the same kind ends it), or plain runs of letters, digits, . : and -.
    private static List<string>? Arguments(string text)
    {
        var arguments = new List<string>();
        var at = 0;
        while (true)
        {
            while (at < text.Length && Octets.IsBlank(text[at]))
                at++;
            if (at == text.Length)
                return arguments;
            int end;
            if (text[at] is '\'' or '"')
            {
                end = text.IndexOf(text[at], at + 1);
                if (end < 0)
                    return null;
                arguments.Add(text[(at + 1)..end]);
                end++;
            }
            else
            {
                end = at;
                while (end < text.Length && (char.IsAsciiLetterOrDigit(text[end]) || text[end] is '.' or ':' or '-'))
                    end++;
                if (end == at)
                    return null;
                arguments.Add(text[at..end]);
            }
            while (end < text.Length && Octets.IsBlank(text[end]))
                end++;
            if (end < text.Length && text[end] != ',')
                return null;
            at = Math.Min(end + 1, text.Length);
        }
    }

    private static Rule? Header(Directive line, string name, string text, out string fault)
    {
        fault = "";
        if (text.StartsWith("eval:", StringComparison.Ordinal) || text.StartsWith("rbleval:", StringComparison.Ordinal))
        {
            var call = text[(text.IndexOf(':', StringComparison.Ordinal) + 1)..];
            var isBlocklist =
                call.StartsWith("check_rbl", StringComparison.Ordinal)
                || call.StartsWith("check_dns", StringComparison.Ordinal);
            return Function(
                line,
                name,
                call,
                isBlocklist ? RuleKind.BlocklistFunction : RuleKind.HeaderFunction,
                out fault
            );
        }
        if (text.StartsWith("exists:", StringComparison.Ordinal))
        {
            var field = text["exists:".Length..];
            if (!TryReadHeader(field, out var asked, out fault))
                return null;
            return new Rule
            {
                Name = name,
                Kind = RuleKind.Header,
                Definition = text,
                File = line.File,
                Line = line.Line,
                Header = asked,
                IsExistence = true,
            };
        }
        return Matched(line, name, text, RuleKind.Header, out fault);
    }

    private static Rule? MimeHeader(Directive line, string name, string text, out string fault) =>
        Matched(line, name, text, RuleKind.MimeHeader, out fault);

    private static Rule? Matched(Directive line, string name, string text, RuleKind kind, out string fault)
    {
        var at = text.IndexOf('~', StringComparison.Ordinal);
        if (at < 2 || text[at - 1] is not ('=' or '!') || at + 1 >= text.Length)
        {
            fault = "a header rule is written Header =~ /pattern/";
            return null;
        }
        if (!TryReadHeader(text[..(at - 1)].TrimEnd(Perl.Blanks), out var header, out fault))
            return null;
        var rest = text[(at + 1)..].TrimStart(Perl.Blanks);
        var unset = UnsetText(ref rest);
        if (!TryReadPattern(rest, out var pattern, out var templates, out fault))
            return null;
        return new Rule
        {
            Name = name,
            Kind = kind,
            Definition = text,
            File = line.File,
            Line = line.Line,
            Header = header,
            IsNegated = text[at - 1] == '!',
            IfUnset = unset,
            Pattern = pattern,
            Templates = templates,
        };
    }

    private static string? UnsetText(ref string text)
    {
        const string Mark = "[if-unset:";
        var at = text.LastIndexOf(Mark, StringComparison.Ordinal);
        if (at < 1 || text[^1] != ']' || !Octets.IsBlank(text[at - 1]))
            return null;
        var unset = text[(at + Mark.Length)..^1];
        if (unset.Length == 0 || !Octets.IsBlank(unset[0]))
            return null;
        text = text[..at].TrimEnd(Perl.Blanks);
        return unset.TrimStart(Perl.Blanks);
    }

    private static bool TryReadHeader(string text, out RuleHeader header, out string fault)
    {
        fault = "";
        var parts = text.TrimEnd(':').Split(':');
        header = new RuleHeader(parts[0], parts[1..]);
        if (parts[0].Length == 0 || parts[0].Any(static octet => !Octets.IsWord(octet) && octet is not ('.' or '-')))
        {
            fault = $"{parts[0]} is no header";
            return false;
        }
        foreach (var modifier in header.Modifiers)
        {
            if (!Modifiers.Contains(modifier, StringComparer.OrdinalIgnoreCase))
            {
                fault = $"{modifier} is no part of a header: {string.Join(", ", Modifiers)}";
                return false;
            }
        }
        if (parts.Length <= 3)
            return true;
        fault = "a header takes at most two modifiers";
        return false;
    }

    private static Rule? UriDetail(Directive line, string name, string text, out string fault)
    {
        var conditions = UriConditions.Read(text, out fault);
        return conditions is null
            ? null
            : new Rule
            {
                Name = name,
                Kind = RuleKind.UriDetail,
                Definition = text,
                File = line.File,
                Line = line.Line,
                Conditions = conditions,
            };
    }

    private static Rule? Meta(Directive line, string name, string text, out string fault)
    {
        var expression = MetaCompiler.Compile(text, out fault);
        if (expression is null)
            return null;
        var rule = Of(line, name, text, RuleKind.Meta);
        rule.Expression = expression;
        return rule;
    }

    // %{TAG} in a pattern is filled in when a mail is scanned; until then its brace is literal, so that the rest is checked.
    private static bool TryReadPattern(
        string text,
        [System.Diagnostics.CodeAnalysis.NotNullWhen(true)] out OctetPattern? pattern,
        out IReadOnlyList<string> templates,
        out string fault
    )
    {
        templates = [];
        if (text.Contains("%{", StringComparison.Ordinal))
            text = Template.Escape(text, out templates);
        if (OctetPattern.TryParse(text, out pattern, out var error))
        {
            fault = "";
            return true;
        }
        fault = error;
        return false;
    }
}
