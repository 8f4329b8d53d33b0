namespace Postreiter.Interop.Tests.Imap;

/// <summary>mutt, driven by its keys: reads, files, deletes, sends and keeps a copy.</summary>
public sealed class MuttTests(PostreiterProcess server) : ClientTests(server), IClassFixture<PostreiterProcess>
{
    [Theory]
    [InlineData("imaps", "scram-sha-256")]
    [InlineData("imaps", "login")]
    [InlineData("imap", "scram-sha-256")]
    public async Task Reads_and_files(string listener, string authenticator)
    {
        var account = await Server.AddAccountAsync();
        for (var i = 1; i <= 4; i++)
            await FileAsync(account, Message($"number {Text(i)}", $"the body of {Text(i)}\r\nGrüße"));
        var settings = await SettingsAsync(account, listener, authenticator);

        // The first is read and copied out, the second goes to Archive, the third to a new folder, the last is deleted.
        await PressAsync(
            settings,
            "<first-entry><display-message><exit><pipe-message>cat >read<enter>"
                + "<jump>2<enter><save-message>=Archive<enter><jump>3<enter><save-message>=Neue/Größe<enter>"
                + "<jump>1<enter><flag-message><last-entry><delete-message><sync-mailbox><quit>"
        );

        var read = await File.ReadAllTextAsync(Path.Combine(Folder, "read"), Ct);
        Assert.Contains("the body of 1\nGrüße\n", read, StringComparison.Ordinal);
        var left = Assert.Single(await ReadAsync(account));
        Assert.Contains("Subject: number 1\r\n", left.Text, StringComparison.Ordinal);
        Assert.Equal(
            Storage.Mail.SystemFlags.Seen | Storage.Mail.SystemFlags.Flagged,
            (Storage.Mail.SystemFlags)left.Flags
        );
        await AssertHoldsAsync(account, "Archive", 2);
        await AssertHoldsAsync(account, "Neue/Größe", 3);
        await AssertHoldsAsync(account, "Trash", 4);

        // What was filed is found there, by a search of the server's.
        await PressAsync(
            settings,
            "<change-folder>=Archive<enter><limit>=b body<enter><pipe-message>cat >found<enter><quit>"
        );
        Assert.Contains("the body of 2\n", await File.ReadAllTextAsync(Path.Combine(Folder, "found"), Ct));
    }

    [Fact]
    public async Task Sends_and_keeps_a_copy_in_Sent()
    {
        var (from, to) = (await Server.AddAccountAsync(), await Server.AddAccountAsync());
        var settings = await SettingsAsync(from, "imaps", "scram-sha-256");
        var attachment = await WriteAsync("attached.txt", "ä\n.\n");
        var (code, output) = await RunWithInputAsync(
            "mutt",
            "Grüße\n.\n",
            "-n",
            "-F",
            settings,
            "-s",
            "Größe",
            "-a",
            attachment,
            "--",
            to
        );
        Assert.True(code == 0, output);
        var received = Assert.Single(await ReadAsync(to));
        Assert.Contains("with ESMTPSA ", received.Text, StringComparison.Ordinal);
        var kept = Assert.Single(await ReadAsync(from, "Sent"));
        Assert.Equal(Storage.Mail.SystemFlags.Seen, (Storage.Mail.SystemFlags)kept.Flags);
        Assert.EndsWith(After(received.Text, "Content-Type:"), kept.Text, StringComparison.Ordinal);
    }

    private static string After(string text, string field) => text[text.IndexOf(field, StringComparison.Ordinal)..];

    private async Task AssertHoldsAsync(string account, string mailbox, int number)
    {
        var (_, _, text) = Assert.Single(await ReadAsync(account, mailbox));
        Assert.Contains($"Subject: number {Text(number)}\r\n", text, StringComparison.Ordinal);
    }

    private Task<string> SettingsAsync(string account, string listener, string authenticator) =>
        WriteAsync(
            "muttrc",
            $"""
            set imap_user="{account}" imap_pass="{PostreiterProcess.Password}" imap_authenticators="{authenticator}"
            set folder="{listener}://localhost:{Server.PortText(listener)}/" spoolfile="+INBOX"
            set record="+Sent" postponed="+Drafts" trash="+Trash" header_cache="" ssl_force_tls=yes
            set smtp_url="smtps://{account}@localhost:{Server.PortText(
                "submissions"
            )}/" smtp_pass="{PostreiterProcess.Password}"
            set smtp_authenticators="scram-sha-256" certificate_file="{Certificate}" ssl_ca_certificates_file="{Certificate}"
            set from="{account}" hostname="client.far.example" use_from=yes use_envelope_from=yes charset="utf-8"
            set quit=yes delete=yes confirmappend=no confirmcreate=no mark_old=no move=no wait_key=no sleep_time=0 beep=no
            set pipe_decode=yes prompt_after=no

            """
        );

    // mutt wants a terminal: script(1) gives it one.
    private async Task PressAsync(string settings, string keys)
    {
        var program = await WriteAsync("keys", $"exec mutt -n -F {settings} -f =INBOX -e 'push \"{keys}\"'\n");
        var (code, output) = await RunAsync("script", "-qec", $"TERM=vt100 LC_ALL=C.UTF-8 sh {program}", "/dev/null");
        Assert.True(code == 0, output);
    }
}
