using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text.RegularExpressions;
using static Postreiter.Imap.Tests.ModelMailbox;

namespace Postreiter.Imap.Tests;

/// <summary>One session beside the model: what its client knows, checked at every response.</summary>
internal sealed partial class ModelSession(int number, ImapWire wire, ModelMailbox[] boxes, StrongBox<int> clock)
    : IAsyncDisposable
{
    private static readonly string[] AllFlags = ["$One", "$Two", "\\Answered", "\\Deleted", "\\Flagged", "\\Seen"];
    private readonly List<Known> _known = [];
    private ModelMailbox? _box;
    private bool _isReadOnly;
    private uint _largest;
    private List<string> _told = [];

    /// <summary>Commands and answers, with the order among all sessions.</summary>
    public List<(int At, string Line)> Said { get; } = [];

    public ValueTask DisposeAsync() => wire.DisposeAsync();

    public async Task RunAsync(Step step)
    {
        if (_box is null && step.What is not (Verb.Append or Verb.Select or Verb.Examine or Verb.Noop))
            return;
        switch (step.What)
        {
            case Verb.Append:
                await AppendAsync(boxes[step.A % boxes.Length], step.B);
                break;
            case Verb.Select or Verb.Examine:
                await SelectAsync(boxes[step.A % boxes.Length], step.What == Verb.Examine);
                break;
            case Verb.Noop or Verb.Check:
                await CommandAsync(step.What == Verb.Noop ? "NOOP" : "CHECK", mayExpunge: true);
                break;
            case Verb.Store or Verb.StoreSilent or Verb.UidStore:
                await StoreAsync(step);
                break;
            case Verb.FetchAll:
                await CommandAsync("UID FETCH 1:* (FLAGS)", mayExpunge: true);
                break;
            case Verb.FetchText or Verb.FetchPeek or Verb.UidFetch:
                await FetchAsync(step);
                break;
            case Verb.Search or Verb.UidSearch:
                await SearchAsync(step);
                break;
            case Verb.Expunge or Verb.UidExpunge:
                await ExpungeAsync(step);
                break;
            case Verb.Copy or Verb.UidCopy or Verb.Move or Verb.UidMove:
                await TransferAsync(step);
                break;
            case Verb.Close or Verb.Unselect:
                if (step.What == Verb.Close && !_isReadOnly)
                    Remove(static m => m.Flags.Contains("\\Deleted"), static _ => true);
                _box = null;
                Assert.Equal(["OK Done"], await wire.RunAsync(step.What == Verb.Close ? "CLOSE" : "UNSELECT"));
                break;
            default:
                await IdleAsync();
                break;
        }

        CheckFlags();
    }

    public async Task CheckStatusAsync(ModelMailbox box)
    {
        var messages = box.Messages.Values;
        Assert.Contains(
            $"* STATUS \"{box.Name}\" (MESSAGES {messages.Count} UIDNEXT {box.Next} "
                + $"UNSEEN {messages.Count(static m => !m.Flags.Contains("\\Seen"))} "
                + $"DELETED {messages.Count(static m => m.Flags.Contains("\\Deleted"))} "
                + $"SIZE {messages.Sum(static m => m.Text.Length)})",
            await wire.RunAsync($"STATUS {box.Name} (MESSAGES UIDNEXT UNSEEN DELETED SIZE)")
        );
    }

    private async Task AppendAsync(ModelMailbox box, int seed)
    {
        var flags = AllFlags.Where((_, i) => (seed >> i) % 4 == 1).ToList();
        var text = $"Subject: {seed}\r\n\r\n{box.Name} {box.Next}";
        var uid = box.Add(text, flags);
        Assert.Equal(uid, await wire.AppendAsync(box.Name, text, $"({string.Join(' ', flags)})", _told = []));
        Said.Add(
            (
                clock.Value++,
                $"{number}: APPEND {box.Name} ({string.Join(' ', flags)})\n    {string.Join("\n    ", _told)}"
            )
        );
        Take(mayExpunge: true);
    }

    private async Task SelectAsync(ModelMailbox box, bool isReadOnly)
    {
        (_box, _isReadOnly) = (box, isReadOnly);
        _known.Clear();
        _largest = 0;
        Said.Add((clock.Value++, $"{number}: SELECT {box.Name}"));
        var told = await wire.RunAsync($"{(isReadOnly ? "EXAMINE" : "SELECT")} {box.Name}");
        Assert.Contains($"* {box.Messages.Count} EXISTS", told);
        Assert.Contains($"* OK [UIDNEXT {box.Next}] Next", told);
        foreach (var uid in box.Messages.Keys)
            _known.Add(new Known(_largest = uid));
    }

    private async Task StoreAsync(Step step)
    {
        var byUid = step.What == Verb.UidStore;
        if (Set(step, byUid) is not { } set)
            return;
        var flags = AllFlags.Where((_, i) => (step.B >> i) % 3 == 0).ToList();
        var sign = (step.A % 3) switch
        {
            0 => "+",
            1 => "-",
            _ => "",
        };
        if (!_isReadOnly)
        {
            foreach (var message in set.Uids.Select(Find).OfType<Message>())
            {
                if (sign.Length == 0)
                    message.Flags.Clear();
                if (sign == "-")
                    message.Flags.ExceptWith(flags);
                else
                    message.Flags.UnionWith(flags);
            }

            // SILENT: the client reckons itself, RFC 9051 §6.4.6.
            if (step.What == Verb.StoreSilent)
            {
                foreach (var known in _known.Where(k => set.Uids.Contains(k.Uid) && k.Flags is not null))
                {
                    if (sign.Length == 0)
                        known.Flags = [];
                    known.Flags = sign == "-" ? [.. known.Flags!.Except(flags)] : [.. known.Flags!.Union(flags)];
                }
            }
        }

        var silent = step.What == Verb.StoreSilent ? ".SILENT" : "";
        var command = $"{(byUid ? "UID " : "")}STORE {set.Text} {sign}FLAGS{silent} ({string.Join(' ', flags)})";
        await CommandAsync(command, byUid, isRefused: _isReadOnly);
    }

    private async Task FetchAsync(Step step)
    {
        var byUid = step.What == Verb.UidFetch;
        if (Set(step, byUid) is not { } set)
            return;
        if (step.What == Verb.FetchText && !_isReadOnly)
        {
            foreach (var message in set.Uids.Select(Find).OfType<Message>())
                message.Flags.Add("\\Seen");
        }

        var there = set.Uids.Count(uid => Find(uid) is not null);
        var items = step.What == Verb.FetchText ? "BODY[]" : "BODY.PEEK[]";
        await CommandAsync($"{(byUid ? "UID " : "")}FETCH {set.Text} (UID {items})", byUid);
        Assert.Equal(there, _told.Count(static t => t.Contains("BODY[]", StringComparison.Ordinal)));
    }

    private async Task SearchAsync(Step step)
    {
        var byUid = step.What == Verb.UidSearch;
        var (key, flag) = (step.A % 2) == 0 ? ("DELETED", "\\Deleted") : ("KEYWORD $One", "$One");
        var live = _box!.Messages.Where(m => m.Value.Flags.Contains(flag)).Select(static m => m.Key).ToHashSet();
        await CommandAsync(
            $"{(byUid ? "UID " : "")}SEARCH {key}",
            byUid,
            search: numbers =>
            {
                var found = numbers.Select(n => byUid ? n : _known[(int)n - 1].Uid).ToHashSet();
                // What others have expunged may be found until it is told.
                Assert.Superset(live, found);
                Assert.DoesNotContain(found.Except(live), uid => Find(uid) is not null);
            }
        );
    }

    private async Task ExpungeAsync(Step step)
    {
        var byUid = step.What == Verb.UidExpunge;
        if (Set(step, byUid: true) is not { } set)
            return;
        if (!_isReadOnly)
            Remove(static m => m.Flags.Contains("\\Deleted"), uid => !byUid || set.Uids.Contains(uid));
        await CommandAsync(byUid ? $"UID EXPUNGE {set.Text}" : "EXPUNGE", mayExpunge: true, isRefused: _isReadOnly);
    }

    private async Task TransferAsync(Step step)
    {
        var (byUid, move) = (step.What is Verb.UidCopy or Verb.UidMove, step.What is Verb.Move or Verb.UidMove);
        if (Set(step, byUid) is not { } set)
            return;
        var target = boxes[step.B % boxes.Length];
        var verb = (byUid ? "UID " : "") + (move ? "MOVE" : "COPY");
        var isRefused = move && _isReadOnly;
        var pairs = new List<(uint From, uint To)>();
        if (!isRefused)
        {
            foreach (var uid in set.Uids.Where(uid => Find(uid) is not null).ToList())
            {
                var message = Find(uid)!;
                pairs.Add((uid, target.Add(message.Text, message.Flags)));
                if (move)
                    _box!.Messages.Remove(uid);
            }
        }

        await CommandAsync($"{verb} {set.Text} {target.Name}", mayExpunge: true, isRefused);
        if (pairs.Count == 0)
            return;
        var code = Assert.Single(_told, static t => t.Contains("[COPYUID ", StringComparison.Ordinal));
        var sets = code[(code.IndexOf('[', StringComparison.Ordinal) + 1)..code.IndexOf(']', StringComparison.Ordinal)]
            .Split(' ');
        Assert.Equal(pairs.Select(static p => p.From), Uids(sets[2]));
        Assert.Equal(pairs.Select(static p => p.To), Uids(sets[3]));
    }

    private async Task IdleAsync()
    {
        await wire.SendAsync("i IDLE\r\n");
        _told = [];
        while (await wire.ReadAsync() is var response && !response.StartsWith('+'))
            _told.Add(response);
        Take(mayExpunge: true);
        await wire.SendAsync("DONE\r\n");
        Assert.Equal("i OK Done", await wire.ReadAsync());
    }

    private async Task CommandAsync(
        string command,
        bool mayExpunge,
        bool isRefused = false,
        Action<List<uint>>? search = null
    )
    {
        _told = await wire.RunAsync(command);
        Said.Add((clock.Value++, $"{number}: {command}\n    {string.Join("\n    ", _told)}"));
        Assert.StartsWith(isRefused ? "NO [READ-ONLY]" : "OK ", _told[^1], StringComparison.Ordinal);
        Take(mayExpunge, search);
    }

    /// <summary>Takes the responses as a client does.</summary>
    private void Take(bool mayExpunge, Action<List<uint>>? search = null)
    {
        if (_box is null)
            return;
        foreach (var response in _told)
        {
            var words = response.Split(' ');
            if (words[0] != "*")
                continue;
            if (words[1] == "SEARCH")
                search!([.. words[2..].Select(static w => uint.Parse(w, CultureInfo.InvariantCulture))]);
            else if (words is [_, _, "EXISTS", ..])
                TakeExists(Number(words[1]));
            else if (words is [_, _, "EXPUNGE", ..])
            {
                Assert.True(mayExpunge, "an EXPUNGE where numbers must not move");
                var uid = _known[Number(words[1]) - 1].Uid;
                Assert.Null(Find(uid));
                _known.RemoveAt(Number(words[1]) - 1);
            }
            else if (words is [_, _, "FETCH", ..])
                TakeFetch(_known[Number(words[1]) - 1], response);
        }

        // What may be told has been.
        if (mayExpunge)
            Assert.Equal(_box.Messages.Keys, _known.Select(static k => k.Uid));
        else
            Assert.Empty(_box.Messages.Keys.Except(_known.Select(static k => k.Uid)));
    }

    private void TakeExists(int count)
    {
        foreach (var uid in _box!.Messages.Keys.Where(uid => uid > _largest))
            _known.Add(new Known(_largest = uid));
        // Never less than before, and no message in it that has come and gone unseen.
        Assert.Equal(_known.Count, count);
    }

    private void TakeFetch(Known known, string response)
    {
        if (UidItem().Match(response) is { Success: true } uid)
            Assert.Equal(known.Uid, uint.Parse(uid.Groups["uid"].ValueSpan, CultureInfo.InvariantCulture));
        if (FlagsItem().Match(response) is { Success: true } flags)
            known.Flags = [.. flags.Groups["flags"].Value.Split(' ', StringSplitOptions.RemoveEmptyEntries)];
        if (response.Contains("BODY[]", StringComparison.Ordinal))
            Assert.EndsWith(Find(known.Uid)!.Text + ")", response, StringComparison.Ordinal);
    }

    /// <summary>All that the client knows of flags is so.</summary>
    private void CheckFlags()
    {
        if (_box is null)
            return;
        foreach (var known in _known)
        {
            if (known.Flags is { } flags && Find(known.Uid) is { } message)
                Assert.Equal(message.Flags, new SortedSet<string>(flags, StringComparer.Ordinal));
        }
    }

    private void Remove(Func<Message, bool> which, Func<uint, bool> among)
    {
        foreach (var (uid, message) in _box!.Messages.ToList())
        {
            if (which(message) && among(uid))
                _box.Messages.Remove(uid);
        }
    }

    private Message? Find(uint uid) => _box!.Messages.GetValueOrDefault(uid);

    /// <summary>A set by the numbers of a step; null when there is nothing to name.</summary>
    private (string Text, SortedSet<uint> Uids)? Set(Step step, bool byUid)
    {
        if (_known.Count == 0)
            return null;
        var (a, b) = (step.A % _known.Count, step.B % _known.Count);
        string Shown(int index) => byUid ? $"{_known[index].Uid}" : $"{index + 1}";
        return ((step.A + step.B) % 5) switch
        {
            0 => ($"{Shown(a)},{Shown(b)}", [_known[a].Uid, _known[b].Uid]),
            1 => ("*", [_known[^1].Uid]),
            2 => ($"{Shown(a)}:*", [.. _known[a..].Select(static k => k.Uid)]),
            3 => (Shown(a), [_known[a].Uid]),
            _ => (
                $"{Shown(a)}:{Shown(b)}",
                [.. _known[Math.Min(a, b)..(Math.Max(a, b) + 1)].Select(static k => k.Uid)]
            ),
        };
    }

    private static int Number(string text) => int.Parse(text, CultureInfo.InvariantCulture);

    private static IEnumerable<uint> Uids(string set)
    {
        foreach (var range in set.Split(','))
        {
            var ends = range.Split(':');
            for (var uid = Number(ends[0]); uid <= Number(ends[^1]); uid++)
                yield return (uint)uid;
        }
    }

    private sealed class Known(uint uid)
    {
        public uint Uid => uid;

        public List<string>? Flags { get; set; }
    }

    [GeneratedRegex(@"[( ]UID (?<uid>[0-9]+)", RegexOptions.NonBacktracking)]
    private static partial Regex UidItem();

    [GeneratedRegex(@"[( ]FLAGS \((?<flags>[^)]*)\)", RegexOptions.NonBacktracking)]
    private static partial Regex FlagsItem();
}
