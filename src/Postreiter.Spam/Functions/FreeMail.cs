using Postreiter.Spam.Mail;

namespace Postreiter.Spam.Functions;

/// <summary>Functions of SpamAssassin's FreeMail: addresses that anybody can get, where they say something.</summary>
internal static class FreeMail
{
    private static readonly FunctionPattern BulkSender = new(
        "(?:^(?:post|host|domain)master|^double-bounce|^(?:sentto|owner|return|(?:gr)?bounced?)-[^\n]+|-(?:request|bounces?|admin|owner)"
            + "|\\b(?:do[._-t]?)?no[._-t]?repl(?:y|ies)|[^\n]+=[^\n]+)@",
        "i"
    );

    /// <summary>A header's address is free: header, a pattern it has to fit.</summary>
    [RuleFunction("check_freemail_header", PatternArgument = 1)]
    internal static int IsHeaderFree(RuleCall call)
    {
        // "Reply-To:addr" means the same.
        var header = (call.Argument(0) ?? "").Split(':')[0];
        return Find(call, call.Mail.AddressesOf(header).Select(Octets.Lower), 1);
    }

    /// <summary>A sender's address is free: a pattern it has to fit.</summary>
    [RuleFunction("check_freemail_from", PatternArgument = 0)]
    internal static int IsSenderFree(RuleCall call) =>
        Find(call, MailAddresses.Of(call.Facts).From.Select(Octets.Lower), 0);

    /// <summary>A free address stands in the body: a pattern it has to fit.</summary>
    [RuleFunction("check_freemail_body", PatternArgument = 0)]
    internal static int IsInBody(RuleCall call)
    {
        if (
            !FreeMailLists.Of(call.Settings).IsAvailable || FreeMailBody.Of(call.Facts) is not { IsSkipped: false } body
        )
            return 0;
        var found = body.Free.Where(address => Fits(call, 0, address)).ToList();
        if (found.Count == 0)
            return 0;
        Describe(call, call.Argument(0) is null ? string.Join(", ", found) : found[0]);
        return 1;
    }

    /// <summary>From and the address for replies are different free ones: `replyto` (default) or `reply`, for which From may stand in.</summary>
    [RuleFunction("check_freemail_replyto")]
    internal static int IsReplyElsewhere(RuleCall call)
    {
        var lists = FreeMailLists.Of(call.Settings);
        var what = call.Argument(0) ?? "replyto";
        if (!lists.IsAvailable || what is not ("replyto" or "reply"))
            return 0;
        if (
            call.Settings.Number("freemail_skip_bulk_envfrom") != 0
            && call.Mail.EnvelopeFrom is { } sender
            && BulkSender.IsMatch(sender)
        )
            return 0;
        var from = call.Mail.AddressesOf("From").Select(Octets.Lower).ToList();
        var replyTo = call.Mail.AddressesOf("Reply-To").Select(Octets.Lower).ToList();
        var isFromFree = from.Exists(lists.Has);
        var isReplyToFree = replyTo.Exists(lists.Has);
        if (isFromFree && isReplyToFree && !from.Exists(replyTo.Contains))
        {
            Describe(call, $"{string.Join(',', from)} -> {string.Join(',', replyTo)}");
            return 1;
        }

        var isAsked = what == "replyto" ? isReplyToFree : isFromFree && (replyTo.Count == 0 || isReplyToFree);
        if (!isAsked || FreeMailBody.Of(call.Facts) is not { IsSkipped: false } body)
            return 0;
        var replies = what == "replyto" || isReplyToFree ? replyTo : from;
        foreach (var address in body.Free)
        {
            if (replies.Find(reply => reply != address) is { } reply)
            {
                Describe(call, $"{reply}, {address}");
                return 1;
            }
        }

        return 0;
    }

    private static int Find(RuleCall call, IEnumerable<string> addresses, int pattern)
    {
        var lists = FreeMailLists.Of(call.Settings);
        if (!lists.IsAvailable)
            return 0;
        if (addresses.FirstOrDefault(address => lists.Has(address) && Fits(call, pattern, address)) is not { } found)
            return 0;
        Describe(call, found);
        return 1;
    }

    private static void Describe(RuleCall call, string addresses)
    {
        if (call.Settings.Number("freemail_add_describe_email") != 0)
            call.Describe($" [{addresses.Replace("@", "(at)", StringComparison.Ordinal)}]");
    }

    // A pattern that cannot be read fits nothing; without one any address does.
    private static bool Fits(RuleCall call, int index, string address) =>
        call.Argument(index) is null || (call.Pattern(index) is { } pattern && call.IsMatch(pattern, address));
}
