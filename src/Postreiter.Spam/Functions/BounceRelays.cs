using Postreiter.Spam.Configuration;
using Postreiter.Spam.Mail;
using static Postreiter.Spam.Functions.CallArguments;

namespace Postreiter.Spam.Functions;

/// <summary>Functions of SpamAssassin's VBounce: whether a returned mail came from the site itself (`welcomelist_bounce_relays`).</summary>
internal static class BounceRelays
{
    /// <summary>Whether the site says what its relays are.</summary>
    [RuleFunction("have_any_bounce_relays")]
    internal static int AreKnown(RuleCall call) => Hits(List(call).Count > 0);

    /// <summary>A Received field in the body names one of them.</summary>
    [RuleFunction("check_welcomelist_bounce_relays")]
    [RuleFunction("check_whitelist_bounce_relays")]
    internal static int AreInBody(RuleCall call)
    {
        var list = List(call);
        if (list.Count == 0)
            return 0;
        foreach (var line in call.Facts.Body)
        {
            if (IsReceived(line.Span) && HasRelay(list, line.Span))
                return 1;
        }

        return Hits(HasRelayInSource(list, call.Mail.PristineBody.Span));
    }

    private static AddressList List(RuleCall call) => call.Settings.Addresses("welcomelist_bounce_relays");

    // Quoted or not; a field goes on in the lines that begin with a blank.
    private static bool HasRelayInSource(AddressList list, ReadOnlySpan<char> body)
    {
        var isReceived = false;
        var last = "";
        for (var at = 0; at < body.Length; )
        {
            var line = HeaderSection.LineAt(body, at);
            at += line.Length;
            line = line.TrimEnd('\n');
            var isMore = line.Length > 0 && Octets.IsBlank(line[0]);
            if (!isMore || !isReceived)
                isReceived = IsReceived(line);
            if (!isReceived)
                continue;
            // A name may end where the line does and its blank begins the next.
            if (HasRelay(list, isMore ? string.Concat(last, line) : line))
                return true;
            var word = line.LastIndexOfAny(Octets.Blanks);
            last = line[Math.Max(0, word)..].ToString();
        }

        return false;
    }

    private static bool IsReceived(ReadOnlySpan<char> line) =>
        line.TrimStart("> ").StartsWith("Received:", StringComparison.OrdinalIgnoreCase);

    // Words with a dot inside, a blank at either side.
    private static bool HasRelay(AddressList list, ReadOnlySpan<char> text)
    {
        var at = text.IndexOfAny(Octets.Blanks);
        while (at >= 0)
        {
            var rest = text[(at + 1)..];
            var length = rest.IndexOfAny(Octets.Blanks);
            if (length < 0)
                return false;
            var word = rest[..length];
            if (word.Length >= 3 && word[1..^1].Contains('.') && list.Matches(word))
                return true;
            at += length + 1;
        }

        return false;
    }
}
