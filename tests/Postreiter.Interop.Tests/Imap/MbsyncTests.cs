namespace Postreiter.Interop.Tests.Imap;

/// <summary>isync: a whole account is kept the same on both sides, whichever side changed.</summary>
public sealed class MbsyncTests(PostreiterProcess server) : ClientTests(server), IClassFixture<PostreiterProcess>
{
    private const string Nested = "Projekte/Größe & Maß";

    // mbsync keeps names as they come over the wire, in modified UTF-7 (RFC 3501 §5.1.3).
    private const string NestedHere = "Projekte/Gr&APYA3w-e &- Ma&AN8-";
    private static readonly string[] Mailboxes = ["INBOX", "Archive", Nested, "Lokal"];

    private string Near => Path.Combine(Folder, "mail");

    [Theory]
    [InlineData("imap", "STARTTLS", "SCRAM-SHA-256")]
    [InlineData("imaps", "IMAPS", "PLAIN")]
    public async Task Both_sides_end_the_same_and_a_second_run_does_nothing(
        string listener,
        string tls,
        string mechanism
    )
    {
        var account = await Server.AddAccountAsync();
        for (var i = 0; i < 5; i++)
            await FileAsync(account, Message($"far {Text(i)}", new string('x', 10_000 * i) + "\r\n.\r\n"));
        await FileAsync(account, Message("nested", "Grüße"), Nested);
        var settings = await WriteAsync("mbsyncrc", Settings(account, listener, tls, mechanism));
        Directory.CreateDirectory(Near);

        // The first run: everything comes here, and what is new here goes there.
        await SyncAsync(settings);
        await FileNearAsync("INBOX", "near one", "");
        await FileNearAsync("INBOX", "near two", "FS");
        await FileNearAsync("Lokal", "near three", "S");
        await SyncAsync(settings);
        await AssertSameAsync(
            account,
            Subjects("INBOX", "far 0", "far 1", "far 2", "far 3", "far 4", "near one", "near two F S")
        );
        await AssertSameAsync(account, Subjects("Lokal", "near three S"));
        await AssertSameAsync(account, Subjects(Nested, "nested"));

        // Both sides change before they meet again: flags, deletions and new mail on either.
        Mark("INBOX", "far 0", "FS");
        Mark("INBOX", "far 1", "ST");
        await FileNearAsync("INBOX", "near four", "RS");
        await AtServerAsync(
            account,
            listener,
            "STORE 3 +FLAGS (\\Answered \\Seen)",
            "STORE 4 +FLAGS (\\Deleted)",
            "EXPUNGE"
        );
        await FileAsync(account, Message("far 5", "later"));
        await SyncAsync(settings);
        string[] expected = ["far 0 F S", "far 2 R S", "far 4", "far 5", "near four R S", "near one", "near two F S"];
        await AssertSameAsync(account, Subjects("INBOX", expected));

        // And now nothing is left to do, however often it runs.
        var (far, near) = (await StateAsync(account, Mailboxes), NearState());
        for (var i = 0; i < 2; i++)
        {
            await SyncAsync(settings);
            Assert.Equal(far, await StateAsync(account, Mailboxes));
            Assert.Equal(near, NearState());
        }
    }

    private static (string Mailbox, string[] Subjects) Subjects(string mailbox, params string[] subjects) =>
        (mailbox, subjects);

    private string Settings(string account, string listener, string tls, string mechanism) =>
        $"""
            IMAPStore far
            Host localhost
            Port {Server.PortText(listener)}
            User {account}
            Pass "{PostreiterProcess.Password}"
            SSLType {tls}
            CertificateFile {Certificate}
            SystemCertificates no
            AuthMechs {mechanism}

            MaildirStore near
            Path {Near}/
            Inbox {Near}/INBOX
            SubFolders Verbatim

            Channel all
            Far :far:
            Near :near:
            Patterns *
            Create Both
            Remove Both
            Expunge Both
            SyncState *
            CopyArrivalDate yes

            """;

    private async Task SyncAsync(string settings)
    {
        var (code, output) = await RunAsync("mbsync", "-c", settings, "all");
        Assert.True(code == 0, output);
    }

    /// <summary>Speaks to the server as another client of the same user does.</summary>
    private async Task AtServerAsync(string account, string listener, params string[] commands)
    {
        foreach (var command in commands)
        {
            var (code, output) = await RunAsync(
                "curl",
                "-sS",
                "--ssl-reqd",
                "--cacert",
                Certificate,
                "--user",
                $"{account}:{PostreiterProcess.Password}",
                "--request",
                command,
                $"{listener}://localhost:{Server.PortText(listener)}/INBOX"
            );
            Assert.True(code == 0, output);
        }
    }

    private async Task FileNearAsync(string mailbox, string subject, string flags)
    {
        foreach (var name in (string[])["cur", "new", "tmp"])
            Directory.CreateDirectory(Path.Combine(Near, mailbox, name));
        var path = Path.Combine(Near, mailbox, "cur", $"1700000000.{subject.Replace(' ', '_')}.near:2,{flags}");
        await File.WriteAllTextAsync(path, Message(subject, "\n.\nGrüße").ReplaceLineEndings("\n"), Ct);
    }

    private void Mark(string mailbox, string subject, string flags)
    {
        var path = NearFiles(mailbox).Single(f => Subject(File.ReadAllText(f)) == subject);
        // Mail that was never looked at is in "new"; flags belong to "cur".
        var name = Path.GetFileName(path);
        var colon = name.IndexOf(":2,", StringComparison.Ordinal);
        File.Move(path, Path.Combine(Near, mailbox, "cur", $"{(colon < 0 ? name : name[..colon])}:2,{flags}"));
    }

    private IEnumerable<string> NearFiles(string mailbox) =>
        new[] { "cur", "new" }.SelectMany(f =>
            Directory.EnumerateFiles(Path.Combine(Near, mailbox == Nested ? NestedHere : mailbox, f))
        );

    private string NearState() =>
        string.Join(
            '\n',
            Directory
                .EnumerateFiles(Near, "*", SearchOption.AllDirectories)
                .Where(f => Path.GetFileName(Path.GetDirectoryName(f)) is "cur" or "new")
                .Order(StringComparer.Ordinal)
        );

    private async Task AssertSameAsync(string account, (string Mailbox, string[] Subjects) expected)
    {
        var far = await ReadAsync(account, expected.Mailbox);
        var atServer = far.Select(m => string.Join(' ', [Subject(m.Text), .. Letters(m.Flags)])).ToList();
        var here = NearFiles(expected.Mailbox)
            .Select(f => string.Join(' ', [Subject(File.ReadAllText(f)), .. Letters(f)]));
        Assert.Equal(expected.Subjects.Order(StringComparer.Ordinal), atServer.Order(StringComparer.Ordinal));
        Assert.Equal(expected.Subjects.Order(StringComparer.Ordinal), here.Order(StringComparer.Ordinal));
        // The bytes are the same too, but for line ends, and X-TUID, by which mbsync finds what it uploaded.
        Assert.Equal(
            far.Select(m => Bytes(m.Text)).Order(StringComparer.Ordinal),
            NearFiles(expected.Mailbox).Select(f => Bytes(File.ReadAllText(f))).Order(StringComparer.Ordinal)
        );
    }

    private static string Bytes(string text) =>
        string.Join(
            '\n',
            text.ReplaceLineEndings("\n").Split('\n').Where(l => !l.StartsWith("X-TUID: ", StringComparison.Ordinal))
        );

    private static string Subject(string text) =>
        text.ReplaceLineEndings("\n").Split('\n').First(l => l.StartsWith("Subject: ", StringComparison.Ordinal))[
            "Subject: ".Length..
        ];

    private static IEnumerable<string> Letters(int flags)
    {
        var system = (Storage.Mail.SystemFlags)flags;
        if (system.HasFlag(Storage.Mail.SystemFlags.Flagged))
            yield return "F";
        if (system.HasFlag(Storage.Mail.SystemFlags.Answered))
            yield return "R";
        if (system.HasFlag(Storage.Mail.SystemFlags.Seen))
            yield return "S";
    }

    private static IEnumerable<string> Letters(string path) =>
        path.Split(":2,") is [_, var letters] ? letters.Order().Select(c => c.ToString()) : [];
}
