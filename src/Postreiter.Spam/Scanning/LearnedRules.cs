namespace Postreiter.Spam.Scanning;

/// <summary>
/// Rules of ours beside those of Bayes: a second look at the same words, where those cannot say which of two strong sides is the
/// stronger (BAYES_50), and more weight where all words say the same.
/// </summary>
/// <remarks>
/// Limits and points were chosen by five-fold cross-validation on the train half of the corpus alone; docs/spam-learning.md has what they are worth.
/// </remarks>
internal static class LearnedRules
{
    /// <summary>The rules, in SpamAssassin's language.</summary>
    public const string Text = """
        ifplugin Mail::SpamAssassin::Plugin::Bayes
        body LEARNED_HAM_CLEAR eval:check_learned('undef', '-4.8')
        body LEARNED_HAM_LIKELY eval:check_learned('-4.8', '-2.4')
        body LEARNED_HAM_MAYBE eval:check_learned('-2.4', '-0.8')
        body LEARNED_SPAM_MAYBE eval:check_learned('0.8', '2')
        body LEARNED_SPAM_LIKELY eval:check_learned('2', '4')
        body LEARNED_SPAM_CLEAR eval:check_learned('4', 'undef')
        tflags LEARNED_HAM_CLEAR nice learn
        tflags LEARNED_HAM_LIKELY nice learn
        tflags LEARNED_HAM_MAYBE nice learn
        tflags LEARNED_SPAM_MAYBE learn
        tflags LEARNED_SPAM_LIKELY learn
        tflags LEARNED_SPAM_CLEAR learn
        score LEARNED_HAM_CLEAR 0 0 -6 -6
        score LEARNED_HAM_LIKELY 0 0 -4 -4
        score LEARNED_HAM_MAYBE 0 0 -1.5 -1.5
        score LEARNED_SPAM_MAYBE 0 0 2 2
        score LEARNED_SPAM_LIKELY 0 0 3 3
        score LEARNED_SPAM_CLEAR 0 0 4 4
        describe LEARNED_HAM_CLEAR Its words are clearly those of good mail
        describe LEARNED_HAM_LIKELY Its words are likely those of good mail
        describe LEARNED_HAM_MAYBE Its words may be those of good mail
        describe LEARNED_SPAM_MAYBE Its words may be those of spam
        describe LEARNED_SPAM_LIKELY Its words are likely those of spam
        describe LEARNED_SPAM_CLEAR Its words are clearly those of spam
        endif

        """;
}
