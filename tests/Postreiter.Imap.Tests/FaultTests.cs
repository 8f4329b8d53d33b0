using Postreiter.Storage;
using Postreiter.Storage.Mail;
using Postreiter.Testing;

namespace Postreiter.Imap.Tests;

public sealed class FaultTests
{
    [Theory]
    [InlineData(Pacing.Lines, "SERVERBUG", null)]
    [InlineData(Pacing.Bytes, "SERVERBUG", StoreFault.Internal)]
    [InlineData(Pacing.Lines, "OVERQUOTA", StoreFault.DiskFull)]
    [InlineData(Pacing.Bytes, "INUSE", StoreFault.Busy)]
    public async Task F1_F3_a_fault_of_ours_is_a_NO_and_the_session_goes_on(
        Pacing pacing,
        string code,
        StoreFault? fault
    )
    {
        var server = await ImapTestServer.StartAsync();
        server.Fault = method =>
            method != nameof(IMailStore.CreateMailboxAsync) ? null
            : fault is { } kind ? new StoreException(kind, "the test says so")
            : new InvalidOperationException("the test says so");
        await server.PlayLoggedInAsync(
            pacing,
            $"""
            C: 1 CREATE a
            S: 1 NO [{code}] *
            C: 2 NOOP
            S: 2 OK *
            C: 3 CREATE b
            S: 3 NO [{code}] *
            """
        );
    }

    [Fact]
    public async Task A_file_that_fails_is_not_taken_for_a_peer_that_has_gone()
    {
        var server = await ImapTestServer.StartAsync();
        server.Fault = method =>
            method == nameof(IMailStore.ListMailboxesAsync) ? new IOException("the test says so") : null;
        await server.PlayLoggedInAsync(
            Pacing.Lines,
            """
            C: 1 LIST "" *
            S: 1 NO [SERVERBUG] *
            C: 2 NOOP
            S: 2 OK *
            """
        );
    }
}
