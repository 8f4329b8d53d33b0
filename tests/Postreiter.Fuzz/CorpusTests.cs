using System.Diagnostics.CodeAnalysis;

namespace Postreiter.Fuzz;

/// <summary>Every target over its corpus: each file, cut at every length, and with bytes changed from a fixed seed.</summary>
public sealed class CorpusTests
{
    private const int Changes = 300;
    private const int MostCuts = 2000;

    public static TheoryData<string> Names => [.. Targets.Names];

    [Theory, MemberData(nameof(Names))]
    public void Has_a_corpus(string target) => Assert.NotEmpty(Files(target));

    [Theory, MemberData(nameof(Names))]
    public void Takes_its_corpus_whole_and_cut_anywhere(string target)
    {
        var run = Targets.Find(target);
        Assert.NotNull(run);
        foreach (var file in Files(target))
        {
            var bytes = File.ReadAllBytes(file);
            Try(run, bytes, file);
            for (var cut = 0; cut < Math.Min(bytes.Length, MostCuts); cut++)
                Try(run, bytes[..cut], $"{file} cut at {cut}");
        }
    }

    [Theory, MemberData(nameof(Names))]
    [SuppressMessage("Security", "CA5394", Justification = "The same changes every time are the point.")]
    public void Takes_its_corpus_with_bytes_changed(string target)
    {
        var run = Targets.Find(target);
        Assert.NotNull(run);
        foreach (var file in Files(target))
        {
            var random = new Random(20260101);
            var bytes = File.ReadAllBytes(file);
            for (var round = 0; round < Changes; round++)
            {
                var changed = bytes.ToArray();
                for (var i = random.Next(1, 5); i > 0 && changed.Length > 0; i--)
                    changed[random.Next(changed.Length)] = Pick(random);
                Try(run, changed, $"{file} change {round}");
                // The same piece twice: lists that grow, lines that join.
                var at = random.Next(changed.Length + 1);
                Try(run, [.. changed[..at], .. changed], $"{file} change {round} doubled");
            }
        }
    }

    [Fact]
    public void No_corpus_is_without_a_target()
    {
        var folders = Directory.GetDirectories(Root).Select(Path.GetFileName);
        Assert.Empty(folders.Except(Targets.Names));
    }

    private static string Root => Path.Combine(AppContext.BaseDirectory, "corpus");

    private static string[] Files(string target)
    {
        var folder = Path.Combine(Root, target);
        return Directory.Exists(folder) ? [.. Directory.GetFiles(folder).Order(StringComparer.Ordinal)] : [];
    }

    [SuppressMessage("Security", "CA5394", Justification = "The same changes every time are the point.")]
    private static byte Pick(Random random)
    {
        var special = "\0\r\n .\"\\@<>()[]{}:;,=*%+-0129\x7F"u8;
        return random.Next(2) == 0 ? special[random.Next(special.Length)] : (byte)random.Next(256);
    }

    private static void Try(Action<byte[]> run, byte[] input, string what)
    {
        var fault = Record.Exception(() => run(input));
        Assert.True(
            fault is null,
            $"{what}: {Convert.ToHexString(input.AsSpan(0, Math.Min(input.Length, 500)))}\n{fault}"
        );
    }
}
