using System.Text;

namespace Postreiter.Messages.Tests;

public sealed class MessageScannerTests
{
    internal static MessageFacts Scan(byte[] message, int cut = int.MaxValue)
    {
        var scanner = MessageScanner.Create();
        for (var i = 0; i < message.Length; )
        {
            var length = Math.Min(cut, message.Length - i);
            scanner.Append(message.AsSpan(i, length));
            i += length;
        }

        return scanner.Complete();
    }

    private static byte[] Wire(string text) => Encoding.UTF8.GetBytes(text.ReplaceLineEndings("\r\n"));

    private static string Body(byte[] message, MimePart part) =>
        Encoding.UTF8.GetString(message.AsSpan((int)part.BodyOffset, (int)part.BodyLength));

    private static readonly byte[] Mixed = Wire(
        """
        From: "Ann \"A.\" Hall" <ann@example.org>, (a comment) Bob <bob@example.org>
        To: friends: carl@example.org, "d d"@example.org;, eve@example.org (Eve)
        Subject: =?utf-8?Q?Gr=C3=BC=C3=9Fe?=
         folded
        Message-ID: <1@example.org>
        Content-Type: multipart/mixed;
         boundary="a b" (comment)

        preamble
        --a b
        Content-Type: text/plain; charset=utf-8; name*=utf-8''m%C3%BCnchen.txt

        one
        two
        --a b  
        Content-Type: message/rfc822
        Content-Description: inside

        Subject: inner
        Content-Type: multipart/alternative; boundary=in

        --in

        x
        --in--
        after
        --a b
        Content-Disposition: attachment; filename*0="long "; filename*1="name.bin"
        Content-Transfer-Encoding: BASE64
        Content-Type: application/octet-stream

        AAAA

        --a b--
        epilogue
        --a b
        not a part

        """
    );

    [Fact]
    public void The_tree_of_a_multipart_has_its_bytes()
    {
        var facts = Scan(Mixed);
        var root = facts.Root;
        Assert.Equal(("multipart", "mixed"), (root.Type, root.Subtype));
        Assert.Equal(3, root.Parts.Count);
        Assert.Equal("one\r\ntwo", Body(Mixed, root.Parts[0]));
        Assert.Equal(1, root.Parts[0].BodyLines);
        Assert.Contains(root.Parts[0].Parameters, p => p is { Key: "name", Value: "münchen.txt" });

        var inner = root.Parts[1].Message!;
        Assert.Equal("inside", root.Parts[1].Description);
        Assert.Equal("inner", inner.Envelope!.Subject);
        Assert.Equal("x", Body(Mixed, Assert.Single(inner.Parts)));

        var file = root.Parts[2];
        Assert.Equal(("base64", "attachment"), (file.Encoding, file.Disposition));
        Assert.Equal("long name.bin", Assert.Single(file.DispositionParameters).Value);
        Assert.Equal("AAAA\r\n", Body(Mixed, file));
        Assert.Equal(Mixed.Length, facts.Length);
        Assert.Equal(root.BodyOffset, facts.HeaderLength);
    }

    [Fact]
    public void The_envelope_follows_RFC_9051()
    {
        var envelope = Scan(Mixed).Root.Envelope!;
        Assert.Equal("=?utf-8?Q?Gr=C3=BC=C3=9Fe?= folded", envelope.Subject);
        Assert.Equal("<1@example.org>", envelope.MessageId);
        Assert.Equal([new("Ann \"A.\" Hall", "ann", "example.org"), new("Bob", "bob", "example.org")], envelope.From);
        Assert.Equal(envelope.From, envelope.Sender);
        Assert.Equal(
            [
                new(null, "friends", null),
                new(null, "carl", "example.org"),
                new(null, "d d", "example.org"),
                new(null, null, null),
                new("Eve", "eve", "example.org"),
            ],
            envelope.To
        );
    }

    [Theory]
    [InlineData("MAILER-DAEMON <>", "MAILER-DAEMON", "", "")]
    [InlineData("\"Mail Delivery\" < >", "Mail Delivery", "", "")]
    [InlineData("MAILER-DAEMON", null, "MAILER-DAEMON", "")]
    public void A_sender_without_an_address_keeps_its_name(string from, string? name, string mailbox, string host)
    {
        // Many servers sign their bounces like this; without the name a client would show nobody at all.
        var envelope = Scan(Encoding.ASCII.GetBytes($"From: {from}\r\n\r\n")).Root.Envelope!;
        Assert.Equal([new(name, mailbox, host)], envelope.From);
    }

    [Fact]
    public void Any_cut_gives_the_same_structure()
    {
        var whole = Scan(Mixed).Structure.ToArray();
        for (var cut = 1; cut < 200; cut++)
            Assert.Equal(whole, Scan(Mixed, cut).Structure.ToArray());
        for (var at = 1; at < Mixed.Length; at++)
        {
            var scanner = MessageScanner.Create();
            scanner.Append(Mixed.AsSpan(0, at));
            scanner.Append(Mixed.AsSpan(at));
            Assert.Equal(whole, scanner.Complete().Structure.ToArray());
        }
    }

    [Fact]
    public void A_message_cut_off_anywhere_is_still_described()
    {
        for (var length = 0; length <= Mixed.Length; length++)
        {
            var facts = Scan(Mixed[..length]);
            Assert.Equal(length, facts.Length);
            var read = MessageStructure.Read(facts.Structure);
            Assert.Equal(facts.Structure.ToArray(), MessageStructure.Write(read).ToArray());
            AssertInside(facts.Root, length);
        }
    }

    private static void AssertInside(MimePart part, long end)
    {
        Assert.True(part.HeaderOffset <= part.BodyOffset && part.BodyOffset + part.BodyLength <= end);
        foreach (var child in part.Parts)
            AssertInside(child, part.BodyOffset + part.BodyLength);
        if (part.Message is { } message)
            AssertInside(message, part.BodyOffset + part.BodyLength);
    }

    [Fact]
    public void A_plain_message_has_its_lines_counted()
    {
        var message = Wire("Subject: x\n\na\nb\n\nc");
        var root = Scan(message).Root;
        Assert.Equal("a\r\nb\r\n\r\nc", Body(message, root));
        Assert.Equal(3, root.BodyLines);
        Assert.Equal(("text", "plain"), (root.Type, root.Subtype));
    }

    [Theory]
    [InlineData("")]
    [InlineData("\r\n")]
    [InlineData("\n")]
    [InlineData("Subject")]
    [InlineData("Content-Type: multipart/mixed\r\n\r\n--\r\n----\r\n")]
    [InlineData("Content-Type: multipart/mixed; boundary=\"\"\r\n\r\n--\r\n")]
    [InlineData("Content-Type: ;;;===\"\r\n\r\nx")]
    [InlineData("Content-Type: message/rfc822\r\n\r\n")]
    [InlineData("From: <<<>>>,,,:;:;\"\\\r\n\r\n")]
    [InlineData("Content-Type: multipart/mixed; boundary=b\r\n--b\r\n\r\n--b--")]
    public void Odd_messages_are_described_too(string text)
    {
        var message = Encoding.UTF8.GetBytes(text);
        var facts = Scan(message);
        Assert.Equal(message.Length, facts.Length);
        AssertInside(facts.Root, message.Length);
    }

    [Fact]
    public void L14_depth_and_number_of_parts_are_bounded()
    {
        var deep = new StringBuilder();
        for (var i = 0; i < 500; i++)
            deep.Append("Content-Type: multipart/mixed; boundary=b")
                .Append(i)
                .Append("\r\n\r\n--b")
                .Append(i)
                .Append("\r\n");
        var root = Scan(Encoding.ASCII.GetBytes(deep.ToString())).Root;
        var depth = 0;
        for (var part = root; part is not null; part = part.Parts.Count > 0 ? part.Parts[0] : null)
            depth++;
        Assert.InRange(depth, 90, 102);

        var wide =
            "Content-Type: multipart/mixed; boundary=b\r\n\r\n"
            + string.Concat(Enumerable.Repeat("--b\r\n\r\nx\r\n", 20_000));
        var parts = Scan(Encoding.ASCII.GetBytes(wide)).Root.Parts;
        Assert.InRange(parts.Count, 10_000, 10_001);
        Assert.Equal("octet-stream", parts[^1].Subtype);
    }

    [Fact]
    public void L15_parameters_and_addresses_are_bounded_and_the_rest_is_passed_over()
    {
        var parameters = string.Concat(Enumerable.Range(0, 200).Select(i => $"; p{i}=x"));
        var pieces = string.Concat(Enumerable.Range(0, 200).Select(i => $"; filename*{i}=x"));
        var addresses = string.Join(",", Enumerable.Range(0, 6000).Select(i => $"a{i}@b.c"));
        var text =
            $"Content-Type: text/plain{parameters}\r\nContent-Disposition: attachment{pieces}\r\n"
            + $"From: {addresses}\r\nTo: {addresses}\r\nCc: d@e.f\r\nSubject: still there\r\n\r\nbody";
        var root = Scan(Encoding.ASCII.GetBytes(text)).Root;
        Assert.Equal(128, root.Parameters.Count);
        Assert.Equal(new string('x', 128), Assert.Single(root.DispositionParameters).Value);
        Assert.Equal(6000, root.Envelope!.From.Count);
        Assert.Equal(4000, root.Envelope.To.Count);
        Assert.Empty(root.Envelope.Cc);
        Assert.Equal("still there", root.Envelope.Subject);
        Assert.Equal(4, root.BodyLength);
    }

    [Fact]
    public void L4_a_header_too_large_is_told()
    {
        Assert.True(TooLarge("X: " + new string('x', 70 * 1024) + "\r\n\r\n"));
        Assert.True(TooLarge(string.Concat(Enumerable.Repeat("X: y\r\n", 1001)) + "\r\n"));
        Assert.True(TooLarge(string.Concat(Enumerable.Repeat("X: " + new string('x', 1000) + "\r\n", 300)) + "\r\n"));
        Assert.False(
            TooLarge(string.Concat(Enumerable.Repeat("X: y\r\n", 1000)) + "\r\n" + new string('x', 1024 * 1024))
        );

        static bool TooLarge(string text)
        {
            var scanner = MessageScanner.Create();
            scanner.Append(Encoding.ASCII.GetBytes(text));
            scanner.Complete();
            return scanner.IsHeaderTooLarge;
        }
    }

    [Fact]
    public void A_damaged_structure_is_a_format_error_and_no_more()
    {
        var structure = Scan(Mixed).Structure.ToArray();
        var random = new Random(1);
        for (var i = 0; i < 2000; i++)
        {
            var damaged = structure[..random.Next(structure.Length + 1)];
            if (damaged.Length > 0)
                damaged[random.Next(damaged.Length)] ^= (byte)random.Next(1, 256);
            try
            {
                MessageStructure.Read(damaged);
            }
            catch (FormatException e)
            {
                Assert.Contains("structure", e.Message, StringComparison.Ordinal);
            }
        }
    }
}
