using System.Text.Json.Nodes;
using Postreiter.MailAuth.Arc;
using Postreiter.MailAuth.Dkim;
using Postreiter.Testing;

namespace Postreiter.Interop.Tests.Dkim;

/// <summary>
/// Others' DKIM and ARC beside ours, over messages that are made from a seed and changed: what one signs the other judges, and
/// both judge alike.
/// </summary>
public sealed class DkimOracleTests
{
    private const int Messages = 300;
    private static readonly string[] Forms = ["simple", "relaxed"];

    private sealed record Judged(string Change, string Header, string Body)
    {
        public string Whole => Header + "\r\n" + Body;
    }

    [Fact]
    public async Task What_we_sign_python_dkim_judges_as_we_do()
    {
        using var place = new DkimPlace();
        var mails = new List<Judged>();
        var random = new RandomMail(1);
        for (var i = 0; i < Messages; i++)
        {
            var (header, body) = random.Next();
            mails.Add(Change(random, i, place.Sign(header, body, place.Rsa, place.Ed25519), body));
        }

        await CompareAsync("python3-dkim", place, mails, signatures: 2);
    }

    [Fact]
    public async Task What_python_dkim_signs_we_judge_as_it_does()
    {
        using var place = new DkimPlace();
        var (plain, tasks, random) = (
            new List<(string Header, string Body)>(),
            new List<JsonObject>(),
            new RandomMail(2)
        );
        for (var i = 0; i < Messages; i++)
        {
            var (header, body) = random.Next();
            plain.Add((header, body));
            var isRsa = i % 2 == 0;
            tasks.Add(
                new JsonObject
                {
                    ["task"] = "sign",
                    ["message"] = PythonDkim.Octets(header + "\r\n" + body),
                    ["selector"] = isRsa ? "rsa" : "ed",
                    ["domain"] = DkimPlace.Domain,
                    ["key"] = isRsa ? place.RsaPem : place.Ed25519Seed,
                    ["algorithm"] = isRsa ? "rsa-sha256" : "ed25519-sha256",
                    ["header"] = random.Pick(Forms),
                    ["body"] = random.Pick(Forms),
                    ["length"] = random.Once(4),
                    ["fields"] = new JsonArray(
                        "from",
                        "from",
                        "subject",
                        "to",
                        "to",
                        "date",
                        "x-note",
                        "reply-to",
                        "x-absent"
                    ),
                }
            );
        }

        var signed = await new PythonDkim(place.Records).RunAsync(tasks);
        var mails = plain.Select(
            (mail, i) => Change(random, i, PythonDkim.Text(signed[i]["fields"]) + mail.Header, mail.Body)
        );
        await CompareAsync("python3-dkim", place, [.. mails], signatures: 1);
    }

    [Fact]
    public async Task Chains_of_both_sealers_are_judged_alike()
    {
        using var place = new DkimPlace();
        var random = new RandomMail(3);
        var mails = Enumerable.Range(0, 100).Select(_ => random.Next()).ToList();
        const string Results = "mx.a.example; arc=none; spf=pass smtp.mailfrom=ann@a.example";
        for (var hop = 0; hop < 4; hop++)
        {
            // Each hop seals, but not every message has as many hops; every other hop is theirs.
            for (var i = 0; hop % 2 == 0 && i < mails.Count; i++)
            {
                if (i % 4 >= hop)
                    mails[i] = (await place.SealAsync(mails[i].Header, mails[i].Body, Results), mails[i].Body);
            }

            if (hop % 2 == 0)
                continue;
            var sealable = Enumerable.Range(0, mails.Count).Where(i => i % 4 >= hop).ToList();
            var answers = await new PythonDkim(place.Records).RunAsync([
                .. sealable.Select(i => SealTask(place, mails[i], hop)),
            ]);
            foreach (var (i, answer) in sealable.Zip(answers))
                mails[i] = (PythonDkim.Text(answer["fields"]) + mails[i].Header, mails[i].Body);
        }

        var changed = mails.Select((mail, i) => Change(random, i, mail.Header, mail.Body)).ToList();
        var theirs = await new PythonDkim(place.Records).RunAsync([
            .. changed.Select(static mail => new JsonObject
            {
                ["task"] = "arc-verify",
                ["message"] = PythonDkim.Octets(mail.Whole),
            }),
        ]);
        var (differences, passed) = (new Differences("python3-dkim arc"), 0);
        for (var i = 0; i < changed.Count; i++)
        {
            var outcome = await place.ValidateAsync(changed[i].Header, changed[i].Body);
            passed += outcome.Result == ArcResult.Pass ? 1 : 0;
            var status = (string)theirs[i]["status"]!;
            differences.Compare(
                changed[i].Change,
                outcome.Result == ArcResult.Pass,
                status == "pass",
                $"{outcome}\n{status} {theirs[i]["comment"]}\n{changed[i].Whole}"
            );
        }

        differences.Check();
        Assert.InRange(passed, 20, changed.Count - 20);
    }

    [Fact]
    public async Task What_we_sign_opendkim_judges_as_we_do()
    {
        using var place = new DkimPlace();
        var (mails, random) = (new List<Judged>(), new RandomMail(4));
        for (var i = 0; i < Messages; i++)
        {
            var (header, body) = random.Next();
            mails.Add(Change(random, i, place.Sign(header, body, place.Rsa), body));
        }

        var theirs = await OpenDkim.VerifyAsync(place, [.. mails.Select(static mail => mail.Whole)]);
        var differences = new Differences("opendkim");
        for (var i = 0; i < mails.Count; i++)
        {
            var outcome = (await place.VerifyAsync(mails[i].Header, mails[i].Body))[0];
            differences.Compare(
                mails[i].Change,
                outcome.Result == DkimResult.Pass,
                theirs[i],
                $"{outcome}\n{mails[i].Whole}"
            );
        }

        differences.Check();
    }

    [Theory]
    [InlineData("relaxed/simple")]
    [InlineData("relaxed/relaxed")]
    public async Task What_opendkim_signs_passes(string canonicalization)
    {
        using var place = new DkimPlace();
        var random = new RandomMail(5);
        var mails = Enumerable.Range(0, 50).Select(_ => random.Next()).ToList();
        var fields = await OpenDkim.SignAsync(
            place,
            canonicalization,
            [.. mails.Select(static mail => mail.Header + "\r\n" + mail.Body)]
        );
        Assert.Equal(mails.Count, fields.Count);
        for (var i = 0; i < mails.Count; i++)
        {
            var outcome = (await place.VerifyAsync(fields[i] + mails[i].Header, mails[i].Body))[0];
            Assert.True(outcome.Result == DkimResult.Pass, $"{outcome}\n{fields[i]}{mails[i]}");
        }
    }

    private static Judged Change(RandomMail random, int i, string header, string body)
    {
        // A third as they are, the rest with every change in turn.
        var change = i % 3 == 0 ? "none" : RandomMail.Changes[i % RandomMail.Changes.Count];
        (header, body) = random.Changed(change, header, body);
        return new Judged(change, header, body);
    }

    private static JsonObject SealTask(DkimPlace place, (string Header, string Body) mail, int hop)
    {
        var status = hop == 0 ? "none" : "pass";
        var results = $"Authentication-Results: mx.a.example; arc={status}; spf=pass smtp.mailfrom=ann@a.example\r\n";
        return new JsonObject
        {
            ["task"] = "arc-seal",
            ["message"] = PythonDkim.Octets(results + mail.Header + "\r\n" + mail.Body),
            ["selector"] = "rsa",
            ["domain"] = DkimPlace.Domain,
            ["key"] = place.RsaPem,
            ["server"] = "mx.a.example",
            ["fields"] = new JsonArray("from", "subject", "to", "date"),
        };
    }

    private static async Task CompareAsync(string oracle, DkimPlace place, List<Judged> mails, int signatures)
    {
        var theirs = await new PythonDkim(place.Records).RunAsync([
            .. mails.Select(mail => new JsonObject
            {
                ["task"] = "verify",
                ["message"] = PythonDkim.Octets(mail.Whole),
                ["count"] = signatures,
            }),
        ]);
        var (differences, passed) = (new Differences(oracle), 0);
        for (var i = 0; i < mails.Count; i++)
        {
            var outcomes = await place.VerifyAsync(mails[i].Header, mails[i].Body);
            Assert.Equal(signatures, outcomes.Count);
            for (var j = 0; j < signatures; j++)
            {
                var isPass = outcomes[j].Result == DkimResult.Pass;
                passed += isPass ? 1 : 0;
                differences.Compare(
                    mails[i].Change,
                    isPass,
                    (bool)theirs[i]["results"]![j]!,
                    $"{outcomes[j]}\n{mails[i].Whole}"
                );
            }
        }

        differences.Check();
        Assert.InRange(passed, mails.Count * signatures / 4, mails.Count * signatures * 3 / 4);
    }
}
