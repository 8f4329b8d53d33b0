using System.Net;
using System.Text;
using Postreiter.Core;
using Postreiter.Dns;
using Postreiter.MailAuth;
using Postreiter.MailAuth.Batv;
using Postreiter.MailAuth.Dmarc;
using Postreiter.MailAuth.Reports;
using Postreiter.MailAuth.Spf;
using Postreiter.MailAuth.Srs;

namespace Postreiter.Fuzz;

/// <summary>What strangers publish and send for mail authentication.</summary>
internal static class MailAuthTargets
{
    private static readonly BatvSigner Batv = new(
        [System.Security.Cryptography.RandomNumberGenerator.GetBytes(32)],
        TimeProvider.System
    );

    private static readonly SrsRewriter Srs = new(
        DomainName.Parse("fwd.example"),
        [Encoding.ASCII.GetBytes("a secret of 16 bytes or more")],
        TimeProvider.System
    );

    /// <summary>A record, evaluated in a DNS in which every name has it.</summary>
    public static void SpfRecords(byte[] input)
    {
        var text = Encoding.Latin1.GetString(input);
        Require(!SpfRecord.IsSpf(text) || (SpfRecord.Parse(text, out var error) is null) == (error is not null));
        var evaluator = new SpfEvaluator(new OneTextDns(text), TimeProvider.System);
        foreach (var client in new[] { "192.0.2.3", "2001:db8::3" })
        {
            var check = evaluator.CheckMailFromAsync(
                new SpfRequest(IPAddress.Parse(client), "a.b-c@example.org", "mail.example.org"),
                CancellationToken.None
            );
            var outcome = check.AsTask().GetAwaiter().GetResult();
            Require(outcome.Reason.Length > 0 && outcome.Lookups.Count is > 0 and < 200);
            Require(outcome.Reason.Concat(outcome.Explanation ?? "").All(static c => c is >= ' ' and <= '~'));
        }
    }

    /// <summary>A macro-string, as a domain and as an explanation.</summary>
    public static void SpfMacroTexts(byte[] input)
    {
        var text = Encoding.Latin1.GetString(input);
        var macro = MacroString.Parse(text);
        var explanation = MacroString.Parse(text, isExplanation: true);
        // What a domain may be an explanation may say.
        Require(macro is null || explanation is not null);
        Require(explanation is null || explanation.Expand(Value).Length <= MacroString.MaxExpansion);
        if (macro is null)
            return;
        var whole = macro.Expand(Value);
        var end = macro.ExpandEnd(Value);
        Require(whole.Length >= MacroString.MaxExpansion || whole.EndsWith(end, StringComparison.Ordinal));
        Require(MacroString.ToName(end) is not { } name || name.Ascii.Length is > 0 and <= 253);
        Require(whole.Length >= MacroString.MaxExpansion || MacroString.ToName(whole) == MacroString.ToName(end));

        static string Value(char letter) => letter is 'i' ? "192.0.2.3" : $"{letter}.b-c+d@example.org";
    }

    /// <summary>A policy record and the destinations in it.</summary>
    public static void DmarcRecords(byte[] input)
    {
        var text = Encoding.Latin1.GetString(input);
        var record = DmarcRecord.Parse(text, out var error);
        Require((record is null) == (error is not null));
        if (record is null)
            return;
        Require(DmarcRecord.IsDmarc(text) && record.Percent is >= 0 and <= 100 && record.Faults.Count <= 20);
        Require(
            record.AggregateDestinations.All(static d =>
                d.MaxBytes is null or >= 0 && d.Uri.All(static c => c is > ' ' and <= '~')
            )
        );
    }

    /// <summary>The From fields of a header.</summary>
    public static void Authors(byte[] input)
    {
        var authors = DmarcAuthors.Read(input);
        Require(authors.Domains.Count <= DmarcAuthors.MaxDomains + 1 && (authors.Fields > 0 || !authors.IsReadable));
        Require(authors.Domains.All(static d => DomainName.TryParse(d, out var name) && name.Ascii == d));
    }

    /// <summary>A field of another server; what we read we can write, and read the same.</summary>
    public static void Results(byte[] input)
    {
        AuthenticationResults.Claims(input, ["mail.example.com"]);
        if (AuthenticationResults.Read(Encoding.UTF8.GetString(input)) is not { } read)
            return;
        // Names of ours are plain.
        Require(
            read.AuthservId.Any(static c => char.IsWhiteSpace(c) || c is '"' or '\\')
                || AuthenticationResults.Claims(input, [read.AuthservId])
        );
        var field = read.ToField();
        Require(field.EndsWith("\r\n", StringComparison.Ordinal) && Ascii.IsValid(field));
        foreach (var line in field[..^2].Split("\r\n").Skip(1))
            Require(line.Length is > 1 and <= 998 && line[0] == '\t');
        var again = AuthenticationResults.Read(field.AsSpan(field.IndexOf(':', StringComparison.Ordinal) + 1));
        Require(again is not null && again.Results.Count == read.Results.Count);
    }

    /// <summary>An address that may be ours, and the way there and back of any other.</summary>
    public static void SrsAddresses(byte[] input)
    {
        if (!EmailAddress.TryParse(Encoding.UTF8.GetString(input), out var address))
            return;
        var back = Srs.Reverse(address);
        // The secret is not in the corpus.
        Require(back.Status != SrsStatus.Done && back.Address.IsEmpty);
        var made = Srs.Rewrite(address);
        if (made.Status != SrsStatus.Done || address.Domain == Srs.Domain)
            return;
        Require(EmailAddress.TryParse(made.Address.ToString(), out var again) && again == made.Address);
        var there = Srs.Reverse(made.Address);
        // Of an address that a second forwarder has made, the way back leads to the first one.
        var isSecond = address.LocalPart.StartsWith("SRS1", StringComparison.OrdinalIgnoreCase);
        Require(there.Status == SrsStatus.Done && (there.Address == address || isSecond));
    }

    /// <summary>A sender, or a recipient with a tag that is none of ours, and the way there and back.</summary>
    public static void BatvAddresses(byte[] input)
    {
        if (!EmailAddress.TryParse(Encoding.UTF8.GetString(input), out var address))
            return;
        var hasTag = BatvSigner.TryStrip(address, out var plain);
        // The secret is not in the corpus.
        Require(Batv.Check(address) == (hasTag ? BatvStatus.Forged : BatvStatus.None) && (hasTag || plain == address));
        if (!BatvSigner.HasRoom(address))
            return;
        var made = Batv.Sign(address, 14);
        Require(EmailAddress.TryParse(made.ToString(), out var again) && again == made);
        Require(Batv.Check(made) == BatvStatus.Valid && BatvSigner.TryStrip(made, out var back) && back == address);
    }

    /// <summary>An attachment.</summary>
    public static void Archives(byte[] input)
    {
        var report = AggregateReportReader.Read(input, out var error);
        Require((report is null) == (error is not null));
        if (report is null)
            return;
        Require(report.Messages >= report.Rows.Count && report.Sum().Count <= report.Rows.Count);
        var again = AggregateReportReader.Read(AggregateReportWriter.WriteGzip(report), out error);
        Require(again is not null && again.Rows.Count == report.Rows.Count);
    }

    /// <summary>The part of an abuse report.</summary>
    public static void Feedback(byte[] input)
    {
        if (FeedbackReport.Read(input) is { } report)
            Require(report.Type.Length > 0 && report.Fields.Count <= 100 && report.Find("feedback-type") is not null);
    }

    private static void Require(bool holds)
    {
        if (!holds)
            throw new InvalidOperationException("A promise of the parser does not hold for this input");
    }

    private sealed class OneTextDns(string text) : IDnsResolver
    {
        public ValueTask<DnsAnswer<IPAddress>> ResolveAAsync(DomainName name, CancellationToken ct) =>
            new(new DnsAnswer<IPAddress>(DnsStatus.Success, [IPAddress.Parse("192.0.2.9")]));

        public ValueTask<DnsAnswer<IPAddress>> ResolveAaaaAsync(DomainName name, CancellationToken ct) =>
            new(new DnsAnswer<IPAddress>(DnsStatus.NoData, []));

        public ValueTask<DnsAnswer<MxRecord>> ResolveMxAsync(DomainName name, CancellationToken ct) =>
            new(new DnsAnswer<MxRecord>(DnsStatus.Success, [new MxRecord(1, name), new MxRecord(2, null)]));

        public ValueTask<DnsAnswer<string>> ResolveTxtAsync(DomainName name, CancellationToken ct) =>
            new(new DnsAnswer<string>(DnsStatus.Success, [text]));

        public ValueTask<DnsAnswer<DomainName>> ResolvePtrAsync(IPAddress address, CancellationToken ct) =>
            new(new DnsAnswer<DomainName>(DnsStatus.Success, [DomainName.Parse("ptr.example.org")]));
    }
}
