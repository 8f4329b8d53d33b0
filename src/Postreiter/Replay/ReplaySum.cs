using System.Globalization;
using System.Text.Json.Nodes;

namespace Postreiter.Replay;

/// <summary>Counts what a replay finds.</summary>
internal sealed class ReplaySum
{
    // [then spam, now spam, in Junk]
    private readonly int[,,] _counts = new int[2, 2, 2];

    /// <summary>Mails that were judged then and now.</summary>
    public int Judged { get; private set; }

    /// <summary>Mails of which nothing was said when they came in: from the users' own programs, imported, or not scanned.</summary>
    public int Unjudged { get; set; }

    /// <summary>Mails that could not be read.</summary>
    public int Skipped { get; set; }

    /// <summary>Counts one.</summary>
    public void Add(VerdictChange change)
    {
        Judged++;
        (NewlyJunk, NewlyWanted) = (
            NewlyJunk + (change is { IsFlip: true, IsSpam: true } ? 1 : 0),
            NewlyWanted + (change is { IsFlip: true, IsSpam: false } ? 1 : 0)
        );
        if (change.Mail.IsJunkToOwner is { } junk)
            _counts[change.Then.IsSpam ? 1 : 0, change.IsSpam ? 1 : 0, junk ? 1 : 0]++;
    }

    /// <summary>Mails that were wanted and would be junk.</summary>
    public int NewlyJunk { get; private set; }

    /// <summary>Mails that were junk and would be wanted.</summary>
    public int NewlyWanted { get; private set; }

    /// <summary>As one object.</summary>
    public JsonObject ToJson() =>
        new()
        {
            ["judged"] = Judged,
            ["newly_junk"] = NewlyJunk,
            ["newly_wanted"] = NewlyWanted,
            ["unchanged"] = Judged - NewlyJunk - NewlyWanted,
            ["unjudged"] = Unjudged,
            ["skipped"] = Skipped,
            ["by_folder"] = new JsonArray([
                .. Rows()
                    .Select(static r => new JsonObject
                    {
                        ["spam"] = r.IsSpam,
                        ["in_junk"] = r.InJunk,
                        ["then"] = r.Then,
                        ["now"] = r.Now,
                    }),
            ]),
        };

    /// <summary>For people: a sentence, and a table that shows where verdict and owner differ.</summary>
    public override string ToString()
    {
        var text = string.Create(
            CultureInfo.InvariantCulture,
            $"{Judged} mails: {NewlyJunk} would be junk that were wanted, {NewlyWanted} would be wanted that were junk, {Judged - NewlyJunk - NewlyWanted} stay as they are"
        );
        if (Unjudged > 0)
            text += string.Create(CultureInfo.InvariantCulture, $"; {Unjudged} more were not judged when they came in");
        if (Judged == 0)
            return text;
        text += "\n\nverdict  lies in       then     now";
        foreach (var (isSpam, inJunk, then, now) in Rows())
        {
            var (verdict, folder, mark) = (
                isSpam ? "junk" : "wanted",
                inJunk ? "Junk" : "elsewhere",
                isSpam == inJunk ? "" : "  <- not as its owner has it"
            );
            text += string.Create(
                CultureInfo.InvariantCulture,
                $"\n{verdict, -8} {folder, -10} {then, 7} {now, 7}{mark}"
            );
        }

        return text;
    }

    private IEnumerable<(bool IsSpam, bool InJunk, int Then, int Now)> Rows()
    {
        foreach (var spam in (int[])[1, 0])
        {
            foreach (var junk in (int[])[1, 0])
            {
                yield return (
                    spam == 1,
                    junk == 1,
                    _counts[spam, 0, junk] + _counts[spam, 1, junk],
                    _counts[0, spam, junk] + _counts[1, spam, junk]
                );
            }
        }
    }
}
