using System.Text;
using MimeKit;
using Postreiter.Core;
using Postreiter.Messages.Reports;

namespace Postreiter.Messages.Tests.Reports;

/// <summary>Reports as another program reads them.</summary>
public sealed class ReportWriterTests
{
    private static readonly DateTimeOffset Now = new(2026, 1, 2, 3, 4, 5, TimeSpan.FromHours(2));

    private static readonly ReportedRecipient Bob = new(
        EmailAddress.Parse("bob@far.test"),
        ReportAction.Failed,
        new EnhancedStatus(5, 1, 1)
    )
    {
        Diagnostic = "550 5.1.1 no such user",
        RemoteHost = "mx.far.test",
        OriginalRecipient = "rfc822;Bob B@old.test",
    };

    [Theory]
    [InlineData(ReportAction.Failed, "failed", "could not be delivered")]
    [InlineData(ReportAction.Delayed, "delayed", "need not send it again")]
    [InlineData(ReportAction.Delivered, "delivered", "was delivered")]
    [InlineData(ReportAction.Relayed, "relayed", "passed on")]
    public void RFC_3464_fields_for_programs_and_words_for_people(ReportAction action, string word, string said)
    {
        var message = Read(
            Report(Bob with { Action = action, RetryUntil = action == ReportAction.Delayed ? Now : null })
        );
        Assert.Equal("MAILER-DAEMON@mx.our.test", ((MailboxAddress)message.From[0]).Address);
        Assert.Equal("ann@our.test", ((MailboxAddress)message.To[0]).Address);
        Assert.Equal("auto-replied", message.Headers["Auto-Submitted"]);
        Assert.NotNull(message.MessageId);
        var report = Parts(message);
        Assert.Equal("delivery-status", report.ReportType);
        var text = Assert.IsType<TextPart>(report[0]).Text;
        Assert.Contains(said, text, StringComparison.Ordinal);
        Assert.Contains("bob@far.test", text, StringComparison.Ordinal);
        Assert.Contains("mx.far.test said: 550 5.1.1 no such user", text, StringComparison.Ordinal);

        var groups = Assert.IsType<MessageDeliveryStatus>(report[1]).StatusGroups;
        Assert.Equal("an id", groups[0]["Original-Envelope-Id"]);
        Assert.Equal("dns; mx.our.test", groups[0]["Reporting-MTA"]);
        Assert.Equal("Fri, 2 Jan 2026 00:04:05 +0000", groups[0]["Arrival-Date"]);
        Assert.Equal("rfc822;Bob B@old.test", groups[1]["Original-Recipient"]);
        Assert.Equal("rfc822; bob@far.test", groups[1]["Final-Recipient"]);
        Assert.Equal(word, groups[1]["Action"]);
        Assert.Equal("5.1.1", groups[1]["Status"]);
        Assert.Equal("dns; mx.far.test", groups[1]["Remote-MTA"]);
        Assert.Equal("smtp; 550 5.1.1 no such user", groups[1]["Diagnostic-Code"]);
        Assert.Equal(action == ReportAction.Delayed, groups[1].Contains("Will-Retry-Until"));
        Assert.Equal("text/rfc822-headers", report[2].ContentType.MimeType);
    }

    [Fact]
    public void What_we_found_ourselves_is_no_reply_of_a_server()
    {
        var report = Parts(Read(Report(Bob with { RemoteHost = null, Diagnostic = "550 5.1.2 no such domain" })));
        var groups = Assert.IsType<MessageDeliveryStatus>(report[1]).StatusGroups;
        Assert.Equal("x-postreiter; 550 5.1.2 no such domain", groups[1]["Diagnostic-Code"]);
        Assert.False(groups[1].Contains("Remote-MTA"));
    }

    [Fact]
    public void The_whole_message_goes_back_as_a_message()
    {
        var whole = "Subject: x\r\n\r\nbody\r\n"u8.ToArray();
        var report = Parts(Read(Report(Bob) with { IsOriginalWhole = true, Original = whole }));
        var original = Assert.IsType<MessagePart>(report[2]).Message;
        Assert.Equal("x", original?.Subject);
        Assert.Equal("body", original?.TextBody?.Trim());
    }

    [Theory]
    [InlineData("jörg@far.test", "utf-8; jörg@far.test")]
    [InlineData("bob@far.test", "rfc822; bob@far.test")]
    public void RFC_6533_addresses_beyond_ASCII_take_its_forms(string address, string final)
    {
        var recipient = Bob with
        {
            Address = EmailAddress.Parse(address),
            OriginalRecipient = "utf-8;ölf@old.test",
            RemoteHost = null,
        };
        var bytes = ReportWriter.Write(Report(recipient));
        var text = Encoding.UTF8.GetString(bytes);
        var isUtf8 = address[1] == 'ö';
        Assert.Equal(!isUtf8, Ascii.IsValid(bytes));
        Assert.Contains($"\r\nFinal-Recipient: {final}\r\n", text, StringComparison.Ordinal);
        Assert.Contains(
            isUtf8
                ? "\r\nOriginal-Recipient: utf-8;ölf@old.test\r\n"
                : "\r\nOriginal-Recipient: utf-8;\\x{F6}lf@old.test\r\n",
            text,
            StringComparison.Ordinal
        );
        Assert.Contains(
            $"Content-Type: message/{(isUtf8 ? "global-" : "")}delivery-status\r\n",
            text,
            StringComparison.Ordinal
        );
        Assert.Contains(
            isUtf8 ? "Content-Type: message/global-headers" : "Content-Type: text/rfc822-headers",
            text,
            StringComparison.Ordinal
        );
    }

    [Fact]
    public void What_strangers_wrote_stays_on_its_line()
    {
        const string Evil = "550 x\r\nBcc: victim@far.test\r\n\r\n--=_";
        var bytes = ReportWriter.Write(
            Report(
                Bob with
                {
                    Diagnostic = Evil + new string('y', 5000),
                    RemoteHost = Evil,
                    OriginalRecipient = "rfc822;" + Evil,
                }
            ) with
            {
                EnvelopeId = Evil,
            }
        );
        var text = Encoding.UTF8.GetString(bytes);
        Assert.DoesNotContain("\nBcc:", text, StringComparison.Ordinal);
        Assert.All(
            text.Split("\r\n"),
            line => Assert.True(line.Length <= 998 && !line.AsSpan().ContainsAny('\r', '\n'))
        );
        Assert.Equal(3, Parts(Load(bytes)).Count);
    }

    private static DeliveryReport Report(ReportedRecipient recipient) =>
        new()
        {
            ReportingHost = "mx.our.test",
            To = EmailAddress.Parse("ann@our.test"),
            Id = TraceId.Create(Now, new Random(1)),
            Now = Now,
            Arrival = Now - TimeSpan.FromHours(1),
            EnvelopeId = "an id",
            Recipients = [recipient],
            Original = "Subject: x\r\n"u8.ToArray(),
        };

    private static MimeMessage Read(DeliveryReport report) => Load(ReportWriter.Write(report));

    private static MimeMessage Load(byte[] bytes)
    {
        using var stream = new MemoryStream(bytes);
        return MimeMessage.Load(stream, TestContext.Current.CancellationToken);
    }

    private static MultipartReport Parts(MimeMessage message) => Assert.IsType<MultipartReport>(message.Body);
}
