using System.Text;
using MailKit;
using MailKit.Net.Imap;
using MailKit.Search;
using MailKit.Security;
using MimeKit;

namespace Postreiter.Interop.Tests.Imap;

/// <summary>MailKit: everything a modern client uses, several at once.</summary>
public sealed class MailKitImapTests(PostreiterProcess server) : ClientTests(server), IClassFixture<PostreiterProcess>
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    [Theory]
    [InlineData("SCRAM-SHA-256", "imap", SecureSocketOptions.None)]
    [InlineData("SCRAM-SHA-256", "imap", SecureSocketOptions.StartTls)]
    [InlineData("SCRAM-SHA-256-PLUS", "imap", SecureSocketOptions.StartTls)]
    [InlineData("SCRAM-SHA-256-PLUS", "imaps", SecureSocketOptions.SslOnConnect)]
    [InlineData("PLAIN", "imaps", SecureSocketOptions.SslOnConnect)]
    [InlineData("LOGIN", "imap", SecureSocketOptions.StartTls)]
    public async Task Logs_in(string mechanism, string listener, SecureSocketOptions tls)
    {
        var account = await Server.AddAccountAsync();
        using var client = NewClient();
        await client.ConnectAsync("localhost", Server.Port(listener), tls, Ct);
        Assert.Contains(mechanism, client.AuthenticationMechanisms);
        var wrong = SaslMechanism.Create(mechanism, Encoding.UTF8, new(account, "wrong"));
        await Assert.ThrowsAsync<AuthenticationException>(() => client.AuthenticateAsync(wrong!, Ct));
        var right = SaslMechanism.Create(mechanism, Encoding.UTF8, new(account, PostreiterProcess.Password));
        await client.AuthenticateAsync(right!, Ct);
        Assert.Equal(0, (await OpenAsync(client.Inbox)).Count);
        await client.DisconnectAsync(quit: true, Ct);
    }

    [Fact]
    public async Task Finds_the_special_folders_and_makes_its_own()
    {
        using var client = await LogInAsync(await Server.AddAccountAsync());
        Assert.True(client.Capabilities.HasFlag(ImapCapabilities.SpecialUse));
        foreach (
            var use in (SpecialFolder[])
                [
                    SpecialFolder.Sent,
                    SpecialFolder.Drafts,
                    SpecialFolder.Junk,
                    SpecialFolder.Trash,
                    SpecialFolder.Archive,
                ]
        )
            Assert.Equal(use.ToString(), client.GetFolder(use)!.Name);
        var top = await client.GetFolderAsync("", Ct);
        var parent = await client
            .GetFolder(client.PersonalNamespaces[0])
            .CreateAsync("Kunden & Größen", isMessageFolder: true, Ct);
        var child = await parent!.CreateAsync("漢字", isMessageFolder: true, Ct);
        await child!.SubscribeAsync(Ct);
        Assert.Equal("Kunden & Größen/漢字", child.FullName);
        await child.RenameAsync(top!, "anders", Ct);
        var all = await client.GetFoldersAsync(
            client.PersonalNamespaces[0],
            StatusItems.Count | StatusItems.Unread | StatusItems.Size,
            subscribedOnly: false,
            Ct
        );
        Assert.Contains("anders", all.Select(f => f.FullName));
        await parent.DeleteAsync(Ct);
        Assert.DoesNotContain(
            "Kunden & Größen",
            (await client.GetFoldersAsync(client.PersonalNamespaces[0], cancellationToken: Ct)).Select(f => f.FullName)
        );
        await client.DisconnectAsync(quit: true, Ct);
    }

    [Fact]
    public async Task Appends_searches_moves_and_expunges_by_UID()
    {
        using var client = await LogInAsync(await Server.AddAccountAsync());
        Assert.True(
            client.Capabilities.HasFlag(ImapCapabilities.UidPlus | ImapCapabilities.Move | ImapCapabilities.ESearch)
        );
        var inbox = await OpenAsync(client.Inbox);
        var uids = new List<UniqueId>();
        for (var i = 0; i < 6; i++)
        {
            var request = new AppendRequest(
                Sample($"message {Text(i)}"),
                i % 2 == 0 ? MessageFlags.Seen : MessageFlags.None,
                ["mark" + Text(i)]
            )
            {
                InternalDate = new DateTimeOffset(2026, 1, 10 + i, 12, 0, 0, TimeSpan.FromHours(1)),
            };
            uids.Add((await inbox.AppendAsync(request, Ct))!.Value);
        }

        Assert.Equal(6, uids.Distinct().Count());
        Assert.Equal(uids.Where((_, i) => i % 2 == 1), await inbox.SearchAsync(SearchQuery.NotSeen, Ct));
        var query = SearchQuery
            .SubjectContains("message 3")
            .And(SearchQuery.BodyContains("grüße"))
            .And(SearchQuery.DeliveredAfter(new DateTime(2026, 1, 11)));
        Assert.Equal([uids[3]], await inbox.SearchAsync(query, Ct));
        var found = await inbox.SearchAsync(
            SearchOptions.All | SearchOptions.Count | SearchOptions.Min | SearchOptions.Max,
            SearchQuery.HasKeyword("mark2").Or(SearchQuery.Uids([uids[4]])),
            Ct
        );
        Assert.Equal((2, uids[2], uids[4]), (found.Count, found.Min, found.Max));

        var moved = await inbox.MoveToAsync([uids[0], uids[1]], client.GetFolder(SpecialFolder.Archive)!, Ct);
        Assert.Equal(2, moved.Destination.Count);
        var copied = await inbox.CopyToAsync([uids[2]], client.GetFolder(SpecialFolder.Archive)!, Ct);
        await inbox.AddFlagsAsync([uids[2], uids[3]], MessageFlags.Deleted, silent: true, Ct);
        // UID EXPUNGE takes only what it is told.
        await inbox.ExpungeAsync([uids[2]], Ct);
        Assert.Equal([uids[3], uids[4], uids[5]], await inbox.SearchAsync(SearchQuery.All, Ct));
        var archive = await OpenAsync(client.GetFolder(SpecialFolder.Archive));
        var summaries = await archive.FetchAsync(
            0,
            -1,
            MessageSummaryItems.UniqueId
                | MessageSummaryItems.Flags
                | MessageSummaryItems.InternalDate
                | MessageSummaryItems.Envelope,
            Ct
        );
        Assert.Equal([.. moved.Destination, .. copied.Destination], summaries.Select(s => s.UniqueId));
        Assert.Equal(["message 0", "message 1", "message 2"], summaries.Select(s => s.Envelope!.Subject));
        Assert.Equal(new DateTimeOffset(2026, 1, 12, 12, 0, 0, TimeSpan.FromHours(1)), summaries[2].InternalDate);
        Assert.Contains("mark2", summaries[2].Keywords);
        await client.DisconnectAsync(quit: true, Ct);
    }

    [Fact]
    public async Task Reads_the_structure_and_single_parts()
    {
        using var client = await LogInAsync(await Server.AddAccountAsync());
        var inbox = await OpenAsync(client.Inbox);
        var message = Sample("Größe 漢字");
        var bytes = new byte[300_000];
        new Random(3).NextBytes(bytes);
        var mixed = (Multipart)message.Body!;
        mixed.Add(
            new MimePart("application", "x-bytes")
            {
                Content = new MimeContent(new MemoryStream(bytes)),
                ContentTransferEncoding = ContentEncoding.Base64,
                FileName = "Überfluß.bin",
            }
        );
        mixed.Add(new MessagePart { Message = Sample("inner") });
        var uid = (await inbox.AppendAsync(new AppendRequest(message), Ct))!.Value;
        var summary = Assert.Single(
            await inbox.FetchAsync(
                [uid],
                MessageSummaryItems.BodyStructure
                    | MessageSummaryItems.Envelope
                    | MessageSummaryItems.Size
                    | MessageSummaryItems.References,
                Ct
            )
        );
        Assert.Equal("Größe 漢字", summary.Envelope!.Subject);
        var attachment = Assert.Single(summary.Attachments, a => a.FileName is not null);
        Assert.Equal("Überfluß.bin", attachment.FileName);
        var part = Assert.IsType<MimePart>(await inbox.GetBodyPartAsync(uid, attachment, Ct), exactMatch: false);
        using var decoded = new MemoryStream();
        await part.Content!.DecodeToAsync(decoded, Ct);
        Assert.Equal(bytes, decoded.ToArray());
        var inner = Assert.Single(summary.BodyParts.OfType<BodyPartMessage>());
        Assert.Equal("inner", inner.Envelope!.Subject);
        Assert.Contains(
            "Grüße",
            ((TextPart)(await inbox.GetBodyPartAsync(uid, summary.TextBody!, Ct))!).Text,
            StringComparison.Ordinal
        );
        var whole = await inbox.GetMessageAsync(uid, Ct);
        Assert.Equal(await BytesAsync(message), await BytesAsync(whole));
        await client.DisconnectAsync(quit: true, Ct);
    }

    [Fact]
    public async Task IDLE_tells_of_new_mail_flags_and_expunges_of_another_client()
    {
        var account = await Server.AddAccountAsync();
        using var idler = await LogInAsync(account);
        using var actor = await LogInAsync(account);
        var watched = await OpenAsync(idler.Inbox);
        var (arrived, flagged, gone) = (NewSource(), NewSource(), NewSource());
        watched.CountChanged += (_, _) => arrived.TrySetResult();
        watched.MessageFlagsChanged += (_, e) => _ = e.Flags.HasFlag(MessageFlags.Flagged) && flagged.TrySetResult();
        watched.MessageExpunged += (_, _) => gone.TrySetResult();
        using var done = new CancellationTokenSource();
        var idle = idler.IdleAsync(done.Token, Ct);

        var inbox = await OpenAsync(actor.Inbox);
        var uid = (await inbox.AppendAsync(new AppendRequest(Sample("new")), Ct))!.Value;
        await arrived.Task.WaitAsync(Patience, TimeProvider.System, Ct);
        await inbox.CheckAsync(Ct);
        await inbox.AddFlagsAsync([uid], MessageFlags.Flagged, silent: true, Ct);
        await flagged.Task.WaitAsync(Patience, TimeProvider.System, Ct);
        await inbox.AddFlagsAsync([uid], MessageFlags.Deleted, silent: true, Ct);
        await inbox.ExpungeAsync(Ct);
        await gone.Task.WaitAsync(Patience, TimeProvider.System, Ct);

        await done.CancelAsync();
        await idle.WaitAsync(Patience, TimeProvider.System, Ct);
        Assert.Equal(0, watched.Count);
        await idler.DisconnectAsync(quit: true, Ct);
        await actor.DisconnectAsync(quit: true, Ct);
    }

    [Fact]
    public async Task Many_messages_come_by_one_pipeline()
    {
        var account = await Server.AddAccountAsync();
        using var client = await LogInAsync(account);
        var inbox = await OpenAsync(client.Inbox);
        const int Count = 200;
        for (var i = 0; i < Count; i++)
            await inbox.AppendAsync(new AppendRequest(Sample($"number {Text(i)}")), Ct);
        var summaries = await inbox.FetchAsync(
            0,
            -1,
            MessageSummaryItems.All
                | MessageSummaryItems.UniqueId
                | MessageSummaryItems.BodyStructure
                | MessageSummaryItems.PreviewText,
            Ct
        );
        Assert.Equal(
            Enumerable.Range(0, Count).Select(i => $"number {Text(i)}"),
            summaries.Select(s => s.Envelope!.Subject)
        );
        Assert.All(summaries, s => Assert.Contains("Grüße", s.PreviewText!, StringComparison.Ordinal));
        await inbox.StoreAsync(
            UniqueIdRange.All,
            new StoreFlagsRequest(StoreAction.Add, MessageFlags.Seen) { Silent = true },
            Ct
        );
        Assert.Empty(await inbox.SearchAsync(SearchQuery.NotSeen, Ct));
        await client.DisconnectAsync(quit: true, Ct);
    }

    private static TaskCompletionSource NewSource() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    private static async Task<byte[]> BytesAsync(MimeMessage message)
    {
        using var bytes = new MemoryStream();
        await message.WriteToAsync(bytes, Ct);
        return bytes.ToArray();
    }

    private static async Task<IMailFolder> OpenAsync(IMailFolder? folder)
    {
        await folder!.OpenAsync(FolderAccess.ReadWrite, Ct);
        return folder;
    }

    private ImapClient NewClient() => new() { ServerCertificateValidationCallback = (_, c, _, _) => IsServers(c) };

    private async Task<ImapClient> LogInAsync(string account)
    {
        var client = NewClient();
        await client.ConnectAsync("localhost", Server.Port("imaps"), SecureSocketOptions.SslOnConnect, Ct);
        await client.AuthenticateAsync(account, PostreiterProcess.Password, Ct);
        return client;
    }

    private static MimeMessage Sample(string subject) =>
        new(
            [MailboxAddress.Parse("bob@far.example")],
            [new MailboxAddress("Ann Ü", "ann@our.example")],
            subject,
            new Multipart("mixed") { new TextPart("plain") { Text = "Grüße\r\n.\r\n" } }
        );
}
