using System.Text;
using Postreiter.Storage.Learning;
using Xunit;

namespace Postreiter.Testing.StoreContract;

public abstract partial class StoreContractTests
{
    private const long Server = ILearningStore.Server;

    private static MailToLearn Mail(
        string name,
        bool? isSpam,
        string tokens = "aaaaa",
        string? other = null,
        bool relearns = true
    ) => new(name, other, isSpam, relearns, Encoding.ASCII.GetBytes(tokens), 77);

    private async Task<bool> LearnAsync(MailToLearn mail, long place = Server) =>
        (await Store.Learning.LearnAsync(place, [mail], Ct)).Single();

    private async Task<List<LearnedName>> NamesAsync(long place = Server)
    {
        var names = new List<LearnedName>();
        await foreach (var name in Store.Learning.ListAsync(place, Ct))
            names.Add(name);
        return names;
    }

    [Fact]
    public async Task A_mail_counts_once_and_moves_when_it_is_learned_as_the_other()
    {
        var reader = new LearnedLog();
        Assert.Equal(default, await Store.Learning.ReadAsync(Server, default, reader, Ct));
        Assert.False(await LearnAsync(Mail("a", null)));
        Assert.Equal(
            [true, false, true],
            await Store.Learning.LearnAsync(Server, [Mail("a", true), Mail("a", true), Mail("b", false)], Ct)
        );
        Assert.False(await LearnAsync(Mail("a", false, relearns: false)));
        Assert.True(await LearnAsync(Mail("a", false, "bbbbb")));
        Assert.Equal([new LearnedName("a", false), new("b", false)], await NamesAsync());
        Assert.True(await LearnAsync(Mail("a", null)));
        Assert.False(await LearnAsync(Mail("a", null)));
        Assert.Equal([new LearnedName("b", false)], await NamesAsync());

        var version = await Store.Learning.ReadAsync(Server, default, reader, Ct);
        Assert.Equal(
            ["start 0 0", "1 0 77 aaaaa", "0 1 77 aaaaa", "-1 0 0 bbbbb", "0 1 77 bbbbb", "0 -1 0 aaaaa"],
            reader.Take()
        );
        Assert.Equal(version, await Store.Learning.ReadAsync(Server, version, reader, Ct));
        Assert.Empty(reader.Take());
        Assert.True(await LearnAsync(Mail("c", true, "ccccc")));
        await Store.Learning.ReadAsync(Server, version, reader, Ct);
        Assert.Equal(["1 0 77 ccccc"], reader.Take());
        Assert.Empty((await Store.CheckAsync(null, Ct)).Problems);
    }

    [Fact]
    public async Task A_mail_is_known_by_its_other_name_too()
    {
        Assert.True(
            await Store.Learning.ReplaceAsync(Server, new LearnedCounts(1, 0, default, null), [new("id@far", true)], Ct)
        );
        Assert.False(await LearnAsync(Mail("a", true, other: "id@far")));
        Assert.True(await LearnAsync(Mail("a", false, other: "id@far")));
        Assert.Equal([new LearnedName("a", false)], await NamesAsync());
    }

    [Fact]
    public async Task Every_account_learns_by_itself_and_takes_it_along()
    {
        var (ann, _) = await AddAnnAsync();
        Assert.True(await LearnAsync(Mail("a", true), ann.Id));
        Assert.True(await LearnAsync(Mail("a", false)));
        Assert.False(await LearnAsync(Mail("a", true), ann.Id + 1000));
        Assert.Equal([new LearnedName("a", true)], await NamesAsync(ann.Id));
        Assert.Equal([new LearnedName("a", false)], await NamesAsync());
        Assert.Empty((await Store.CheckAsync(null, Ct)).Problems);
        var reader = new LearnedLog();
        var version = await Store.Learning.ReadAsync(ann.Id, default, reader, Ct);
        Assert.Equal(["start 0 0", "1 0 77 aaaaa"], reader.Take());
        Assert.True(await Store.Directory.RemoveAccountAsync(Ann, Ct));
        Assert.Equal(default, await Store.Learning.ReadAsync(ann.Id, version, reader, Ct));
        Assert.Equal(["start 0 0"], reader.Take());
        Assert.Empty(await NamesAsync(ann.Id));
        Assert.False(await Store.Learning.ReplaceAsync(ann.Id, default, [], Ct));
        Assert.Empty((await Store.CheckAsync(null, Ct)).Problems);
    }

    [Fact]
    public async Task Pages_take_the_place_of_the_changes_that_are_in_them()
    {
        var reader = new LearnedLog();
        await LearnAsync(Mail("a", true));
        var first = await Store.Learning.ReadAsync(Server, default, reader, Ct);
        await LearnAsync(Mail("b", true, "bbbbb"));
        var second = await Store.Learning.ReadAsync(Server, first, reader, Ct);
        await LearnAsync(Mail("c", false, "ccccc"));
        reader.Take();

        var counts = new LearnedCounts(
            2,
            0,
            new LearnedExpiry(5, 6, 7),
            [new(7, "seven"u8.ToArray()), new(9, "nine"u8.ToArray())]
        );
        var third = await Store.Learning.CompactAsync(Server, second, counts, isNew: false, Ct);
        Assert.Equal(second, third);
        // Who knew what is in the pages needs the rest alone; who did not reads all.
        var last = await Store.Learning.ReadAsync(Server, second, reader, Ct);
        Assert.Equal(["0 1 77 ccccc"], reader.Take());
        Assert.Equal(last, await Store.Learning.ReadAsync(Server, first, reader, Ct));
        Assert.Equal(
            ["start 2 0 LearnedExpiry { At = 5, Age = 6, Removed = 7 }", "page 7 seven", "page 9 nine", "0 1 77 ccccc"],
            reader.Take()
        );
        // An older state does not come back.
        Assert.Null(await Store.Learning.CompactAsync(Server, first, default, isNew: false, Ct));

        var fourth = await Store.Learning.CompactAsync(
            Server,
            last,
            new LearnedCounts(2, 1, default, null),
            isNew: true,
            Ct
        );
        Assert.NotNull(fourth);
        Assert.Equal(fourth, await Store.Learning.ReadAsync(Server, last, reader, Ct));
        Assert.Equal(["start 2 1"], reader.Take());
        Assert.Null(await Store.Learning.CompactAsync(Server, last, default, isNew: false, Ct));
        Assert.Empty((await Store.CheckAsync(null, Ct)).Problems);
    }

    [Fact]
    public async Task What_was_learned_elsewhere_takes_the_place_of_all()
    {
        await LearnAsync(Mail("a", true));
        var reader = new LearnedLog();
        var version = await Store.Learning.ReadAsync(Server, default, reader, Ct);
        reader.Take();
        var counts = new LearnedCounts(300, 200, default, [new(1, "one"u8.ToArray())]);
        Assert.True(
            await Store.Learning.ReplaceAsync(Server, counts, [new("x", true), new("b", false), new("x", false)], Ct)
        );
        Assert.Equal([new LearnedName("b", false), new("x", false)], await NamesAsync());
        var next = await Store.Learning.ReadAsync(Server, version, reader, Ct);
        Assert.NotEqual(version, next);
        Assert.Equal(["start 300 200", "page 1 one"], reader.Take());
        Assert.Null(await Store.Learning.CompactAsync(Server, version, default, isNew: false, Ct));
        Assert.True(await LearnAsync(Mail("c", true)));
        await Store.Learning.ReadAsync(Server, next, reader, Ct);
        Assert.Equal(["1 0 77 aaaaa"], reader.Take());
    }

    [Fact]
    public async Task Many_names_come_in_their_order()
    {
        var names = Enumerable
            .Range(0, 2500)
            .Select(i => new LearnedName($"{i * 7 % 2500:d4}@far", i % 2 == 0))
            .ToList();
        Assert.True(await Store.Learning.ReplaceAsync(Server, default, names, Ct));
        Assert.Equal(names.OrderBy(static n => n.Name, StringComparer.Ordinal), await NamesAsync());
    }

    /// <summary>A reader that notes what it is told.</summary>
    private sealed class LearnedLog : ILearnedReader
    {
        private List<string> _lines = [];

        public List<string> Take() => Interlocked.Exchange(ref _lines, []);

        public void Start(LearnedCounts counts) =>
            _lines.Add($"start {counts.Spam} {counts.Ham}{(counts.Expiry == default ? "" : " " + counts.Expiry)}");

        public void Page(LearnedPage page) =>
            _lines.Add($"page {page.Number} {Encoding.ASCII.GetString(page.Tokens.Span)}");

        public void Change(LearnedChange change) =>
            _lines.Add($"{change.Spam} {change.Ham} {change.Time} {Encoding.ASCII.GetString(change.Tokens.Span)}");
    }
}
