using System.Buffers;
using System.Diagnostics.CodeAnalysis;

namespace Postreiter.Core;

/// <summary>
/// The name of one message's way through the server, printed in the <c>250</c>, the Received field, the logs and the
/// queue: 16 letters and digits, ascending with time.
/// </summary>
/// <remarks>Base 32 without i, l, o and u (Crockford): 40 bits of milliseconds since 2020, then 40 random bits.</remarks>
public readonly record struct TraceId
{
    private const string Alphabet = "0123456789abcdefghjkmnpqrstvwxyz";
    private static readonly SearchValues<char> AlphabetValues = SearchValues.Create(Alphabet);
    private static readonly DateTimeOffset Epoch = new(2020, 1, 1, 0, 0, 0, TimeSpan.Zero);

    private readonly string? _text;

    private TraceId(string text) => _text = text;

    /// <summary>Whether this is the default value.</summary>
    public bool IsEmpty => _text is null;

    /// <summary>A new name.</summary>
    /// <param name="now">The time of the message's arrival.</param>
    /// <param name="random">Where the random bits come from.</param>
    [SuppressMessage("Security", "CA5394", Justification = "A name, not a secret.")]
    public static TraceId Create(DateTimeOffset now, Random random) =>
        new(
            string.Create(
                16,
                ((long)(now - Epoch).TotalMilliseconds, random.NextInt64()),
                static (text, parts) =>
                {
                    var (time, noise) = parts;
                    for (var i = 7; i >= 0; i--, time >>= 5)
                        text[i] = Alphabet[(int)(time & 31)];
                    for (var i = 15; i >= 8; i--, noise >>= 5)
                        text[i] = Alphabet[(int)(noise & 31)];
                }
            )
        );

    /// <summary>When it was made.</summary>
    public DateTimeOffset Time
    {
        get
        {
            var milliseconds = 0L;
            foreach (var c in _text.AsSpan(0, Math.Min(8, _text?.Length ?? 0)))
                milliseconds = (milliseconds << 5) | (long)Alphabet.IndexOf(c, StringComparison.Ordinal);
            return Epoch.AddMilliseconds(milliseconds);
        }
    }

    /// <summary>A text before which every name made before a moment stands, and no other, when compared by character code.</summary>
    public static string FirstAt(DateTimeOffset time) =>
        string.Create(
            8,
            Math.Max(0, (long)(time - Epoch).TotalMilliseconds),
            static (text, milliseconds) =>
            {
                for (var i = 7; i >= 0; i--, milliseconds >>= 5)
                    text[i] = Alphabet[(int)(milliseconds & 31)];
            }
        );

    /// <summary>Reads a name of 16 characters.</summary>
    public static bool TryParse(ReadOnlySpan<char> text, out TraceId id)
    {
        var good = text.Length == 16 && !text.ContainsAnyExcept(AlphabetValues);
        id = good ? new TraceId(text.ToString()) : default;
        return good;
    }

    /// <inheritdoc/>
    public override string ToString() => _text ?? "";
}
