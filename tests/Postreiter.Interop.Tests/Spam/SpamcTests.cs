using System.Diagnostics;
using System.Text;
using System.Text.RegularExpressions;

namespace Postreiter.Interop.Tests.Spam;

/// <summary>
/// Debian's spamc, with all its options, asks Debian's spamd and Postreiter about the same mails: what it prints and its exit code
/// are the same, octet for octet.
/// </summary>
public abstract partial class SpamcTests(SpamdPair pair) : ClientTests(pair)
{
    public static TheoryData<string> Options =>
        [
            "",
            "-E",
            "-c",
            "-y",
            "-r",
            "-R",
            "--headers",
            "--headers -E",
            "-u ann",
            "-u ann@our.example -c",
            "-s 100",
            "-s 100 -x",
            "-s 100 -c",
            "-x -E",
            "-x -R",
            "-X -c",
            "-t 30 -n 30 -E",
            "-L spam",
            "-L ham -x",
            "-L forget",
            "-C report",
            "-C revoke -x",
            "-B -E",
            "-f -E",
            "-l -c",
            "-e /bin/cat",
            "-E -e /bin/cat",
        ];

    [Theory, MemberData(nameof(Options))]
    public async Task Answers_are_those_of_spamd(string options)
    {
        Assert.SkipWhen(SpamdPair.Missing is not null, SpamdPair.Missing ?? "");
        foreach (var (name, mail) in SpamRules.Mails)
        {
            var theirs = await AskAsync(["-U", pair.Theirs, .. Words(options)], mail);
            var ours = await AskAsync(["-U", pair.Ours, .. Words(options)], mail);
            Assert.True(
                theirs == ours,
                $"{name}: exit code {theirs.ExitCode}\n{theirs.Output}\n--- ours: {ours.ExitCode}\n{ours.Output}"
            );
        }
    }

    [Fact]
    public async Task It_answers_on_a_port_and_under_TLS_too()
    {
        Assert.SkipWhen(SpamdPair.Missing is not null, SpamdPair.Missing ?? "");
        var mail = SpamRules.Mails["spam"];
        var expected = await AskAsync(["-U", pair.Theirs, "-R", "-E"], mail);
        Assert.Equal(expected, await AskAsync(["-d", "127.0.0.1", "-p", Server.PortText("spamd"), "-R", "-E"], mail));
        Assert.Equal(
            expected,
            await AskAsync(["-d", "127.0.0.1", "-p", Server.PortText("spamds"), "-S", "-R", "-E"], mail)
        );
        Assert.Equal(
            expected,
            await AskAsync(["-4", "-H", "-d", "localhost", "-p", Server.PortText("spamd"), "-R", "-E"], mail)
        );
    }

    [Fact]
    public async Task It_is_alive()
    {
        Assert.SkipWhen(SpamdPair.Missing is not null, SpamdPair.Missing ?? "");
        var theirs = await AskAsync(["-U", pair.Theirs, "-K"], "");
        Assert.Equal((0, theirs.Output), await AskAsync(["-U", pair.Ours, "-K"], ""));
        Assert.StartsWith("SPAMD/1.5 0", theirs.Output, StringComparison.Ordinal);
    }

    private static string[] Words(string options) => options.Split(' ', StringSplitOptions.RemoveEmptyEntries);

    private static async Task<(int ExitCode, string Output)> AskAsync(IEnumerable<string> options, string mail)
    {
        var start = new ProcessStartInfo("/usr/bin/spamc", ["-F", "/dev/null", .. options])
        {
            UseShellExecute = false,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            StandardOutputEncoding = Encoding.Latin1,
            StandardInputEncoding = Encoding.Latin1,
        };
        using var spamc = Process.Start(start)!;
        var output = spamc.StandardOutput.ReadToEndAsync(Ct);
        var error = spamc.StandardError.ReadToEndAsync(Ct);
        try
        {
            await spamc.StandardInput.WriteAsync(mail.AsMemory(), Ct);
            spamc.StandardInput.Close();
        }
        catch (IOException)
        {
            // It does not read what it has no use for.
        }

        await spamc.WaitForExitAsync(Ct);
        await error;
        return (spamc.ExitCode, Same(await output));
    }

    // What differs from call to call, or names the machine.
    private static string Same(string output)
    {
        output = Boundary().Replace(output, "----------=_BOUNDARY");
        return Received().Replace(output, "Received: from localhost by HOST${middle}DATE");
    }

    [GeneratedRegex("----------=_[0-9A-F]{8}\\.[0-9A-F]{8}", RegexOptions.NonBacktracking)]
    private static partial Regex Boundary();

    [GeneratedRegex(
        "Received: from localhost by [^\\r\\n]*(?<middle>\\r?\\n\\twith SpamAssassin \\(version 4\\.0\\.1\\);\\r?\\n\\t)[^\\r\\n]*",
        RegexOptions.NonBacktracking | RegexOptions.ExplicitCapture
    )]
    private static partial Regex Received();
}

/// <summary>With spam enclosed in reports.</summary>
public sealed class EnclosingSpamcTests(SpamdPair pair) : SpamcTests(pair), IClassFixture<SpamdPair>;

/// <summary>With marks in the header.</summary>
public sealed class MarkingSpamcTests(MarkingSpamdPair pair) : SpamcTests(pair), IClassFixture<MarkingSpamdPair>;
