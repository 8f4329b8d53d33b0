using Postreiter.Imap.Syntax;
using Postreiter.Testing;

namespace Postreiter.Imap.Tests;

public sealed class ListTests
{
    [Theory, InlineData(Pacing.Lines), InlineData(Pacing.Bytes)]
    public async Task A_new_account_has_its_folders(Pacing pacing)
    {
        var server = await ImapTestServer.StartAsync();
        await server.PlayLoggedInAsync(
            pacing,
            """
            C: 1 LIST "" *
            S: * LIST (\HasNoChildren) "/" "INBOX"
            S: * LIST (\HasNoChildren \Archive) "/" "Archive"
            S: * LIST (\HasNoChildren \Drafts) "/" "Drafts"
            S: * LIST (\HasNoChildren \Junk) "/" "Junk"
            S: * LIST (\HasNoChildren \Sent) "/" "Sent"
            S: * LIST (\HasNoChildren \Trash) "/" "Trash"
            S: 1 OK *
            C: 2 LIST "" ""
            S: * LIST (\Noselect) "/" ""
            S: 2 OK *
            C: 3 LIST "" (inbox "" "T%")
            S: * LIST (\HasNoChildren) "/" "INBOX"
            S: * LIST (\HasNoChildren \Trash) "/" "Trash"
            S: 3 OK *
            C: 4 LIST (SPECIAL-USE) "" "%r%"
            S: * LIST (\HasNoChildren \Archive) "/" "Archive"
            S: * LIST (\HasNoChildren \Drafts) "/" "Drafts"
            S: * LIST (\HasNoChildren \Trash) "/" "Trash"
            S: 4 OK *
            C: 5 LIST "" "" RETURN (CHILDREN)
            S: 5 OK *              # RFC 9051 §6.3.9: no special meaning in the extended syntax
            C: 6 LIST "Tr" "a*h"
            S: * LIST (\HasNoChildren \Trash) "/" "Trash"
            S: 6 OK *
            C: 7 NAMESPACE
            S: * NAMESPACE (("" "/")) NIL NIL
            S: 7 OK *
            """
        );
    }

    [Theory, InlineData(Pacing.Lines), InlineData(Pacing.Bytes)]
    public async Task Selection_and_return_options(Pacing pacing)
    {
        var server = await ImapTestServer.StartAsync();
        await server.PlayLoggedInAsync(
            pacing,
            """
            C: 1 CREATE a/b/c
            S: 1 OK *
            C: 2 CREATE d/e
            S: 2 OK *
            C: 3 SUBSCRIBE a/b/c
            S: 3 OK *
            C: 4 SUBSCRIBE d
            S: 4 OK *
            C: 5 SUBSCRIBE d/e
            S: 5 OK *
            C: 6 LIST (SUBSCRIBED) "" (a* d*)
            S: * LIST (\HasNoChildren \Subscribed) "/" "a/b/c"
            S: * LIST (\HasChildren \Subscribed) "/" "d"
            S: * LIST (\HasNoChildren \Subscribed) "/" "d/e"
            S: 6 OK *
            C: 7 LIST (SUBSCRIBED RECURSIVEMATCH) "" (a d)
            S: * LIST (\HasChildren) "/" "a" ("CHILDINFO" ("SUBSCRIBED"))
            S: * LIST (\HasChildren \Subscribed) "/" "d" ("CHILDINFO" ("SUBSCRIBED"))
            S: 7 OK *
            C: 8 LIST (REMOTE RECURSIVEMATCH SUBSCRIBED) "" a*
            S: * LIST (\HasNoChildren \Subscribed) "/" "a/b/c"
            S: 8 OK *              # RFC 9051 §6.3.9.6: no CHILDINFO for what is told itself
            C: 9 LIST "" d* RETURN (SUBSCRIBED CHILDREN SPECIAL-USE STATUS (MESSAGES SIZE))
            S: * LIST (\HasChildren \Subscribed) "/" "d"
            S: * STATUS "d" (MESSAGES 0 SIZE 0)
            S: * LIST (\HasNoChildren \Subscribed) "/" "d/e"
            S: * STATUS "d/e" (MESSAGES 0 SIZE 0)
            S: 9 OK *
            C: 10 LIST () "" d% RETURN ()
            S: * LIST (\HasChildren) "/" "d"
            S: 10 OK *
            C: 20 LIST (SUBSCRIBED RECURSIVEMATCH) "" (a d) RETURN (STATUS (MESSAGES))
            S: * LIST (\HasChildren) "/" "a" ("CHILDINFO" ("SUBSCRIBED"))
            S: * LIST (\HasChildren \Subscribed) "/" "d" ("CHILDINFO" ("SUBSCRIBED"))
            S: * STATUS "d" (MESSAGES 0)     # RFC 5819 §2: "a" is no match itself
            S: 20 OK *
            C: 11 UNSUBSCRIBE d
            S: 11 OK *
            C: 12 LSUB "" "%"
            S... * LSUB (\Noselect) "/" "a"
            S: * LSUB (\Noselect) "/" "d"
            S: 12 OK *
            C: 13 LSUB "" "d*"
            S: * LSUB (\HasNoChildren) "/" "d/e"
            S: 13 OK *
            C: 14 LSUB "" ""
            S: * LSUB (\Noselect) "/" ""
            S: 14 OK *
            C: 15 SUBSCRIBE nowhere
            S: 15 NO [NONEXISTENT] *
            """
        );
    }

    [Theory]
    [InlineData("LIST")]
    [InlineData("LIST \"\"")]
    [InlineData("LIST \"\" a b")]
    [InlineData("LIST \"\" ()")]
    [InlineData("LIST (NOSUCH) \"\" a")]
    [InlineData("LIST (RECURSIVEMATCH) \"\" a")]
    [InlineData("LIST (RECURSIVEMATCH REMOTE) \"\" a")]
    [InlineData("LIST (SUBSCRIBED \"\" a")]
    [InlineData("LIST \"\" a RETURN")]
    [InlineData("LIST \"\" a RETURN (NOSUCH)")]
    [InlineData("LIST \"\" a RETURN (STATUS)")]
    [InlineData("LIST \"\" a RETURN (STATUS ())")]
    [InlineData("LIST \"\" a RETURN (STATUS (NOSUCH))")]
    [InlineData("LIST \"\" a RETURN (CHILDREN) x")]
    [InlineData("LSUB \"\"")]
    [InlineData("LSUB \"\" (a)")]
    [InlineData("NAMESPACE x")]
    [InlineData("STATUS INBOX")]
    [InlineData("STATUS INBOX ()")]
    [InlineData("STATUS INBOX (MESSAGES)x")]
    public async Task Bad_arguments(string command)
    {
        var server = await ImapTestServer.StartAsync();
        await server.PlayLoggedInAsync(Pacing.Lines, $"C: 1 {command}\nS: 1 BAD *\nC: 2 NOOP\nS: 2 OK *");
    }

    [Theory, InlineData(Pacing.Lines), InlineData(Pacing.Bytes)]
    public async Task What_can_be_no_name_matches_nothing(Pacing pacing)
    {
        var server = await ImapTestServer.StartAsync();
        await server.PlayLoggedInAsync(
            pacing,
            $$"""
            C: 1 LIST "" "B&A"
            S: 1 OK *
            C: 2 LIST "" "Bücher"
            S: 2 OK *
            C: 3 LIST "" "{{new string('x', 2000)}}*"
            S: 3 OK *
            C: 4 LIST "" {5}
            S: + *
            C: Tra%h
            S: * LIST (\HasNoChildren \Trash) "/" "Trash"
            S: 4 OK *
            """
        );
    }

    [Fact]
    public async Task L24_too_many_wildcards_or_patterns_are_BAD()
    {
        var server = await ImapTestServer.StartAsync();
        var (good, bad) = (string.Join('x', Enumerable.Repeat('*', 16)), string.Join('x', Enumerable.Repeat('%', 17)));
        var (most, more) = (string.Join(' ', Enumerable.Repeat('x', 32)), string.Join(' ', Enumerable.Repeat('x', 33)));
        await server.PlayLoggedInAsync(
            Pacing.Lines,
            $"""
            C: 1 LIST "" {good}
            S: 1 OK *
            C: 2 LIST "" {bad}
            S: 2 BAD *
            C: 3 LIST "" ({most})
            S: 3 OK *
            C: 4 LIST "" ({more})
            S: 4 BAD *
            C: 5 LSUB "" {bad}
            S: 5 BAD *
            """
        );
    }

    [Theory]
    [InlineData("a/b/c", "a/%", false)]
    [InlineData("a/b/c", "a/*", true)]
    [InlineData("a/b/c", "a/%/c", true)]
    [InlineData("a/b/c", "%/%", false)]
    [InlineData("a/b/c", "*%", true)]
    [InlineData("a/b/c", "%*c", true)]
    [InlineData("a/b/c", "a/b/c", true)]
    [InlineData("a/b/c", "a/b/cd", false)]
    [InlineData("a/b/c", "a/b/", false)]
    [InlineData("a", "a%", true)]
    [InlineData("a", "%a%", true)]
    [InlineData("a", "", false)]
    [InlineData("INBOX", "inb%", true)]
    [InlineData("INBOX", "iNbOx", true)]
    [InlineData("INBOX", "InB*x", true)]
    [InlineData("Trash", "trash", false)]
    [InlineData("ab", "a*b%", true)]
    [InlineData("aaaaaaaaaaaaaaaaaaaaaaaaab", "*a*a*a*a*a*a*a*a*b", true)]
    [InlineData("aaaaaaaaaaaaaaaaaaaaaaaaac", "*a*a*a*a*a*a*a*a*b", false)]
    public void L24_patterns_match(string name, string pattern, bool matches) =>
        Assert.Equal(matches, ListPattern.Create(pattern)!.Matches(name));

    [Fact]
    public void L24_patterns_longer_than_one_word_match_as_a_plain_search_says()
    {
        var random = new Random(7);
        var seen = 0;
        for (var round = 0; round < 3000; round++)
        {
            var name = Text(random, "ab/", 60 + random.Next(120));
            var pattern = name;
            for (var cut = random.Next(5); cut > 0; cut--)
            {
                var at = random.Next(pattern.Length);
                pattern =
                    pattern[..at] + "*%x"[random.Next(3)] + pattern[Math.Min(pattern.Length, at + random.Next(9))..];
            }

            var expected = Slow(name, pattern, []);
            seen += expected ? 1 : 0;
            Assert.True(expected == ListPattern.Create(pattern)!.Matches(name), $"{pattern} and {name}");
        }

        Assert.InRange(seen, 500, 2500);
    }

    private static string Text(Random random, string letters, int length) =>
        string.Concat(Enumerable.Range(0, length).Select(_ => letters[random.Next(letters.Length)]));

    private static bool Slow(ReadOnlySpan<char> name, ReadOnlySpan<char> pattern, Dictionary<(int, int), bool> known)
    {
        if (pattern.IsEmpty)
            return name.IsEmpty;
        if (known.TryGetValue((name.Length, pattern.Length), out var result))
            return result;
        result = pattern[0] switch
        {
            '*' or '%' => Slow(name, pattern[1..], known)
                || (!name.IsEmpty && (pattern[0] == '*' || name[0] != '/') && Slow(name[1..], pattern, known)),
            var c => !name.IsEmpty && name[0] == c && Slow(name[1..], pattern[1..], known),
        };
        known[(name.Length, pattern.Length)] = result;
        return result;
    }
}
