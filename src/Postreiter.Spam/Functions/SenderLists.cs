using Postreiter.MailAuth.Spf;

namespace Postreiter.Spam.Functions;

/// <summary>Lists of senders that count only where SPF or a signature vouches for them.</summary>
internal static class SenderLists
{
    /// <summary>The envelope's sender is in <c>welcomelist_from_spf</c> or <c>welcomelist_auth</c>, and SPF passes.</summary>
    [RuleFunction("check_for_spf_welcomelist_from", IsOfSender = true)]
    [RuleFunction("check_for_spf_whitelist_from", IsOfSender = true)]
    internal static int IsSpfWelcome(RuleCall call) => Spf(call, "welcomelist_from_spf", "welcomelist_auth");

    /// <summary>The same with <c>def_welcomelist_from_spf</c> and <c>def_welcomelist_auth</c>.</summary>
    [RuleFunction("check_for_def_spf_welcomelist_from", IsOfSender = true)]
    [RuleFunction("check_for_def_spf_whitelist_from", IsOfSender = true)]
    internal static int IsSpfWelcomeByDefault(RuleCall call) =>
        Spf(call, "def_welcomelist_from_spf", "def_welcomelist_auth");

    /// <summary>
    /// An author is in <c>welcomelist_from_dkim</c> and there is a valid signature of a domain that its entry names (its own where it
    /// names none), or is in <c>welcomelist_auth</c> with a valid signature of its own domain.
    /// </summary>
    [RuleFunction("check_for_dkim_welcomelist_from", IsOfSender = true)]
    [RuleFunction("check_for_dkim_whitelist_from", IsOfSender = true)]
    internal static int IsDkimWelcome(RuleCall call) => Dkim(call, "welcomelist_from_dkim", "welcomelist_auth");

    /// <summary>The same with <c>def_welcomelist_from_dkim</c> and <c>def_welcomelist_auth</c>.</summary>
    [RuleFunction("check_for_def_dkim_welcomelist_from", IsOfSender = true)]
    [RuleFunction("check_for_def_dkim_whitelist_from", IsOfSender = true)]
    internal static int IsDkimWelcomeByDefault(RuleCall call) =>
        Dkim(call, "def_welcomelist_from_dkim", "def_welcomelist_auth");

    private static int Spf(RuleCall call, params ReadOnlySpan<string> lists)
    {
        if (call.Facts.Senders is not { Sender: { Length: > 0 } sender, MailFrom.Result: SpfResult.Pass })
            return 0;
        foreach (var list in lists)
        {
            if (call.Settings.Addresses(list).Matches(sender))
                return 1;
        }

        return 0;
    }

    private static int Dkim(RuleCall call, string signed, string own)
    {
        var facts = SenderFacts.Of(call.Facts);
        var signers = facts.Valid.Where(facts.SpeaksForDomain).Select(SenderFacts.SignerOf).OfType<string>().ToList();
        if (signers.Count == 0)
            return 0;
        var (withSigners, withAuthor) = (call.Settings.Addresses(signed), call.Settings.Addresses(own));
        foreach (var author in facts.Authors)
        {
            var domain = SenderFacts.Domain(author) ?? "";
            var isOwn = signers.Contains(domain);
            if (isOwn && withAuthor.Matches(author))
                return 1;
            var accepted = withSigners.FindAll(author).SelectMany(static entry => entry.Domains);
            if (accepted.Any(one => one.Length == 0 ? isOwn : signers.Exists(signer => Accepts(one, signer))))
                return 1;
        }

        return 0;
    }

    // Once the identity stood here: of an address the domain counts.
    private static bool Accepts(string accepted, string signer) =>
        SenderFacts.IsIn(signer, accepted[(accepted.LastIndexOf('@') + 1)..], isItselfIn: false);
}
