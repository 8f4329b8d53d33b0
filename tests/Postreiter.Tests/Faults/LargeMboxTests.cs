using System.Globalization;
using System.Text;
using Postreiter.Transfer;

namespace Postreiter.Tests.Faults;

/// <summary>An mbox of 2 GiB takes the memory of one mail. It is alone: the heap is the whole process's, and the rules of other tests fill it too.</summary>
[CollectionDefinition(nameof(LargeMboxTests), DisableParallelization = true)]
[Collection(nameof(LargeMboxTests))]
public sealed class LargeMboxTests
{
    private const long MaxMail = 1024 * 1024;
    private const int SmallMails = 60_000;
    private const long HugeMail = 3L << 29;

    [Fact]
    public async Task An_mbox_of_2_GiB_is_read_in_bounded_memory()
    {
        var sources = new MailSources([("-", "-")], static () => new EndlessBox(), MaxMail);
        var (mails, skipped, most) = (0, new List<string>(), 0L);
        var before = GC.GetTotalMemory(forceFullCollection: true);
        await foreach (var mail in sources.ReadAsync(TestContext.Current.CancellationToken))
        {
            if (mail.Skipped is not null)
                skipped.Add($"{mail.Source}: {mail.Skipped}");
            else if (++mails % 5000 == 0)
                most = Math.Max(most, GC.GetTotalMemory(forceFullCollection: true) - before);
        }

        Assert.Equal(SmallMails, mails);
        // The one that is larger than all the others together is named.
        Assert.Equal(["-#30001: it is larger than smtp.max_message_size"], skipped);
        Assert.InRange(most, 0, 32 * MaxMail);
    }

    /// <summary>Half of the small mails, the huge one without a line end for long, the other half; made as it is read.</summary>
    private sealed class EndlessBox : Stream
    {
        private static readonly byte[] Body = Encoding.ASCII.GetBytes(
            string.Concat(Enumerable.Repeat("Some words of a line that is about as long as lines are.\n", 180)) + "\n"
        );

        private static readonly byte[] Filling = Encoding.ASCII.GetBytes(new string('x', 1 << 20));

        private readonly IEnumerator<byte[]> _pieces = Pieces().GetEnumerator();
        private byte[] _piece = [];
        private int _at;

        public override bool CanRead => true;

        public override bool CanSeek => false;

        public override bool CanWrite => false;

        public override long Length => throw new NotSupportedException();

        public override long Position
        {
            get => throw new NotSupportedException();
            set => throw new NotSupportedException();
        }

        public override int Read(byte[] buffer, int offset, int count)
        {
            while (_at == _piece.Length)
            {
                if (!_pieces.MoveNext())
                    return 0;
                (_piece, _at) = (_pieces.Current, 0);
            }

            var length = Math.Min(count, _piece.Length - _at);
            _piece.AsSpan(_at, length).CopyTo(buffer.AsSpan(offset));
            _at += length;
            return length;
        }

        public override void Flush() { }

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        protected override void Dispose(bool disposing)
        {
            _pieces.Dispose();
            base.Dispose(disposing);
        }

        private static IEnumerable<byte[]> Pieces()
        {
            for (var i = 0; i < SmallMails; i++)
            {
                if (i == SmallMails / 2)
                {
                    yield return Head("huge");
                    for (var octets = 0L; octets < HugeMail; octets += Filling.Length)
                        yield return Filling;
                    yield return "\n\n"u8.ToArray();
                }

                yield return Head(i.ToString(CultureInfo.InvariantCulture));
                yield return Body;
            }
        }

        private static byte[] Head(string subject) =>
            Encoding.ASCII.GetBytes($"From a Mon Feb  2 12:00:00 2026\nSubject: {subject}\n\n");
    }
}
