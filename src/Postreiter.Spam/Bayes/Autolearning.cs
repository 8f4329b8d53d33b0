using System.Globalization;
using Postreiter.Spam.Configuration;
using Postreiter.Spam.Rules;

namespace Postreiter.Spam.Bayes;

/// <summary>Decides whether a scanned mail is learned without being asked: only where rules that know nothing of Bayes leave no doubt.</summary>
public static class Autolearning
{
    private const double LeastOfEachSide = 3;

    /// <summary>As what a mail is to be learned.</summary>
    /// <param name="ruleset">The rules it was scanned with.</param>
    /// <param name="settings">Its settings, with the user's preferences laid over them: the thresholds are theirs.</param>
    /// <param name="scoreSet">The score set it was scanned with.</param>
    /// <param name="result">What was found.</param>
    /// <returns>True as spam, false as good mail, null not at all.</returns>
    public static bool? Decide(Ruleset ruleset, Settings settings, int scoreSet, ScanResult result)
    {
        ArgumentNullException.ThrowIfNull(ruleset);
        ArgumentNullException.ThrowIfNull(settings);
        ArgumentNullException.ThrowIfNull(result);
        var points = Points.Of(ruleset, scoreSet, result);
        if (points.Total < settings.Number("bayes_auto_learn_threshold_nonspam"))
            return !result.IsSpam && points.Learned <= 1 && !AgreesAlready("BAYES_00") ? false : null;
        if (points.Total < settings.Number("bayes_auto_learn_threshold_spam"))
            return null;
        var isCertain = points.IsForced || (points.Head >= LeastOfEachSide && points.Body >= LeastOfEachSide);
        return isCertain && points.Learned >= -1 && result.IsSpam && !AgreesAlready("BAYES_99") ? true : null;

        bool AgreesAlready(string rule) =>
            settings.IsOn("bayes_auto_learn_on_error") && result.Hits.Any(h => h.Name == rule);
    }

    private readonly record struct Points(double Total, double Head, double Body, double Learned, bool IsForced)
    {
        public static Points Of(Ruleset ruleset, int scoreSet, ScanResult result)
        {
            var (total, head, body, learned, isForced) = (0.0, 0.0, 0.0, 0.0, false);
            foreach (var hit in result.Hits)
            {
                if (
                    !ruleset.TryGetRule(hit.Name, out var rule)
                    || rule.Flags.Has("noautolearn")
                    || rule.Flags.Has("userconf")
                )
                    continue;
                if (rule.Flags.IsLearn)
                {
                    learned += rule.Scores[scoreSet];
                    continue;
                }

                isForced |= rule.Flags.Has("autolearn_force");
                // As if there were no Bayes: it must not teach itself.
                var points = rule.Scores[scoreSet & ~2];
                if (points == 0)
                    continue;
                total += points;
                var (ofHead, ofBody) = Share(ruleset, rule);
                head += points * ofHead;
                body += points * ofBody;
            }

            return new(Round(total), head, body, learned, isForced);
        }

        // A meta counts by what it directly depends on.
        private static (double Head, double Body) Share(Ruleset ruleset, Rule rule)
        {
            if (rule.Flags.Has("autolearn_header"))
                return (1, 0);
            if (rule.Flags.Has("autolearn_body"))
                return (0, 1);
            if (rule.Kind != RuleKind.Meta)
                return (IsHead(rule.Kind) ? 1 : 0, IsBody(rule.Kind) ? 1 : 0);
            var (head, body) = (0, 0);
            foreach (var name in rule.Expression?.Names ?? [])
            {
                if (!ruleset.TryGetRule(name, out var part))
                    continue;
                head += IsHead(part.Kind) ? 1 : 0;
                body += IsBody(part.Kind) ? 1 : 0;
            }

            return head + body == 0 ? (0, 0) : (head / (double)(head + body), body / (double)(head + body));
        }

        private static bool IsHead(RuleKind kind) =>
            kind is RuleKind.Header or RuleKind.HeaderFunction or RuleKind.BlocklistFunction;

        private static bool IsBody(RuleKind kind) =>
            kind
                is RuleKind.Body
                    or RuleKind.BodyFunction
                    or RuleKind.RawBody
                    or RuleKind.RawBodyFunction
                    or RuleKind.Uri
                    or RuleKind.UriDetail
                    or RuleKind.UriBlocklist
                    or RuleKind.MimeHeader;

        private static double Round(double points) =>
            double.Parse(points.ToString("F3", CultureInfo.InvariantCulture), CultureInfo.InvariantCulture);
    }
}
