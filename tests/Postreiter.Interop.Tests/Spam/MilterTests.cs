using System.Diagnostics;
using Postreiter.Interop.Tests.Postfix;

namespace Postreiter.Interop.Tests.Spam;

/// <summary>A Postfix whose mail spamass-milter has scanned by Postreiter.</summary>
public sealed class MilterTests(MilterTests.ScanningPostfix server)
    : ClientTests(server),
        IClassFixture<MilterTests.ScanningPostfix>
{
    [Fact]
    public async Task Postfix_with_spamass_milter_marks_what_Postreiter_calls_spam()
    {
        Assert.SkipWhen(Missing is not null, Missing ?? "");
        foreach (var name in new[] { "spam", "ham" })
        {
            var file = await WriteAsync(name + ".eml", SpamRules.Mails[name]);
            var (code, output) = await RunAsync(
                "swaks",
                "--server",
                $"127.0.0.1:{Text(server.Postfix.MilterPort)}",
                "--from",
                "bob@far.example",
                "--to",
                $"paula@{PostfixServer.Domain}",
                "--data",
                "@" + file
            );
            Assert.True(code == 0, output);
        }

        var mails = await server.Postfix.WaitForAsync("paula", 2, Ct);
        var spam = Assert.Single(mails, m => m.Contains("\nSubject: A buy now offer\n", StringComparison.Ordinal));
        Assert.Contains("\nX-Spam-Flag: YES\n", spam, StringComparison.Ordinal);
        Assert.Contains("\nX-Spam-Status: Yes, score=9.0 required=5.0", spam, StringComparison.Ordinal);
        var ham = Assert.Single(mails, m => m.Contains("\nSubject: lunch\n", StringComparison.Ordinal));
        Assert.Contains("\nX-Spam-Status: No, score=0.3 required=5.0", ham, StringComparison.Ordinal);
        Assert.DoesNotContain("X-Spam-Flag", ham, StringComparison.Ordinal);
    }

    private static string? Missing =>
        PostfixServer.Missing
        ?? (
            File.Exists("/usr/sbin/spamass-milter") ? null : "spamass-milter is not installed: run tests/setup as root"
        );

    /// <summary>Postreiter, a Postfix, and the milter between them.</summary>
    public sealed class ScanningPostfix : PostreiterProcess
    {
        private readonly TemporaryFolder _rules = new();
        private Process? _milter;

        internal PostfixServer Postfix { get; } = new();

        protected override IEnumerable<string> Settings =>
            [$"spam.rules=[\"{Path.Combine(_rules.Root, "rules")}\"]", "listen.spamd=[\"127.0.0.1:0\"]"];

        public override async ValueTask InitializeAsync()
        {
            if (Missing is not null)
                return;
            SpamRules.Write(_rules.Root, reportSafe: 0);
            await base.InitializeAsync();
            var start = new ProcessStartInfo(
                "/usr/sbin/spamass-milter",
                ["-p", Postfix.Milter, "--", "-F", "/dev/null", "-d", "127.0.0.1", "-p", PortText("spamd")]
            )
            {
                UseShellExecute = false,
            };
            _milter = Process.Start(start)!;
            await Waiting.UntilAsync(() => Task.FromResult(File.Exists(Postfix.Milter)), CancellationToken.None);
            // Postfix asks it as a user without rights.
            File.SetUnixFileMode(Postfix.Milter, (UnixFileMode)0b110_110_110);
            await Postfix.StartAsync(
                Path.Combine(Data, "tls.crt"),
                Path.Combine(Data, "tls.key"),
                Port("smtp"),
                Port("lmtp")
            );
        }

        public override async ValueTask DisposeAsync()
        {
            GC.SuppressFinalize(this);
            try
            {
                await Postfix.DisposeAsync();
                await base.DisposeAsync();
            }
            finally
            {
                if (_milter is { HasExited: false })
                {
                    _milter.Kill();
                    await _milter.WaitForExitAsync();
                }

                _milter?.Dispose();
                _rules.Dispose();
            }
        }
    }
}
