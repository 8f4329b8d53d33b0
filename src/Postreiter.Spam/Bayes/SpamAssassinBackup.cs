using System.Globalization;
using System.Text;

namespace Postreiter.Spam.Bayes;

/// <summary>A mail that was learned, by the name under which it is remembered.</summary>
/// <param name="Key">SpamAssassin's own name of it, or its Message-ID without the brackets.</param>
/// <param name="IsSpam">As what.</param>
public readonly record struct LearnedMailKey(string Key, bool IsSpam);

/// <summary>Reads and writes what <c>sa-learn --backup</c> writes: text, a line for each number, token and mail, fields divided by tabs.</summary>
public static class SpamAssassinBackup
{
    /// <summary>Octets of a line; a longer one is passed over.</summary>
    private const int MaxLine = 64 * 1024;

    /// <summary>Reads a backup of version 2 or 3.</summary>
    /// <param name="input">The text, octets.</param>
    /// <param name="learned">Where the numbers and tokens go; it is emptied first.</param>
    /// <param name="mails">Where the names of mails go.</param>
    /// <param name="now">Times in the future become this one.</param>
    /// <param name="ct">Stops it.</param>
    /// <returns>Lines that were no lines of a backup and were passed over.</returns>
    /// <exception cref="InvalidDataException">It is no such backup; the message says why.</exception>
    public static async Task<long> ReadAsync(
        Stream input,
        LearnedTokens learned,
        ICollection<LearnedMailKey> mails,
        DateTimeOffset now,
        CancellationToken ct
    )
    {
        ArgumentNullException.ThrowIfNull(learned);
        ArgumentNullException.ThrowIfNull(mails);
        using var reader = new StreamReader(input, Encoding.Latin1, false, 64 * 1024, leaveOpen: true);
        var latest = (uint)Math.Clamp(now.ToUnixTimeSeconds(), 0, uint.MaxValue);
        var first = (await reader.ReadLineAsync(ct) ?? "").Split('\t', ' ');
        if (first is not ["v", var version, "db_version", ..])
            throw new InvalidDataException(
                "the first line is not that of a backup of sa-learn (v, the version, db_version)"
            );
        if (version is not ("2" or "3"))
            throw new InvalidDataException($"a backup of version {version} is not known, only 2 and 3");
        learned.Start(0, 0);
        long? spam = null;
        long? ham = null;
        var passed = 0L;
        while (await reader.ReadLineAsync(ct) is { } line)
        {
            if (line.Length > MaxLine)
            {
                passed++;
                continue;
            }

            var fields =
                line.Split('\t', ' ') is var words && words[0] is "t" or "v" ? words : line.Split(['\t', ' '], 3);
            switch (fields)
            {
                case ["v", var number, "num_spam", ..]
                    when long.TryParse(number, CultureInfo.InvariantCulture, out var value):
                    spam = value;
                    break;
                case ["v", var number, "num_nonspam", ..]
                    when long.TryParse(number, CultureInfo.InvariantCulture, out var value):
                    ham = value;
                    break;
                case ["t", var s, var h, var t, var token]
                    when TryRead(s, h, t, token, version, out var key, out var counts):
                    learned.Add([key], counts, Math.Min(counts.Time, latest));
                    break;
                case ["s", "s" or "h", { Length: > 0 } name]:
                    mails.Add(new LearnedMailKey(name, fields[1] == "s"));
                    break;
                default:
                    passed++;
                    break;
            }
        }

        if (spam is null || ham is null)
            throw new InvalidDataException("the numbers of learned mails (num_spam, num_nonspam) are missing");
        learned.SetMails(spam.Value, ham.Value);
        return passed;
    }

    /// <summary>Writes a backup of version 3.</summary>
    public static async Task WriteAsync(
        TextWriter output,
        LearnedTokens learned,
        IAsyncEnumerable<LearnedMailKey> mails,
        CancellationToken ct
    )
    {
        ArgumentNullException.ThrowIfNull(output);
        ArgumentNullException.ThrowIfNull(learned);
        ArgumentNullException.ThrowIfNull(mails);
        var text = CultureInfo.InvariantCulture;
        await output.WriteAsync("v\t3\tdb_version # this must be the first line!!!\n");
        await output.WriteAsync(string.Create(text, $"v\t{learned.Spam}\tnum_spam\nv\t{learned.Ham}\tnum_nonspam\n"));
        foreach (var (page, octets) in learned.WritePages())
        {
            ct.ThrowIfCancellationRequested();
            _ = page;
            foreach (var (key, counts) in TokenTable.Records(octets))
                await output.WriteAsync(
                    string.Create(text, $"t\t{counts.Spam}\t{counts.Ham}\t{counts.Time}\t{key:x10}\n")
                );
        }

        await foreach (var mail in mails.WithCancellation(ct))
            await output.WriteAsync($"s\t{(mail.IsSpam ? 's' : 'h')}\t{mail.Key}\n");
    }

    private static bool TryRead(
        string spam,
        string ham,
        string time,
        string token,
        string version,
        out ulong key,
        out TokenCounts counts
    )
    {
        counts = default;
        key = 0;
        if (
            !long.TryParse(spam, CultureInfo.InvariantCulture, out var s)
            || !long.TryParse(ham, CultureInfo.InvariantCulture, out var h)
            || !long.TryParse(time, CultureInfo.InvariantCulture, out var t)
        )
            return false;
        counts = new TokenCounts(Count(s), Count(h), Count(t));
        // Before version 3 the tokens themselves were stored.
        if (version == "2")
            key = TokenKey.Of(Encoding.Latin1.GetBytes(token));
        else if (
            token.Length != 2 * TokenKey.Size
            || !ulong.TryParse(token, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out key)
        )
            return false;
        return counts.Spam != 0 || counts.Ham != 0;
    }

    private static uint Count(long number) => (uint)Math.Clamp(number, 0, int.MaxValue);
}
