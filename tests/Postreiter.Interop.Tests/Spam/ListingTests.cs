using System.Text.Json.Nodes;
using MailKit;
using MailKit.Net.Imap;
using MailKit.Net.Smtp;
using MailKit.Search;
using MailKit.Security;
using MimeKit;
using Postreiter.Control;

namespace Postreiter.Interop.Tests.Spam;

/// <summary>A user allows and blocks senders by moving their mail by IMAP; for that user alone, from the next mail on.</summary>
public sealed class ListingTests(ListingTests.ListingServer server)
    : ClientTests(server),
        IClassFixture<ListingTests.ListingServer>
{
    private const string Offer = "order now and save";

    [Fact]
    public async Task Moving_mail_into_a_mailbox_allows_or_blocks_its_sender_and_out_of_it_takes_that_back()
    {
        var (ann, eve) = (await Server.AddAccountAsync(), await Server.AddAccountAsync());
        await SendAsync("bob@far.example", Offer, ann, eve);
        await SendAsync("news@far.example", "hello", ann, eve);
        using var client = await ConnectAsync(ann);
        var top = client.GetFolder(client.PersonalNamespaces[0]);
        var allowed = (await top.CreateAsync("Allow senders", true, Ct))!;
        var blocked = (await top.CreateAsync("Block senders", true, Ct))!;
        var junk = client.GetFolder(SpecialFolder.Junk)!;

        // Bob's offer is no spam, for ann.
        await junk.OpenAsync(FolderAccess.ReadWrite, Ct);
        await junk.MoveToAsync(await junk.SearchAsync(SearchQuery.All, Ct), allowed, Ct);
        await client.Inbox.OpenAsync(FolderAccess.ReadWrite, Ct);
        await client.Inbox.MoveToAsync(await client.Inbox.SearchAsync(SearchQuery.All, Ct), blocked, Ct);
        await WaitForAsync(ann, "allow bob@far.example move", "block news@far.example move");
        await SendAsync("bob@far.example", Offer, ann, eve);
        var text = Assert.Single(await ReadAsync(ann)).Text;
        Assert.Contains("USER_IN_WELCOMELIST", text, StringComparison.Ordinal);
        Assert.Contains("X-Spam-Status: No, score=-94.0", text, StringComparison.Ordinal);
        Assert.Equal(2, (await ReadAsync(eve, "Junk")).Count);
        await RefusedAsync("news@far.example", "You are not wanted here", ann);
        // What he writes by others' servers is his too; and what another brings to eve, ann has in Junk.
        await RefusedAsync("news@far.example", "You are not wanted here", ann, envelope: "bounce-17@lists.example");
        await SendAsync("news@far.example", "hello", ["bounce-18@lists.example"], ann, eve);
        Assert.Contains(
            "USER_IN_BLOCKLIST",
            Assert.Single(await ReadAsync(ann, "Junk")).Text,
            StringComparison.Ordinal
        );

        // Out again: to be taken back; into Trash: to be rid of the mail.
        await blocked.OpenAsync(FolderAccess.ReadWrite, Ct);
        await blocked.MoveToAsync(await blocked.SearchAsync(SearchQuery.All, Ct), client.Inbox, Ct);
        await WaitForAsync(ann, "allow bob@far.example move");
        await SendAsync("news@far.example", "hello", ann);
        await allowed.OpenAsync(FolderAccess.ReadWrite, Ct);
        await allowed.MoveToAsync(
            await allowed.SearchAsync(SearchQuery.All, Ct),
            client.GetFolder(SpecialFolder.Trash)!,
            Ct
        );
        await SendAsync("bob@far.example", Offer, ann);
        // The offer that was allowed, the news that was blocked, the news after that, and another offer.
        Assert.Equal(4, (await ReadAsync(ann)).Count);
        await client.DisconnectAsync(quit: true, Ct);
    }

    private async Task<ImapClient> ConnectAsync(string account)
    {
        var client = new ImapClient();
        client.ServerCertificateValidationCallback = (_, certificate, _, _) => IsServers(certificate);
        await client.ConnectAsync("localhost", Server.Port("imaps"), SecureSocketOptions.SslOnConnect, Ct);
        await client.AuthenticateAsync(account, PostreiterProcess.Password, Ct);
        return client;
    }

    private async Task WaitForAsync(string account, params string[] entries) =>
        await Waiting.UntilAsync(
            async () =>
            {
                var reply = await Server.Control.CallAsync(
                    ControlVerbs.ListShow,
                    new JsonObject { ["account"] = account },
                    Ct
                );
                return reply
                    .Rows.Select(static r => $"{r["list"]} {r["entry"]} {r["by"]}")
                    .Order(StringComparer.Ordinal)
                    .SequenceEqual(entries);
            },
            Ct
        );

    private async Task RefusedAsync(string from, string words, string to, string? envelope = null)
    {
        var refused = await Assert.ThrowsAsync<SmtpCommandException>(() =>
            SendAsync(from, "hello", [envelope ?? from], to)
        );
        Assert.Contains(words, refused.Message, StringComparison.Ordinal);
    }

    private Task SendAsync(string from, string text, params string[] to) => SendAsync(from, text, [from], to);

    private async Task SendAsync(string from, string text, string[] envelope, params string[] to)
    {
        using var message = new MimeMessage();
        message.From.Add(MailboxAddress.Parse(from));
        message.To.Add(MailboxAddress.Parse(to[0]));
        message.Subject = text;
        message.Body = new TextPart("plain") { Text = text };
        using var smtp = new SmtpClient();
        await smtp.ConnectAsync("127.0.0.1", Server.Port("smtp"), SecureSocketOptions.None, Ct);
        await smtp.SendAsync(message, MailboxAddress.Parse(envelope[0]), to.Select(MailboxAddress.Parse), Ct);
        await smtp.DisconnectAsync(quit: true, Ct);
    }

    /// <summary>Postreiter that looks at what comes from loopback as at any other, with a rule that gives six points.</summary>
    public sealed class ListingServer : PostreiterProcess
    {
        private readonly TemporaryFolder _rules = new();

        protected override IEnumerable<string> Settings =>
            [
                $"spam.rules=[\"{_rules.Root}\"]",
                "spam.network=false",
                "senders.local_networks=[]",
                "senders.check=false",
                "greylist.mode=\"off\"",
                "gate.on_no_domain=\"mark\"",
                "gate.dns_timeout=\"100ms\"",
                "dns.servers=[\"127.0.0.1:1\"]",
            ];

        protected override Task SetUpAsync() =>
            File.WriteAllTextAsync(
                Path.Combine(_rules.Root, "10.cf"),
                "add_header all Status \"_YESNO_, score=_SCORE_ tests=_TESTS_\"\nbody OFFER /order now/\nscore OFFER 6\n"
            );

        protected override Task TearDownAsync()
        {
            _rules.Dispose();
            return Task.CompletedTask;
        }
    }
}
