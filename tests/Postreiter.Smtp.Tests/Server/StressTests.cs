using Postreiter.Testing;

namespace Postreiter.Smtp.Tests.Server;

/// <summary>Above 80 % of L12: sessions are short and strict.</summary>
public sealed class StressTests
{
    private static async Task PlayAsync(SmtpTestServer server, string script)
    {
        var connection = MemoryConnection.Create();
        connection.HasStress = true;
        await server.PlayAsync(connection, Pacing.Lines, script);
    }

    [Fact]
    public async Task L12_stress_a_command_has_ten_seconds() =>
        await PlayAsync(new SmtpTestServer(), "S: 220 *\nR: NO\nT: 10s\nS: 421 4.4.2 *\nS: <closed>");

    [Fact]
    public async Task L12_stress_one_error_is_enough() =>
        await PlayAsync(
            new SmtpTestServer(),
            "S: 220 *\nC: NOOP\nS: 250 *\nC: WIZ\nS: 500 5.5.1 *\nS: 421 4.7.0 *\nS: <closed>"
        );

    [Fact]
    public async Task L12_stress_one_message_a_session()
    {
        var server = new SmtpTestServer();
        await PlayAsync(server, $"{Scripts.Data}\nC: x\nC: .\nS: 250 *\nC: MAIL FROM:<>\nS: 421 4.7.0 *\nS: <closed>");
        Assert.Single(server.Messages);
    }
}
