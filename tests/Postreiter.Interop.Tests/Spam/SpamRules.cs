namespace Postreiter.Interop.Tests.Spam;

/// <summary>A small ruleset that SpamAssassin and Postreiter both read, and mails that it has something to say about.</summary>
internal static class SpamRules
{
    /// <summary>The site's <c>.pre</c> file.</summary>
    public const string Plugins = """
        loadplugin Mail::SpamAssassin::Plugin::Check
        loadplugin Mail::SpamAssassin::Plugin::MIMEHeader
        loadplugin Mail::SpamAssassin::Plugin::URIDetail

        """;

    /// <summary>
    /// Rules, marks and reports; two rules of a kind have two priorities, for SpamAssassin runs those of one in any order;  <c>report_safe</c>
    /// stands in a file of its own.
    /// </summary>
    public const string Text = """
        header SUBJ_BUY Subject =~ /buy now/i
        describe SUBJ_BUY Subject offers something
        score SUBJ_BUY 2.5
        priority SUBJ_BUY -5
        body BODY_BUY /buy now/
        describe BODY_BUY The body wants you to buy something now, and its description is so long that it has to wrap once
        score BODY_BUY 1.25
        priority BODY_BUY -5
        body CHEAP_PILLS /\bcheap\s+pills\b/i
        score CHEAP_PILLS 4.96
        rawbody RAW_BOLD /<b>/
        describe RAW_BOLD Bold HTML
        score RAW_BOLD -0.05
        full FULL_BOB /bob\@far\.example/
        describe FULL_BOB Bob
        score FULL_BOB 0.3
        uri URI_PILLS /pills\.example/
        describe URI_PILLS Links to pills
        score URI_PILLS 1.5
        mimeheader MIME_BASE64 Content-Transfer-Encoding =~ /base64/
        describe MIME_BASE64 A part in base64
        score MIME_BASE64 0.2
        uri_detail URI_HERE text =~ /here/ raw =~ /pills/
        describe URI_HERE A link called here
        score URI_HERE 0.4
        priority URI_HERE -5
        header __HAS_FROM exists:From
        header __HAS_TO exists:To
        meta BOTH __HAS_FROM && __HAS_TO
        describe BOTH From and To
        score BOTH 0.001
        header FROM_WELCOME From:addr =~ /^carl\@/
        describe FROM_WELCOME A friend
        score FROM_WELCOME -100
        use_bayes 0
        required_score 5
        report_hostname mx.our.example
        clear_headers
        add_header all Checker-Version SpamAssassin _VERSION_ (_SUBVERSION_) on _HOSTNAME_
        add_header spam Flag _YESNOCAPS_
        add_header all Level _STARS(*)_
        add_header all Status "_YESNO_, score=_SCORE_ required=_REQD_ tests=_TESTS_ autolearn=_AUTOLEARN_ version=_VERSION_"
        clear_report_template
        report Mail check on "_HOSTNAME_" has_YESNO(, NOT)_ called this mail_YESNO( likely,)_ spam.
        report
        report Content preview:  _PREVIEW_
        report
        report Content analysis details:   (_SCORE_ points, _REQD_ required)
        report
        report " pts rule name              description"
        report  ---- ---------------------- --------------------------------------------------
        report _SUMMARY_
        unsafe_report The original message is not plain text.

        """;

    private const string Head =
        "Received: from relay.far.example (relay.far.example [192.0.2.9])\n\tby mx.our.example (Postfix) with ESMTP id 4711\n"
        + "\tfor <ann@our.example>; Mon, 2 Feb 2026 12:00:00 +0000 (UTC)\nFrom: Bob <bob@far.example>\nTo: Ann <ann@our.example>\n"
        + "Subject: {0}\nDate: Mon, 2 Feb 2026 12:00:00 +0000\nMessage-ID: <1@far.example>\n";

    /// <summary>Mails by name; octets.</summary>
    public static IReadOnlyDictionary<string, string> Mails { get; } =
        new Dictionary<string, string>
        {
            ["spam"] = Of("A buy now offer", "\nDear friend,\n\nbuy now: cheap pills and watches.\n\nBye\n"),
            ["ham"] = Of("lunch", "\nAt noon?\n"),
            ["nearly"] = Of("nearly", "\ncheap\npills\n").Replace("bob@", "rob@", StringComparison.Ordinal),
            ["friend"] = Of("buy now", "\ncheap pills\n").Replace("bob@", "carl@", StringComparison.Ordinal),
            ["crlf"] = Of("buy now", "\nbuy now, cheap pills\n").Replace("\n", "\r\n", StringComparison.Ordinal),
            ["separator"] =
                "From bob@far.example Mon Feb  2 12:00:00 2026\n" + Of("buy now", "\ncheap pills buy now\n"),
            ["return-path"] = "Return-Path: <bob@far.example>\n" + Of("buy now", "\ncheap pills buy now\n"),
            ["marked"] =
                "X-Spam-Flag: YES\nX-Spam-Status: No,\n\tscore=-100.0\n" + Of("buy now", "\ncheap pills buy now\n"),
            ["eight-bit"] = Of("buy now f\u00fcr \u00c3\u00a9", "\nbuy now, \u00fcber cheap pills \u00e4\u00f6\n"),
            ["html"] = Of(
                "buy now",
                "MIME-Version: 1.0\nContent-Type: text/html; charset=utf-8\n\n"
                    + "<html><body><p>buy now <b>cheap</b> pills <a href=\"http://pills.example/x\">here</a></p></body></html>\n"
            ),
            ["multipart"] = Of(
                "buy now",
                "MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=\"xx\"\n\nx\n--xx\nContent-Type: text/plain\n"
                    + "Content-Transfer-Encoding: base64\n\nYnV5IG5vdyBjaGVhcCBwaWxscwo=\n--xx\n"
                    + "Content-Type: application/octet-stream\n\nAAAA\n--xx--\n"
            ),
            ["no-subject"] = "From: bob@far.example\n\ncheap pills buy now\n",
            ["no-body"] = "From: bob@far.example\nSubject: buy now cheap pills\n\n",
            ["no-header"] = "\njust cheap pills and text\n",
        };

    /// <summary>Writes rules and site folder, readable by everybody: spamd gives up its rights.</summary>
    /// <returns>The folder of the rules, with <c>site</c> beside it.</returns>
    public static string Write(string folder, int reportSafe)
    {
        var (rules, site) = (Path.Combine(folder, "rules"), Path.Combine(folder, "site"));
        Directory.CreateDirectory(rules);
        Directory.CreateDirectory(site);
        File.WriteAllText(Path.Combine(rules, "10.cf"), Text);
        File.WriteAllText(Path.Combine(rules, "20.cf"), $"report_safe {reportSafe}\n");
        File.WriteAllText(Path.Combine(site, "init.pre"), Plugins);
        const UnixFileMode all =
            UnixFileMode.UserRead
            | UnixFileMode.UserWrite
            | UnixFileMode.UserExecute
            | UnixFileMode.GroupRead
            | UnixFileMode.GroupExecute
            | UnixFileMode.OtherRead
            | UnixFileMode.OtherExecute;
        foreach (var path in new[] { folder, rules, site })
            File.SetUnixFileMode(path, all);
        return rules;
    }

    private static string Of(string subject, string rest) =>
        Head.Replace("{0}", subject, StringComparison.Ordinal) + rest;
}
