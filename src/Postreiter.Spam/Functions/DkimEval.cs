using Postreiter.MailAuth.Arc;
using Postreiter.Spam.Senders;
using static Postreiter.Spam.Functions.CallArguments;

namespace Postreiter.Spam.Functions;

/// <summary>Functions of SpamAssassin's DKIM plugin. Without checks of the sender nothing is signed.</summary>
internal static class DkimEval
{
    /// <summary>There is a signature, valid or not; with arguments, one of these domains.</summary>
    [RuleFunction("check_dkim_signed", IsOfSender = true)]
    internal static int IsSigned(RuleCall call)
    {
        if (call.Facts.Senders is null)
            return 0;
        var facts = SenderFacts.Of(call.Facts);
        if (call.Arguments.Count > 0)
            return Hits(facts.Signatures.Any(s => SignedBy(s, call.Arguments)));
        // Signatures of before DKIM are none that anybody checks any more, but they are signatures.
        return Hits(facts.Signatures.Count > 0 || call.Mail.HeaderValues("DomainKey-Signature").Count > 0);
    }

    /// <summary>There is a valid signature; with arguments, one of these domains by a key that is long enough.</summary>
    [RuleFunction("check_dkim_valid", IsOfSender = true)]
    [RuleFunction("check_dkim_verified", IsOfSender = true)]
    internal static int IsValid(RuleCall call)
    {
        var facts = SenderFacts.Of(call.Facts);
        return Hits(
            call.Arguments.Count == 0
                ? facts.Valid.Count > 0
                : facts.Valid.Any(s => facts.SpeaksForDomain(s) && SignedBy(s, call.Arguments))
        );
    }

    /// <summary>There is a valid signature of an author's domain; with arguments, of one of these.</summary>
    [RuleFunction("check_dkim_valid_author_sig", IsOfSender = true)]
    internal static int IsValidOfAuthor(RuleCall call)
    {
        var facts = SenderFacts.Of(call.Facts);
        return Hits(
            facts.Valid.Any(s =>
                facts.SpeaksForDomain(s)
                && SenderFacts.SignerOf(s) is { } signer
                && facts.AuthorDomains.Contains(signer)
                && (call.Arguments.Count == 0 || SenderFacts.IsAmong(signer, call.Arguments))
            )
        );
    }

    /// <summary>There is a valid signature of the domain of the envelope's sender.</summary>
    [RuleFunction("check_dkim_valid_envelopefrom", IsOfSender = true)]
    internal static int IsValidOfEnvelope(RuleCall call)
    {
        var facts = SenderFacts.Of(call.Facts);
        return Hits(
            facts.Valid.Count > 0
                && SenderFacts.Domain(call.Mail.FirstAddress("EnvelopeFrom")) is { } domain
                && facts.Valid.Any(s => facts.SpeaksForDomain(s) && SenderFacts.SignerOf(s) == domain)
        );
    }

    /// <summary>A signature that does not hold was broken by somebody else: the whole message was looked at.</summary>
    [RuleFunction("check_dkim_dependable", IsOfSender = true)]
    internal static int IsDependable(RuleCall call) => Hits(call.Facts.Senders is not null);

    /// <summary>A key says that its domain only tries signing out.</summary>
    /// <remarks>As in the original, where nothing ever says so.</remarks>
    [RuleFunction("check_dkim_testing", IsOfSender = true)]
    [RuleFunction("check_dkim_signsome", IsOfSender = true)]
    internal static int Never(RuleCall call) => 0;

    /// <summary>
    /// No valid signature of an author's domain, of which one of the letters is true: N does not exist, A signs all, D wants the rest
    /// thrown away, 1 2 3 the site's own; <c>*</c> any of them. With more arguments an author has to be of one of these domains.
    /// </summary>
    [RuleFunction("check_dkim_adsp", IsOfSender = true)]
    internal static int HasPractice(RuleCall call) =>
        HasPractice(call, call.Argument(0) ?? "", [.. call.Arguments.Skip(1)]);

    /// <summary>As <c>check_dkim_adsp('A')</c>.</summary>
    [RuleFunction("check_dkim_signall", IsOfSender = true)]
    internal static int SignsAll(RuleCall call) => HasPractice(call, "A", []);

    /// <summary>There is a chain of ARC, valid or not; with arguments never, as in the original.</summary>
    [RuleFunction("check_arc_signed", IsOfSender = true)]
    internal static int IsSealed(RuleCall call) =>
        Hits(
            call.Facts.Senders?.Arc is { Result: not ArcResult.None }
                && call.Arguments.Count == 0
                // What a hop found is no signature.
                && (
                    call.Mail.HeaderValues("ARC-Seal").Count > 0
                    || call.Mail.HeaderValues("ARC-Message-Signature").Count > 0
                )
        );

    /// <summary>The chain holds.</summary>
    [RuleFunction("check_arc_valid", IsOfSender = true)]
    internal static int IsSealValid(RuleCall call) =>
        Hits(call.Facts.Senders?.Arc is { Result: ArcResult.Pass } && call.Arguments.Count == 0);

    private static bool SignedBy(MailAuth.Dkim.DkimOutcome signature, IReadOnlyList<string> domains) =>
        SenderFacts.SignerOf(signature) is { } signer && SenderFacts.IsAmong(signer, domains);

    private static int HasPractice(RuleCall call, string letters, IReadOnlyList<string> domains)
    {
        if (call.Facts.Senders is null)
            return 0;
        if (letters == "*")
            letters = "NAD123";
        var facts = SenderFacts.Of(call.Facts);
        if (!facts.Practices.Values.Any(practice => letters.Contains(Letter(practice), StringComparison.Ordinal)))
            return 0;
        return Hits(domains.Count == 0 || facts.AuthorDomains.Any(author => SenderFacts.IsAmong(author, domains)));
    }

    private static char Letter(AuthorPractice practice) =>
        practice switch
        {
            AuthorPractice.All => 'A',
            AuthorPractice.Discardable => 'D',
            AuthorPractice.NoSuchDomain => 'N',
            AuthorPractice.CustomLow => '1',
            AuthorPractice.CustomMedium => '2',
            AuthorPractice.CustomHigh => '3',
            _ => 'U',
        };
}
