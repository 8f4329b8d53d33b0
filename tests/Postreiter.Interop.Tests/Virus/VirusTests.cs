using System.IO.Compression;
using System.Text;

namespace Postreiter.Interop.Tests.Virus;

/// <summary>Mail on port 25 of the real program, looked at by a real clamd.</summary>
public sealed class VirusTests(ScanningProcess server) : ClientTests(server), IClassFixture<ScanningProcess>
{
    private const string Refusal = "554 5.7.1 Message refused: it contains Eicar-Test-Signature";

    public static TheoryData<string> Forms => ["bare", "attached", "zipped", "forwarded"];

    private ClamdServer Clamd => ((ScanningProcess)Server).Clamd;

    [Theory, MemberData(nameof(Forms))]
    public async Task Infected_mail_is_refused_in_the_session(string form)
    {
        var account = await Server.AddAccountAsync();
        var (code, output) = await SendAsync(account, Mail(form, ClamdServer.Eicar));
        Assert.True(code == 26 && output.Contains(Refusal, StringComparison.Ordinal), output);
        Assert.Empty(await ReadAsync(account));
        await Server.WaitForLogAsync("found Eicar-Test-Signature");
    }

    [Fact]
    public async Task The_second_pattern_is_named()
    {
        var account = await Server.AddAccountAsync();
        var (_, output) = await SendAsync(account, Mail("attached", ClamdServer.SecondPattern));
        Assert.Contains("it contains Postreiter.Second", output, StringComparison.Ordinal);
    }

    [Theory, MemberData(nameof(Forms))]
    public async Task Clean_mail_is_taken(string form)
    {
        var account = await Server.AddAccountAsync();
        var (code, output) = await SendAsync(account, Mail(form, "nothing to see"));
        Assert.True(code == 0, output);
        Assert.Contains(
            "\r\nX-Virus-Scanned: yes at mx.our.example\r\n",
            Assert.Single(await ReadAsync(account)).Text,
            StringComparison.Ordinal
        );
    }

    [Fact]
    public async Task F6_what_clamd_does_not_take_is_deferred_and_is_no_pass()
    {
        var account = await Server.AddAccountAsync();
        var (code, output) = await SendAsync(account, Mail("attached", new string('x', 3_000_000)));
        Assert.True(code == 26 && output.Contains("451 4.7.1 ", StringComparison.Ordinal), output);
        Assert.Empty(await ReadAsync(account));
        await Server.WaitForLogAsync("size limit exceeded");
    }

    [Fact]
    public async Task F6_while_clamd_is_down_mail_is_deferred_and_when_it_is_back_mail_flows()
    {
        var account = await Server.AddAccountAsync();
        Assert.Equal(0, (await SendAsync(account, Mail("bare", "before"))).ExitCode);
        await Clamd.KillAsync();
        var (code, output) = await SendAsync(account, Mail("bare", "down"));
        Assert.True(
            code == 26 && output.Contains("451 4.7.1 Message cannot be checked", StringComparison.Ordinal),
            output
        );
        await Clamd.StartAsync();
        Assert.Equal(0, (await SendAsync(account, Mail("bare", "after"))).ExitCode);
        Assert.Contains(
            Refusal,
            (await SendAsync(account, Mail("bare", ClamdServer.Eicar))).Output,
            StringComparison.Ordinal
        );
        Assert.Equal(2, (await ReadAsync(account)).Count);
    }

    [Fact]
    public async Task Infected_mail_of_a_user_is_refused_and_owner_is_told()
    {
        var account = await Server.AddAccountAsync();
        var file = await WriteAsync("mail", Mail("attached", ClamdServer.Eicar));
        var (code, output) = await RunAsync(
            "swaks",
            "--server",
            $"127.0.0.1:{Server.PortText("submissions")}",
            "--tls-on-connect",
            "--auth",
            "PLAIN",
            "--auth-user",
            account,
            "--auth-password",
            PostreiterProcess.Password,
            "--from",
            account,
            "--to",
            "x@far.example",
            "--data",
            "@" + file
        );
        Assert.True(code == 26 && output.Contains(Refusal, StringComparison.Ordinal), output);
        Assert.Contains(
            "Subject: Infected mail from your account was refused",
            Assert.Single(await ReadAsync(account)).Text,
            StringComparison.Ordinal
        );
    }

    private async Task<(int ExitCode, string Output)> SendAsync(string account, string mail)
    {
        var file = await WriteAsync($"{Guid.NewGuid():N}.eml", mail);
        return await RunAsync(
            "swaks",
            "--server",
            $"127.0.0.1:{Server.PortText("smtp")}",
            "--from",
            "bob@far.example",
            "--to",
            account,
            "--data",
            "@" + file
        );
    }

    private static string Mail(string form, string text)
    {
        const string Head = "From: bob@far.example\nSubject: test\nMIME-Version: 1.0\n";
        return form switch
        {
            "bare" => Head + "\n" + text + "\n",
            "attached" => Head + Attachment("a.txt", Encoding.ASCII.GetBytes(text)),
            "zipped" => Head + Attachment("a.zip", Zip(text)),
            _ => Head + "Content-Type: message/rfc822\n\n" + Head + Attachment("a.txt", Encoding.ASCII.GetBytes(text)),
        };
    }

    private static string Attachment(string name, byte[] octets) =>
        $"Content-Type: application/octet-stream; name={name}\nContent-Transfer-Encoding: base64\n"
        + $"Content-Disposition: attachment; filename={name}\n\n"
        + Convert.ToBase64String(octets, Base64FormattingOptions.InsertLineBreaks).ReplaceLineEndings("\n")
        + "\n";

    private static byte[] Zip(string text)
    {
        using var octets = new MemoryStream();
        using (var archive = new ZipArchive(octets, ZipArchiveMode.Create, leaveOpen: true))
        {
            using var entry = archive.CreateEntry("a.txt").Open();
            entry.Write(Encoding.ASCII.GetBytes(text));
        }

        return octets.ToArray();
    }
}
