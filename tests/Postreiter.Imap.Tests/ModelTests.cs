using System.Runtime.CompilerServices;
using CsCheck;
using Xunit.Sdk;
using static Postreiter.Imap.Tests.ModelMailbox;

namespace Postreiter.Imap.Tests;

/// <summary>
/// P7: three sessions run random commands in three mailboxes, beside a model that is as simple as RFC 9051 puts it. Every
/// number, UID and flag that a session is told must be the model's, and nothing may be left untold.
/// </summary>
public sealed class ModelTests
{
    private const int Sessions = 3;

    private static readonly Gen<Step[]> Histories = Gen.Select(
        Gen.Int[0, Sessions - 1],
        Gen.Enum<Verb>(),
        Gen.Int[0, 999],
        Gen.Int[0, 999],
        static (who, what, a, b) => new Step(who, what, a, b)
    ).Array[1, 120];

    [Fact]
    public async Task P7_views_of_several_sessions_follow_the_model() =>
        await Histories.SampleAsync(static async steps => await PlayAsync(steps), iter: 100, threads: 1);

    private static async Task PlayAsync(Step[] steps)
    {
        var server = await ImapTestServer.StartAsync();
        ModelMailbox[] boxes = [new("INBOX"), new("Sent"), new("Trash")];
        var sessions = new ModelSession[Sessions];
        var clock = new StrongBox<int>();
        for (var i = 0; i < Sessions; i++)
            sessions[i] = new ModelSession(i, await ImapWire.ConnectAsync(server), boxes, clock);
        try
        {
            // Something to begin with.
            for (var i = 0; i < 4; i++)
                await sessions[0].RunAsync(new Step(0, Verb.Append, 0, i));
            foreach (var session in sessions)
                await session.RunAsync(new Step(0, Verb.Select, 0, 0));
            foreach (var step in steps)
                await sessions[step.Who].RunAsync(step);
            foreach (var session in sessions)
            {
                await session.RunAsync(new Step(0, Verb.Noop, 0, 0));
                await session.RunAsync(new Step(0, Verb.FetchAll, 0, 0));
                foreach (var box in boxes)
                    await session.CheckStatusAsync(box);
            }
        }
        catch (Exception e)
        {
            // The last of what was said shows where it went wrong.
            var said = sessions.SelectMany(static s => s.Said).OrderBy(static s => s.At).TakeLast(40);
            throw new XunitException($"{e.Message}\n{string.Join('\n', said.Select(static s => s.Line))}", e);
        }
        finally
        {
            foreach (var session in sessions)
                await session.DisposeAsync();
        }
    }
}
