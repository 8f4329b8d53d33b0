using System.Runtime.CompilerServices;
using System.Text.Json.Nodes;
using Postreiter.CommandLine;
using Postreiter.Control;

namespace Postreiter.Replay;

/// <summary>Reads stored mails through the control, step by step; the next step is read while the last one is worked on.</summary>
/// <param name="control">The way to the store.</param>
/// <param name="most">Octets of a mail that are read.</param>
internal sealed class StoredMails(IControl control, long most)
{
    /// <summary>The mails of an account that came in since a moment, as many at a time as one step gives.</summary>
    /// <param name="account">Its address.</param>
    /// <param name="since">The moment.</param>
    /// <param name="ct">Stops it.</param>
    /// <returns>Rows of the store, and how many messages were looked at to find them.</returns>
    /// <exception cref="CommandFailure">The store cannot be read. An account that is gone meanwhile has no mail.</exception>
    public async IAsyncEnumerable<(IReadOnlyList<JsonObject> Rows, long Examined)> ReadAsync(
        string account,
        DateTimeOffset since,
        [EnumeratorCancellation] CancellationToken ct
    )
    {
        var reading = StepAsync(null);
        try
        {
            while (true)
            {
                var reply = await reading;
                if (reply.ExitCode == ExitCodes.NotSo)
                    yield break;
                if (reply.ExitCode != ExitCodes.Done || reply.Rows.Count == 0)
                    throw new CommandFailure(reply.ExitCode, reply.Message ?? "the store gave no mail");
                var (rows, end) = (reply.Rows.SkipLast(1).ToList(), reply.Rows[^1]);
                var next = end["next"] as JsonObject;
                if (next is not null)
                    reading = StepAsync(next);
                yield return (rows, (long?)end["examined"] ?? 0);
                if (next is null)
                    yield break;
            }
        }
        finally
        {
            // Nobody may still be using the control when it is closed.
            await ((Task)reading).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        Task<ControlReply> StepAsync(JsonObject? next) =>
            control.CallAsync(
                ControlVerbs.MailStored,
                new JsonObject
                {
                    ["account"] = account,
                    ["since"] = since.ToUnixTimeSeconds(),
                    ["most"] = most,
                    ["next"] = next?.DeepClone(),
                },
                ct
            );
    }
}
