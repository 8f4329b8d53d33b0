using Microsoft.Extensions.Time.Testing;
using Postreiter.Core;
using Postreiter.MailAuth.Dmarc;
using Postreiter.MailAuth.Spf;
using Postreiter.Testing;

namespace Postreiter.MailAuth.Tests.Dmarc;

/// <summary>
/// Where organisations publish at their own name, and suffixes only what RFC 9989 lets them, the walk of the successor and the list of
/// RFC 7489 give the same verdict. They part where a name between author and organisation has a record (RFC 7489 does not ask it), and
/// where only names below the organisation have one (the walk makes each an organisation of its own).
/// </summary>
public sealed class TreeWalkTests
{
    private static readonly string[] Suffixes = ["com", "co.uk", "example", "gov.uk"];
    private static readonly string[] Policies = ["none", "quarantine", "reject"];

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task The_list_and_the_walk_give_the_same_verdict()
    {
        var results = new Dictionary<DmarcResult, int>();
        for (var seed = 0; seed < 2_000; seed++)
        {
            var random = new Random(seed);
            var suffix = Suffixes[random.Next(Suffixes.Length)];
            var organization = $"org{random.Next(2)}.{suffix}";
            var author = random.Next(3) switch
            {
                0 => organization,
                1 => "news." + organization,
                _ => "a.b.c.d.e.f.g.h.i." + organization,
            };
            var dns = new FakeDns();
            var isPublished = random.Next(4) > 0;
            if (isPublished)
                dns.Txt("_dmarc." + organization, Record(random, ""));
            if (isPublished && author != organization && random.Next(3) == 0)
                dns.Txt("_dmarc." + author, Record(random, ""));
            if (random.Next(3) == 0)
                dns.Txt("_dmarc." + suffix, Record(random, "; psd=y"));
            if (random.Next(2) == 0)
                dns.Address(author, "192.0.2.1");
            var spf = random.Next(4) switch
            {
                0 => organization,
                1 => "bounce." + organization,
                2 => $"org2.{suffix}",
                _ => "other.net",
            };

            var ours = await new DmarcEvaluator(dns, PublicSuffixList.Shipped, new FakeTimeProvider()).CheckAsync(
                new DmarcRequest(
                    DmarcAuthors.Of(DomainName.Parse(author)),
                    new SpfOutcome(SpfResult.Pass, spf, "", null, []),
                    [],
                    99
                ),
                Ct
            );

            var walk = new TreeWalk(dns, Ct);
            var (left, place) = await walk.FindAsync(author);
            var (right, _) = await walk.FindAsync(spf);
            var isAligned = spf == author || (left == right && ours.Record?.SpfAlignment != DmarcAlignment.Strict);
            var expected =
                place is null ? DmarcResult.None
                : isAligned ? DmarcResult.Pass
                : DmarcResult.Fail;
            Assert.True(
                (expected, place) == (ours.Result, ours.PolicyDomain),
                $"seed {seed}: {author} with SPF of {spf}: the walk says {expected} by {place}, we say {ours.Result} by {ours.PolicyDomain}: {ours.Reason}"
            );
            results[expected] = results.GetValueOrDefault(expected) + 1;
        }

        Assert.All([DmarcResult.None, DmarcResult.Pass, DmarcResult.Fail], r => Assert.InRange(results[r], 100, 2_000));
    }

    private static string Record(Random random, string more) =>
        $"v=DMARC1; p={Policies[random.Next(3)]}; aspf={(random.Next(4) == 0 ? "s" : "r")}{more}";
}
