using System.Text;
using Postreiter.Storage.Mail;
using Postreiter.Transfer;

namespace Postreiter.Tests.Transfer;

public sealed class MboxFormatTests
{
    private static readonly DateTimeOffset Date = new(2026, 3, 1, 12, 30, 15, TimeSpan.Zero);

    [Theory]
    [InlineData("Subject: a\r\n\r\nbody\r\n")]
    [InlineData("Subject: a\r\n\r\nFrom here\r\n>From there\r\n\r\nFrom after an empty line\r\n")]
    [InlineData("Subject: a\r\n\r\nends empty\r\n\r\n")]
    [InlineData("Subject: a\r\n\r\n")]
    public async Task What_is_written_reads_back(string message)
    {
        using var file = new MemoryStream();
        foreach (var _ in Enumerable.Range(0, 3))
            await MboxFormat.WriteAsync(file, Encoding.UTF8.GetBytes(message), Date, SystemFlags.None, Ct);
        var read = await ReadAsync(file.ToArray());
        Assert.Equal(3, read.Count);
        Assert.All(read, m => Assert.Equal(message, Encoding.UTF8.GetString(m.Bytes!)));
        Assert.All(read, m => Assert.Equal(Date, m.Date));
    }

    [Fact]
    public async Task Flags_are_kept()
    {
        const SystemFlags flags = SystemFlags.Seen | SystemFlags.Flagged | SystemFlags.Answered;
        using var file = new MemoryStream();
        await MboxFormat.WriteAsync(file, "Subject: a\r\n\r\nb\r\n"u8.ToArray(), Date, flags, Ct);
        Assert.Equal(flags, Assert.Single(await ReadAsync(file.ToArray())).Flags);
    }

    [Fact]
    public async Task Fields_of_other_programs_give_flags_and_are_taken_out_ours_first()
    {
        var read = await ReadAsync(
            "From a Sun Mar 1 12:30:15 2026\nStatus: O\nSubject: a\nSTATUS: RO\nX-Status: F\nX-Status-Code: 1\n\nStatus: R\n"u8.ToArray()
        );
        var message = Assert.Single(read);
        Assert.Equal(SystemFlags.Flagged, message.Flags);
        Assert.Equal("Subject: a\r\nX-Status-Code: 1\r\n\r\nStatus: R\r\n", Encoding.ASCII.GetString(message.Bytes!));
    }

    [Theory]
    [InlineData("From here on it is text", false)]
    [InlineData("From: a field", false)]
    [InlineData("From ann@a.test Sun Mar  1 12:30:15 2026", true)]
    [InlineData("From ann@a.test Sun Mar 1 12:30:15 +0100 2026", true)]
    [InlineData("From - Sun Mar 01 12:30:15 2026", true)]
    [InlineData("From ???@??? Sun Mar 01 12:30 2026", true)]
    public async Task A_separator_ends_with_a_time(string line, bool isSeparator)
    {
        var read = await ReadAsync(
            Encoding.ASCII.GetBytes($"From a b\nSubject: 1\n\none\n\n{line}\nSubject: 2\n\ntwo\n")
        );
        Assert.Equal(isSeparator ? 2 : 1, read.Count);
    }

    [Fact]
    public async Task P8_eight_bits_NULs_and_lines_longer_than_any_buffer_come_through()
    {
        // Where a piece ends is not the start of a line, whatever stands there.
        var endless = new string('x', 1024 * 1024) + ">From here";
        byte[] message =
        [
            .. Encoding.Latin1.GetBytes("Subject: \u00E9\u0000\u00FF\r\n\r\n"),
            .. Encoding.Latin1.GetBytes($"{endless}\r\n\r\n>From quoted\r\n"),
        ];
        using var file = new MemoryStream();
        await MboxFormat.WriteAsync(file, message, Date, SystemFlags.None, Ct);
        var read = Assert.Single(await ReadAsync(file.ToArray(), 10_000_000));
        Assert.Equal(message, read.Bytes);
    }

    [Fact]
    public async Task An_mbox_with_CRLF_reads_as_one_with_LF()
    {
        const string text = "From a 12:30\nSubject: 1\n\none\n\nFrom b 12:31\nSubject: 2\n\ntwo\n\n";
        var unix = await ReadAsync(Encoding.ASCII.GetBytes(text));
        var dos = await ReadAsync(Encoding.ASCII.GetBytes(text.ReplaceLineEndings("\r\n")));
        Assert.Equal(2, dos.Count);
        Assert.Equal(unix.Select(m => m.Bytes), dos.Select(m => m.Bytes));
    }

    [Fact]
    public async Task The_cut_of_the_file_does_not_matter()
    {
        var file = Encoding.ASCII.GetBytes(
            "From a@b Sun Mar  1 12:30:15 2026\nSubject: 1\n\none\n\nFrom a@b Sun Mar 1 12:30:15 2026\nSubject: 2\n\ntwo\n"
        );
        var whole = await ReadAsync(file);
        Assert.Equal(2, whole.Count);
        Assert.Equal("Subject: 1\r\n\r\none\r\n", Encoding.ASCII.GetString(whole[0].Bytes!));
        Assert.Equal("Subject: 2\r\n\r\ntwo\r\n", Encoding.ASCII.GetString(whole[1].Bytes!));
        await using var slow = new OneByteStream(file);
        var cut = await MboxFormat.ReadAsync(slow, 1000, Ct).ToListAsync(Ct);
        Assert.Equal(whole.Select(m => m.Bytes), cut.Select(m => m.Bytes));
    }

    [Fact]
    public async Task L32_a_message_too_large_is_skipped_and_named_and_the_others_stay()
    {
        var read = await ReadAsync(
            Encoding.ASCII.GetBytes(
                $"From a b\nSubject: 1\n\n{new string('x', 2000)}\n\nFrom a 12:30\nSubject: 2\n\ntwo\n"
            ),
            1000
        );
        Assert.Equal("message 1", read[0].Source);
        Assert.NotNull(read[0].Skipped);
        Assert.Null(read[1].Skipped);
    }

    [Fact]
    public async Task A_file_that_is_no_mbox_is_reported() =>
        Assert.NotNull(Assert.Single(await ReadAsync("Subject: x\n\nhello\n"u8.ToArray())).Skipped);

    [Theory]
    [InlineData("a\nb\n", "a\r\nb\r\n")]
    [InlineData("a\r\nb", "a\r\nb\r\n")]
    [InlineData("a\rb\r\n", "a\r\nb\r\n")]
    [InlineData("a\n\r\nb\r\n", "a\r\n\r\nb\r\n")]
    [InlineData("a\r\nb\r\n", "a\r\nb\r\n")]
    [InlineData("", "")]
    public void Line_ends_become_those_of_the_wire(string given, string wire) =>
        Assert.Equal(wire, Encoding.ASCII.GetString(LineEnds.ToCrLf(Encoding.ASCII.GetBytes(given))));

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    private static async Task<List<ImportedMessage>> ReadAsync(byte[] file, long most = 1_000_000)
    {
        using var stream = new MemoryStream(file);
        return await MboxFormat.ReadAsync(stream, most, Ct).ToListAsync(Ct);
    }

    private sealed class OneByteStream(byte[] bytes) : MemoryStream(bytes)
    {
        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) =>
            base.ReadAsync(buffer[..Math.Min(1, buffer.Length)], cancellationToken);
    }
}
