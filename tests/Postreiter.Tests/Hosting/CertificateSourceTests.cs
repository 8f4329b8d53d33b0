using Microsoft.Extensions.Time.Testing;

namespace Postreiter.Tests.Hosting;

/// <summary>F10: the certificate is missing, expired, or comes back.</summary>
public sealed class CertificateSourceTests
{
    [Fact]
    public async Task F10_an_expired_certificate_stops_TLS_and_log_in_but_not_port_25_until_it_is_renewed()
    {
        // The certificate is made for ten years; half an hour of them is left.
        var time = new FakeTimeProvider(TimeProvider.System.GetUtcNow().AddYears(10).AddMinutes(-30));
        await using var server = await RunningServer.StartAsync(time);
        Assert.Equal(("CN=mx.a.test", true, true), await LookAsync(server));

        time.Advance(TimeSpan.FromMinutes(31));
        Assert.Equal((null, false, false), await LookAsync(server));
        using var smtp = await server.ConnectAsync("smtp");
        Assert.StartsWith("220", await smtp.ReplyAsync(), StringComparison.Ordinal);
        using var submission = await server.ConnectAsync("submission");
        Assert.StartsWith("421 4.7.0", await submission.ReplyAsync(), StringComparison.Ordinal);

        // The renewal is found within the hour, without a signal.
        RunningServer.WriteCertificate(server.Folder, "new.a.test", time);
        time.Advance(TimeSpan.FromHours(1));
        Assert.Equal("CN=new.a.test", (await LookAsync(server)).Name);
    }

    [Fact]
    public async Task F10_a_missing_certificate_does_not_stop_the_start()
    {
        var time = new FakeTimeProvider(TimeProvider.System.GetUtcNow());
        await using var server = await RunningServer.StartAsync(time, "tls.certificate=\"none.crt\"");
        Assert.Equal((null, false, false), await LookAsync(server));
        File.Copy(server.Folder["tls.crt"], server.Folder["none.crt"]);
        time.Advance(TimeSpan.FromHours(1));
        Assert.Equal(("CN=mx.a.test", true, true), await LookAsync(server));
    }

    [Fact]
    public async Task A_certificate_that_cannot_be_read_leaves_the_one_before_in_force()
    {
        await using var server = await RunningServer.StartAsync();
        await File.WriteAllTextAsync(server.Folder["tls.crt"], "no PEM", TestContext.Current.CancellationToken);
        server.Reload();
        Assert.Equal(("CN=mx.a.test", true, true), await LookAsync(server));
    }

    private static async Task<(string? Name, bool Mx, bool Submission)> LookAsync(RunningServer server)
    {
        using var imaps = await server.ConnectAsync("imaps");
        var name = await imaps.CertificateAsync();
        return (name, await OffersAsync(server, "smtp"), await OffersAsync(server, "submission"));
    }

    private static async Task<bool> OffersAsync(RunningServer server, string listener)
    {
        using var client = await server.ConnectAsync(listener);
        if (!(await client.ReplyAsync()).StartsWith("220", StringComparison.Ordinal))
            return false;
        return (await client.AskAsync("EHLO c.test")).Contains("STARTTLS", StringComparison.Ordinal);
    }
}
