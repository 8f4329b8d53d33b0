using System.Diagnostics.CodeAnalysis;
using Postreiter.Core;
using Postreiter.Storage.Gate;

namespace Postreiter.Delivery.Gate.Greylisting;

/// <summary>Rows made, taken away and named by people.</summary>
public static class GreylistRows
{
    /// <summary>A row that lets a client in for good, altogether or with one sender for one recipient.</summary>
    /// <param name="client">A network (/24 or /64), an address in it, or the domain for which SPF vouches.</param>
    /// <param name="sender">A sender, <c>&lt;&gt;</c>, or null for all.</param>
    /// <param name="recipient">A recipient; null with <paramref name="sender"/>.</param>
    /// <param name="now">The time.</param>
    /// <param name="row">The row.</param>
    /// <param name="mistake">What is wrong.</param>
    public static bool TryMake(
        string client,
        string? sender,
        string? recipient,
        DateTimeOffset now,
        [NotNullWhen(true)] out GreylistRow? row,
        [NotNullWhen(false)] out string? mistake
    )
    {
        row = null;
        if (!GreylistClient.TryParse(client, out var who))
        {
            mistake = $"'{client}' is no client: write 192.0.2.0/24, 2001:db8::/64 or example.org";
            return false;
        }

        var words = who.Pool.IsEmpty ? who.Network : who.Pool.Ascii;
        var seconds = (uint)now.ToUnixTimeSeconds();
        GreylistState State(long key, int passes) => new(key, seconds, GreylistState.Forever, passes);
        mistake = null;
        if (sender is null)
        {
            var key = who.Pool.IsEmpty ? GreylistKey.OfNetwork(who) : GreylistKey.OfDomain(who.Pool);
            row = new GreylistRow(State(key, GreylistOptions.PassesOfClient), words, "", "");
            return true;
        }

        EmailAddress? from = null;
        if (sender is not ("" or "<>"))
        {
            if (!EmailAddress.TryParse(sender, out var address))
            {
                mistake = $"'{sender}' is no address: write user@example.org, or <> for the null sender";
                return false;
            }

            from = address;
        }

        if (!EmailAddress.TryParse(recipient, out var to))
        {
            mistake = $"'{recipient}' is no address: write user@example.org";
            return false;
        }

        row = new GreylistRow(State(GreylistKey.Triplet(who, from, to), 1), words, GreylistSender.Of(from), to.Key);
        return true;
    }

    /// <summary>The same row, taken away.</summary>
    public static GreylistRow Removed(GreylistRow row, DateTimeOffset now)
    {
        var seconds = (uint)now.ToUnixTimeSeconds();
        // Not before the beginning of a row that a clock ahead of ours has made.
        var first = Math.Max(seconds, row.State.First);
        return row with { State = new GreylistState(row.State.Key, first, first, -1) };
    }

    /// <summary>What a row is, in a word: removed, always, correspondent, waiting, passed, or of a client known or seen.</summary>
    public static string StateOf(GreylistRow row) =>
        row.State switch
        {
            { Passes: < 0 } => "removed",
            { Last: GreylistState.Forever } => "always",
            _ when row.Client.Length == 0 => "correspondent",
            _ when row.Recipient.Length == 0 => row.State.Passes >= GreylistOptions.PassesOfClient ? "known" : "seen",
            { Passes: 0 } => "waiting",
            _ => "passed",
        };
}
