using Postreiter.Smtp.Server;
using Postreiter.Testing;

namespace Postreiter.Delivery.Tests.Inbound;

/// <summary>What is put in front of a message, and what is taken out (RFC 5321 §4.4, RFC 6409 §8).</summary>
public sealed class TraceTests
{
    private const string Date = "\r\n\tThu, 1 Jan 2026 12:00:00 +0000\r\n";

    [Theory]
    [InlineData("EHLO client.example", false, "client.example ([192.0.2.1])", "ESMTP")]
    [InlineData("HELO client.example", false, "client.example ([192.0.2.1])", "SMTP")]
    [InlineData("HELO client.example", true, "client.example ([192.0.2.1])", "SMTP (TLSv1.3 TLS_AES_256_GCM_SHA384)")]
    [InlineData("EHLO client.example", true, "client.example ([192.0.2.1])", "ESMTPS (TLSv1.3 TLS_AES_256_GCM_SHA384)")]
    [InlineData("EHLO [192.0.2.9]", false, "[192.0.2.9] ([192.0.2.1])", "ESMTP")]
    [InlineData("EHLO [IPv6:2001:db8::9]", false, "[IPv6:2001:db8::9] ([192.0.2.1])", "ESMTP")]
    [InlineData("EHLO (evil);x", false, "unknown ([192.0.2.1])", "ESMTP")]
    public async Task Received_says_who_and_how(string hello, bool tls, string from, string with)
    {
        foreach (var pacing in Enum.GetValues<Pacing>())
        {
            await using var site = await InboundSite.CreateAsync();
            await site.PlayAsync(ListenerRole.Mx, InboundSite.Send("<ann@our.example>", hello: hello), pacing, tls);
            var text = Assert.Single(await site.InboxAsync("ann"));
            Assert.StartsWith(
                "Return-Path: <s@far.example>\r\nDelivered-To: ann@our.example\r\n"
                    + $"Received: from {from}\r\n\tby mx.our.example with {with}\r\n\tid ",
                text,
                StringComparison.Ordinal
            );
            Assert.EndsWith(
                $"\r\n\tfor <ann@our.example>;{Date}Subject: x\r\n\r\nbody\r\n",
                text,
                StringComparison.Ordinal
            );
        }
    }

    [Theory]
    [InlineData("192.0.2.1", "client.example ([192.0.2.1])")]
    [InlineData("192.0.2.2", "client.example (mail.far.example [192.0.2.2])")]
    [InlineData("192.0.2.3", "client.example ([192.0.2.3])")]
    [InlineData("192.0.2.4", "client.example ([192.0.2.4])")]
    [InlineData("192.0.2.5", "client.example (second.far.example [192.0.2.5])")]
    [InlineData("2001:db8::2", "client.example (mail.far.example [IPv6:2001:db8::2])")]
    [InlineData("127.0.0.1", "client.example ([127.0.0.1])")]
    public async Task Received_has_the_name_that_leads_back(string remote, string from)
    {
        await using var site = await InboundSite.CreateAsync();
        site.Dns.Ptr("192.0.2.2", "mail.far.example")
            .Ptr("2001:db8::2", "mail.far.example")
            .Address("mail.far.example", "192.0.2.2", "2001:db8::2")
            // Anybody's word for his own address.
            .Ptr("192.0.2.3", "mail.far.example")
            .Ptr("127.0.0.1", "localhost")
            .Ptr("192.0.2.5", "first.far.example")
            .Ptr("192.0.2.5", "second.far.example")
            .Address("second.far.example", "192.0.2.5")
            // F8: the DNS is down, the mail is not.
            .Fail("192.0.2.4");
        await site.PlayAsync(ListenerRole.Mx, InboundSite.Send("<ann@our.example>"), remote: remote);
        Assert.Contains(
            $"\r\nReceived: from {from}\r\n",
            Assert.Single(await site.InboxAsync("ann")),
            StringComparison.Ordinal
        );
    }

    [Fact]
    public async Task None_of_several_recipients_learns_of_another()
    {
        await using var site = await InboundSite.CreateAsync();
        await site.PlayAsync(ListenerRole.Mx, InboundSite.Send("<ann@our.example> <bob@our.example>", from: "<>"));
        foreach (var (name, other) in new[] { ("ann", "bob"), ("bob", "ann") })
        {
            var text = Assert.Single(await site.InboxAsync(name));
            Assert.StartsWith("Return-Path: <>\r\n", text, StringComparison.Ordinal);
            Assert.DoesNotContain(other, text, StringComparison.Ordinal);
            Assert.DoesNotContain("\tfor ", text, StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData("Subject: x\n\nb", "Date: Thu, 1 Jan 2026 12:00:00 +0000\r\nMessage-ID: <*@mx.our.example>\r\n")]
    [InlineData("Date: then\nSubject: x\n\nb", "Message-ID: <*@mx.our.example>\r\n")]
    [InlineData("MESSAGE-id : <a@b>\nSubject: x\n\nb", "Date: Thu, 1 Jan 2026 12:00:00 +0000\r\n")]
    [InlineData("Date: then\nMessage-ID: <a@b>\n\nb", "")]
    [InlineData("\nDate: in the body", "Date: Thu, 1 Jan 2026 12:00:00 +0000\r\nMessage-ID: <*@mx.our.example>\r\n")]
    [InlineData(
        "X: folded\n Date: no field\n\nb",
        "Date: Thu, 1 Jan 2026 12:00:00 +0000\r\nMessage-ID: <*@mx.our.example>\r\n"
    )]
    public async Task Submission_adds_Date_and_Message_ID_where_they_are_missing(string text, string added)
    {
        foreach (var role in new[] { ListenerRole.Submission, ListenerRole.Mx })
        {
            await using var site = await InboundSite.CreateAsync();
            await site.PlayAsync(
                role,
                InboundSite.Send(
                    "<ann@our.example>",
                    text,
                    from: "<ann@our.example>",
                    asAnn: role == ListenerRole.Submission
                )
            );
            var wire = text.ReplaceLineEndings("\r\n") + "\r\n";
            var split = wire.StartsWith("\r\n", StringComparison.Ordinal)
                ? 0
                : wire.IndexOf("\r\n\r\n", StringComparison.Ordinal) + 2;
            var got = Assert.Single(await site.InboxAsync("ann"));
            var content = got[(got.IndexOf(Date, StringComparison.Ordinal) + Date.Length)..];
            Assert.StartsWith(wire[..split], content, StringComparison.Ordinal);
            Assert.EndsWith(wire[split..], content, StringComparison.Ordinal);
            var between = content[split..^(wire.Length - split)];
            if (role == ListenerRole.Mx || added.Length == 0)
            {
                Assert.Equal("", between);
                continue;
            }

            var parts = added.Split('*');
            Assert.StartsWith(parts[0], between, StringComparison.Ordinal);
            Assert.EndsWith(parts[^1], between, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task Blind_copies_of_a_submission_stay_blind()
    {
        await using var site = await InboundSite.CreateAsync();
        var script = InboundSite.Send(
            "<bob@our.example> <x@far.example>",
            "To: bob@our.example\nBcc: x@far.example,\n y@far.example\nSubject: x\n\nBcc: stays",
            from: "<ann@our.example>",
            asAnn: true
        );
        await site.PlayAsync(ListenerRole.Submission, script);
        foreach (
            var text in new[]
            {
                Assert.Single(await site.InboxAsync("bob")),
                await site.QueuedAsync(Assert.Single(await site.QueueAsync())),
            }
        )
        {
            Assert.DoesNotContain("far.example,", text, StringComparison.Ordinal);
            Assert.EndsWith("\r\n\r\nBcc: stays\r\n", text, StringComparison.Ordinal);
            Assert.Contains(" with ESMTPA\r\n", text, StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData("just text\nand more")]
    [InlineData(" indented: text")]
    [InlineData(": no name")]
    [InlineData("\u00fcber: 8 bit")]
    public async Task A_message_without_a_header_does_not_flow_into_our_fields(string text)
    {
        foreach (var pacing in Enum.GetValues<Pacing>())
        {
            await using var site = await InboundSite.CreateAsync();
            await site.PlayAsync(ListenerRole.Mx, InboundSite.Send("<ann@our.example>", text), pacing);
            Assert.EndsWith(
                $"{Date}\r\n{text.ReplaceLineEndings("\r\n")}\r\n",
                Assert.Single(await site.InboxAsync("ann")),
                StringComparison.Ordinal
            );
        }
    }

    [Theory]
    [InlineData("From ann Thu Jan  1\nSubject: x\n\nb")]
    [InlineData(">From ann Thu Jan  1\nSubject: x\n\nb")]
    [InlineData("Subject\t: x\n\nb")]
    [InlineData("Subject:x")]
    [InlineData("\nb")]
    [InlineData("X: 1\nno field\n\nb")]
    public async Task P8_odd_headers_are_kept_as_they_are(string text)
    {
        foreach (var pacing in Enum.GetValues<Pacing>())
        {
            await using var site = await InboundSite.CreateAsync();
            await site.PlayAsync(ListenerRole.Mx, InboundSite.Send("<ann@our.example>", text), pacing);
            Assert.EndsWith(
                $"{Date}{text.ReplaceLineEndings("\r\n")}\r\n",
                Assert.Single(await site.InboxAsync("ann")),
                StringComparison.Ordinal
            );
        }
    }

    [Fact]
    public async Task What_only_a_receiver_may_write_is_taken_out()
    {
        await using var site = await InboundSite.CreateAsync();
        await site.PlayAsync(
            ListenerRole.Mx,
            InboundSite.Send(
                "<ann@our.example>",
                "Return-Path: <f@f.example>\nX-Spam-Status:\n No\nx-spam-Flag: YES\nX-Spam: kept\n"
                    + "Authentication-Results: (c) MX.our.example. 1; spf=pass\nAuthentication-Results: \"mx.our.example\"; x\n"
                    + "Authentication-Results: other.example; none\nSubject: x\n\nX-Spam-Body: stays"
            )
        );
        Assert.EndsWith(
            $"{Date}X-Spam: kept\r\nAuthentication-Results: other.example; none\r\nSubject: x\r\n\r\nX-Spam-Body: stays\r\n",
            Assert.Single(await site.InboxAsync("ann")),
            StringComparison.Ordinal
        );
    }

    [Fact]
    public async Task DSN_parameters_are_kept_in_the_queue()
    {
        await using var site = await InboundSite.CreateAsync();
        var script = InboundSite.Send(
            "<x@far.example>_NOTIFY=SUCCESS,DELAY_ORCPT=rfc822;old+2Bx@far.example <y@far.example>_NOTIFY=NEVER <z@far.example>",
            from: "<ann@our.example> RET=HDRS ENVID=id+3D1 BODY=8BITMIME SMTPUTF8",
            asAnn: true
        );
        await site.PlayAsync(ListenerRole.Submission, script);
        var item = Assert.Single(await site.QueueAsync());
        Assert.Equal("id=1", item.Envelope.EnvelopeId);
        Assert.Equal(Storage.Queue.DsnReturn.Headers, item.Envelope.Return);
        Assert.Equal(Storage.Queue.BodyType.EightBitMime, item.Envelope.Body);
        Assert.True(item.Envelope.SmtpUtf8);
        Assert.Equal(
            [
                (Storage.Queue.DsnNotify.Success | Storage.Queue.DsnNotify.Delay, "rfc822;old+x@far.example"),
                (Storage.Queue.DsnNotify.Never, null),
                (Storage.Queue.DsnNotify.Unspecified, (string?)null),
            ],
            item.Recipients.Select(r => (r.Notify, r.OriginalRecipient))
        );
    }

    [Fact]
    public async Task A_success_that_was_asked_for_is_reported()
    {
        await using var site = await InboundSite.CreateAsync();
        await site.PlayAsync(
            ListenerRole.Mx,
            InboundSite.Send(
                "<ann@our.example>_NOTIFY=SUCCESS <bob@our.example>_NOTIFY=FAILURE",
                from: "<cat@our.example> ENVID=abc"
            )
        );
        var report = Assert.Single(await site.InboxAsync("cat"));
        Assert.Contains("Original-Envelope-Id: abc", report, StringComparison.Ordinal);
        Assert.Contains("Action: delivered", report, StringComparison.Ordinal);
        Assert.DoesNotContain("bob@", report, StringComparison.Ordinal);
    }
}
