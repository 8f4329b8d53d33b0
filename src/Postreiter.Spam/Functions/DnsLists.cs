using System.Runtime.CompilerServices;
using Postreiter.Spam.Configuration;
using Postreiter.Spam.Network;

namespace Postreiter.Spam.Functions;

/// <summary>Asks a list of the DNS about one name or address, and judges the answer for the rule and for the others of its set.</summary>
/// <param name="facts">The mail.</param>
/// <param name="rule">The rule that asks.</param>
/// <param name="set">The name of its set.</param>
/// <param name="zone">The list.</param>
/// <param name="test">What must be answered; null = anything.</param>
internal sealed class DnsLists(MailFacts facts, Rule rule, string set, string zone, DnsTest? test)
{
    // What a rule's test means does not change; it is read once for all mails.
    private static readonly ConditionalWeakTable<Rule, StrongBox<DnsTest?>> Tests = [];

    /// <summary>Rules that tested an answer well already: a set names one of them once a mail.</summary>
    private sealed class Told
    {
        public HashSet<string> Rules { get; } = new(StringComparer.Ordinal);
    }

    /// <summary>What the arguments of a rule say: set, zone, test.</summary>
    /// <returns>Null when nothing is asked for this mail, or the arguments are wrong (which lint says).</returns>
    public static DnsLists? Of(RuleCall call)
    {
        if (call.Facts.Lookups is null || call.Argument(0) is not { } set || call.Argument(1) is not { } zone)
            return null;
        if (call.Argument(2) is not { } text)
            return new DnsLists(call.Facts, call.Rule, set, zone.Trim('.'), test: null);
        var test = Tests.GetValue(
            call.Rule,
            _ => new StrongBox<DnsTest?>(DnsTest.TryParse(text, out var parsed, out var _) ? parsed : null)
        );
        return test.Value is null ? null : new DnsLists(call.Facts, call.Rule, set, zone.Trim('.'), test.Value);
    }

    /// <summary>Asks.</summary>
    /// <param name="name">What is listed: a name, or an address in reverse order.</param>
    /// <param name="type">`A` or `TXT`.</param>
    public void Ask(string name, string type = "A") => facts.Lookups?.Ask(type, name.Trim('.') + "." + zone, Judge);

    private void Judge(DnsReply reply)
    {
        foreach (var record in reply.Records)
        {
            // A list answers from 127.0.0.0/8; all else is somebody who has taken its domain over.
            if (reply.Question.Type == "A" && !record.StartsWith("127.", StringComparison.Ordinal))
                continue;
            if (test is null || test.Fits(record))
                facts.Hit(rule, Detail(reply.Question, record));
            var told = facts.Shared(static _ => new Told()).Rules;
            foreach (var (other, fits) in DnsSets.Of(facts.Ruleset)[set])
            {
                if (!told.Contains(other.Name) && fits.Fits(record) && told.Add(other.Name))
                    facts.Hit(other, Detail(reply.Question, record));
            }
        }
        DnsRecordTag.Add(facts, reply);
    }

    /// <summary>For reports: a text as it is, its links in brackets; else what is listed where.</summary>
    private static string Detail(DnsQuestion question, string record)
    {
        if (question.Type == "TXT")
            return WithBrackets(record);
        var labels = question.Name.Ascii.Split('.');
        if (labels.Length > 33 && labels[..32].All(static label => label is [var c] && char.IsAsciiHexDigit(c)))
        {
            var digits = string.Concat(labels[..32].Reverse());
            var groups = Enumerable.Range(0, 8).Select(i => digits.Substring(4 * i, 4));
            // The first group keeps its zeros.
            var address = string.Join(':', groups.Select(static (group, i) => i == 0 ? group : Shortened(group)));
            return $"{address} listed in {string.Join('.', labels[32..])}";
        }
        if (labels.Length > 5 && NumberTest.AreNumbers(labels.AsSpan(0, 4)))
            return $"{string.Join('.', labels[..4].Reverse())} listed in {string.Join('.', labels[4..])}";
        return "listed in " + question.Name.Ascii;
    }

    private static string Shortened(string group) => group.TrimStart('0') is { Length: > 0 } digits ? digits : "0";

    private static string WithBrackets(string text)
    {
        var marked = new System.Text.StringBuilder(text.Length);
        for (var at = 0; at < text.Length; )
        {
            var rest = text.AsSpan(at);
            var isLink =
                rest.StartsWith("http://", StringComparison.OrdinalIgnoreCase)
                || rest.StartsWith("https://", StringComparison.OrdinalIgnoreCase);
            if (!isLink || (at > 0 && text[at - 1] is '<' or '(' or '['))
            {
                marked.Append(text[at++]);
                continue;
            }
            var end = rest.IndexOfAny(Perl.Blanks) is var blank and >= 0 ? blank : rest.Length;
            marked.Append('<').Append(rest[..end]).Append('>');
            at += end;
        }
        return marked.ToString();
    }
}
