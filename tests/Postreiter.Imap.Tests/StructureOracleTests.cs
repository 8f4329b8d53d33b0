using System.Text;
using MailKit;
using MailKit.Net.Imap;
using MailKit.Security;
using MimeKit;
using Postreiter.Testing;

namespace Postreiter.Imap.Tests;

/// <summary>
/// Real mail of many senders, old and broken too: what MailKit reads from our ENVELOPE and BODYSTRUCTURE must be what
/// MimeKit reads from the message itself. Where the two may differ, and why, stands in
/// <see cref="StructureComparison"/>.
/// </summary>
public sealed class StructureOracleTests
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public static TheoryData<string> Corpora =>
        [
            "mime/mail-parser/rfc",
            "mime/mail-parser/thirdparty",
            "mime/mail-parser/malformed",
            "mime/python-email",
            "bounces",
            "spam-corpus",
        ];

    [Theory, MemberData(nameof(Corpora))]
    public async Task MailKit_reads_from_the_structure_what_MimeKit_reads_from_the_message(string corpus)
    {
        var folder = TestData.Folder(corpus);
        Assert.SkipUnless(Directory.Exists(folder), $"{folder} is missing: it is not shipped");
        string[] files =
        [
            .. Directory
                .EnumerateFiles(folder, "*", SearchOption.AllDirectories)
                .Where(static f =>
                    Path.GetExtension(f) is ".eml" or ".txt" && !f.Contains("LICENSE", StringComparison.Ordinal)
                )
                .Order(StringComparer.Ordinal),
        ];
        // All 1,500 of the largest have been through this; every third keeps the watch.
        if (files.Length > 1000)
            files = [.. files.Where(static (_, at) => at % 3 == 0)];
        Assert.NotEmpty(files);
        var server = await ImapTestServer.StartAsync();
        await using (var wire = await ImapWire.ConnectAsync(server))
        {
            foreach (var file in files)
                await wire.AppendAsync("INBOX", Encoding.Latin1.GetString(await File.ReadAllBytesAsync(file, Ct)));
        }

        var differences = new List<string>();
        var summaries = await FetchAsync(server);
        Assert.Equal(files.Length, summaries.Count);
        for (var i = 0; i < files.Length; i++)
        {
            var name = Path.GetRelativePath(folder, files[i]);
            if (await ReadAsync(files[i]) is not { } message)
                continue;
            var comparison = new StructureComparison(files[i]);
            comparison.Compare(summaries[i], message);
            differences.AddRange(comparison.Differences.Select(d => $"{name}: {d}"));
        }

        Assert.True(differences.Count == 0, $"{differences.Count} differences\n" + string.Join('\n', differences));
    }

    /// <summary>The message; null when MimeKit finds no header that it can read.</summary>
    private static async Task<MimeMessage?> ReadAsync(string file)
    {
        await using var content = File.OpenRead(file);
        try
        {
            return await MimeMessage.LoadAsync(content, Ct);
        }
        catch (FormatException)
        {
            return null;
        }
    }

    private static async Task<IList<IMessageSummary>> FetchAsync(ImapTestServer server)
    {
        var connection = MemoryConnection.Create();
        var session = Task.Run(() => server.Handler.HandleAsync(connection, CancellationToken.None));
        using var client = new ImapClient();
        await using var stream = new DuplexStream(
            connection.Client.Input.AsStream(),
            connection.Client.Output.AsStream()
        );
        await client.ConnectAsync(stream, "mx.example.org", 143, SecureSocketOptions.None);
        await client.AuthenticateAsync("ann", "secret");
        await client.Inbox!.OpenAsync(FolderAccess.ReadOnly);
        var summaries = await client.Inbox.FetchAsync(
            0,
            -1,
            new FetchRequest(
                MessageSummaryItems.Envelope | MessageSummaryItems.BodyStructure | MessageSummaryItems.UniqueId
            )
        );
        await client.DisconnectAsync(true);
        await session;
        await connection.DisposeAsync();
        return summaries;
    }
}
