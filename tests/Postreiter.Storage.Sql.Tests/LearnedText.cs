using System.Text;
using Postreiter.Storage.Learning;

namespace Postreiter.Storage.Sql.Tests;

/// <summary>What was learned in one place, as text that can be compared.</summary>
internal sealed class LearnedText : ILearnedReader
{
    private readonly StringBuilder _text = new();

    /// <summary>Nothing is written of a place where nothing was learned.</summary>
    public static async Task AppendAsync(StringBuilder text, ILearningStore store, long place)
    {
        var reader = new LearnedText();
        var version = await store.ReadAsync(place, default, reader, default);
        if (version == default)
            return;
        text.Append($"learned at {place}: {version}\n{reader._text}");
        await foreach (var mail in store.ListAsync(place, default))
            text.Append($"  mail {mail}\n");
    }

    public void Start(LearnedCounts counts) => _text.Append($"  {counts.Spam} spam {counts.Ham} ham {counts.Expiry}\n");

    public void Page(LearnedPage page) =>
        _text.Append($"  page {page.Number} {Convert.ToHexStringLower(page.Tokens.Span)}\n");

    public void Change(LearnedChange change) =>
        _text.Append($"  {change.Spam} {change.Ham} {change.Time} {Convert.ToHexStringLower(change.Tokens.Span)}\n");
}
