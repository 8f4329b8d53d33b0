using System.Buffers;
using System.Text;
using Postreiter.Core;
using Postreiter.Spam.Results;
using Postreiter.Spam.Spamd.Syntax;

namespace Postreiter.Fuzz;

/// <summary>The spamd protocol, and mails that marks are put into.</summary>
internal static class SpamdTargets
{
    private static readonly MarkContext Context = new() { HostName = "mx.our.example", Now = DateTimeOffset.UnixEpoch };

    /// <summary>In any cut the same request, and an answer that is one line of printable ASCII where it is none.</summary>
    public static void Request(byte[] input)
    {
        var (whole, cut) = (new SpamdRequestReader(), new SpamdRequestReader());
        var reader = new SequenceReader<byte>(new ReadOnlySequence<byte>(input));
        var status = whole.Read(ref reader);
        var (pieces, taken) = (ParseStatus.NeedMoreData, 0);
        for (var end = 1; end <= input.Length && pieces == ParseStatus.NeedMoreData; end++)
        {
            var part = new SequenceReader<byte>(new ReadOnlySequence<byte>(input, taken, end - taken));
            pieces = cut.Read(ref part);
            taken += (int)part.Consumed;
        }

        Require(pieces == status && cut.Request == whole.Request && cut.Error == whole.Error);
        Require(
            status != ParseStatus.Complete
                || (taken == reader.Consumed && whole.Request is { ContentLength: null or >= 0 })
        );
        Require(whole.Error.Length < 200 && !whole.Error.AsSpan().ContainsAnyExceptInRange(' ', '~'));
    }

    /// <summary>A marked mail ends as the mail did, and its marks stand in front once.</summary>
    public static void Mails(byte[] input)
    {
        var settings = new MarkSettings();
        Require(MarkDirectives.TryApply(ref settings, "add_header", "all Status _YESNO_, tests=_TESTS_ _PREVIEW_"));
        Require(MarkDirectives.TryApply(ref settings, "rewrite_header", "Subject [SPAM]"));
        for (var safe = 0; safe <= 2; safe++)
        {
            Require(MarkDirectives.TryApply(ref settings, "report_safe", $"{safe}"));
            var verdict = new SpamVerdict
            {
                Points = 7.05,
                Required = 5,
                Hits = [new("RULE", 7.05, "BODY: ", Encoding.Latin1.GetString(input))],
                Body = [default, Encoding.Latin1.GetString(input).AsMemory()],
            };
            var marker = new MailMarker(verdict, settings, Context);
            var output = new ArrayBufferWriter<byte>();
            marker.Rewrite(input, output, new Random(1));
            Require(output.WrittenSpan.IndexOf("X-Spam-Status: Yes, tests=RULE "u8) >= 0);
            Require(!marker.AddedFields().AsSpan().ContainsAnyExceptInRange('\t', '~'));
            // No line of a value begins a field.
            Require(
                marker
                    .AddedFields()
                    .Split('\n')
                    .SkipLast(1)
                    .All(l => l is ['\t', ..] || l.StartsWith("X-Spam-", StringComparison.Ordinal))
            );
        }
    }

    private static void Require(bool holds)
    {
        if (!holds)
            throw new InvalidOperationException("A promise of the parser does not hold for this input");
    }
}
