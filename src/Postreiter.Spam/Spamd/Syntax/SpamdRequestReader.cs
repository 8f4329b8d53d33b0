using System.Buffers;
using System.Globalization;
using System.Text;
using Postreiter.Core;

namespace Postreiter.Spam.Spamd.Syntax;

/// <summary>
/// Reads the head of one request line by line (section 16 of the protocol's description in spamd/PROTOCOL): <c>METHOD
/// SPAMC/version</c>, header lines, an empty line. Names of header lines are exact; those that nobody knows are passed over.
/// </summary>
public sealed class SpamdRequestReader
{
    /// <summary>Longest line, in octets.</summary>
    public const int MaxLineBytes = 8 * 1024;

    /// <summary>Most header lines.</summary>
    public const int MaxHeaderLines = 255;

    private SpamdRequest? _request;
    private int _lines;

    /// <summary>The head; complete once <see cref="Read"/> has said so. Null before the first line.</summary>
    public SpamdRequest? Request => _request;

    /// <summary>What is wrong, once <see cref="Read"/> found the request invalid; for the client to read.</summary>
    public string Error { get; private set; } = "";

    /// <summary>Takes what has come.</summary>
    /// <param name="input">Whole lines are taken from it, also while more are to come.</param>
    public ParseStatus Read(ref SequenceReader<byte> input)
    {
        while (true)
        {
            if (!input.TryReadTo(out ReadOnlySequence<byte> line, (byte)'\n'))
                return input.Remaining > MaxLineBytes ? Fail("(line too long)") : ParseStatus.NeedMoreData;
            if (line.Length > MaxLineBytes)
                return Fail("(line too long)");
            var text = Encoding.Latin1.GetString(line);
            if (text.EndsWith('\r'))
                text = text[..^1];
            if (_request is null)
            {
                if (!TryReadFirst(text))
                    return Fail(Printable(text));
                if (!HasHeader(_request!))
                    return ParseStatus.Complete;
            }
            else if (text.Length == 0)
            {
                return ParseStatus.Complete;
            }
            else if (++_lines > MaxHeaderLines)
            {
                return Fail("(too many headers)");
            }
            else if (!TryReadHeader(text))
            {
                return ParseStatus.Invalid;
            }
        }
    }

    /// <summary>The client closed its side within the head.</summary>
    public void End() => Error = _request is null ? "(closed before headers)" : "(EOF during headers)";

    private ParseStatus Fail(string error)
    {
        Error = error;
        return ParseStatus.Invalid;
    }

    // Before 1.0 there were no header lines, and PING and SKIP have them since 1.5.
    private static bool HasHeader(SpamdRequest request) =>
        request.Method is SpamdMethod.Ping or SpamdMethod.Skip
            ? request.Version >= 105
            : request.Method is SpamdMethod.Tell || request.Version > 100;

    private bool TryReadFirst(string line)
    {
        var blank = line.IndexOf(' ', StringComparison.Ordinal);
        if (blank < 0 || MethodOf(line[..blank]) is not { } method)
            return false;
        var rest = line.AsSpan(blank + 1);
        if (!rest.StartsWith("SPAMC/") || !TryReadVersion(rest["SPAMC/".Length..], out var version))
            return false;
        _request = new SpamdRequest { Method = method, Version = version };
        return true;
    }

    private static SpamdMethod? MethodOf(string word) =>
        word switch
        {
            "PING" => SpamdMethod.Ping,
            "SKIP" => SpamdMethod.Skip,
            "CHECK" => SpamdMethod.Check,
            "SYMBOLS" => SpamdMethod.Symbols,
            "REPORT" => SpamdMethod.Report,
            "REPORT_IFSPAM" => SpamdMethod.ReportIfSpam,
            "PROCESS" => SpamdMethod.Process,
            "HEADERS" => SpamdMethod.Headers,
            "TELL" => SpamdMethod.Tell,
            _ => null,
        };

    private static bool TryReadVersion(ReadOnlySpan<char> text, out int version)
    {
        version = 0;
        text = text.TrimEnd(' ');
        var dot = text.IndexOf('.');
        if (
            dot <= 0
            || text.Length > 6
            || !int.TryParse(text[..dot], NumberStyles.None, CultureInfo.InvariantCulture, out var major)
            || !int.TryParse(text[(dot + 1)..], NumberStyles.None, CultureInfo.InvariantCulture, out var minor)
        )
            return false;
        version = (Math.Min(major, 99) * 100) + Math.Min(minor, 99);
        return true;
    }

    private bool TryReadHeader(string line)
    {
        var colon = line.IndexOf(':', StringComparison.Ordinal);
        if (colon < 0)
        {
            Error = "(header not in 'Name: value' format)";
            return false;
        }

        var value = line[(colon + 1)..].TrimStart(' ', '\t');
        switch (line[..colon])
        {
            case "Content-length":
                return TryReadLength(value);
            case "User" when value.Any(c => c is < ' '):
                Error = "(User header contains control chars)";
                return false;
            case "User":
                _request = _request! with { User = value };
                return true;
            case "Compress" when !value.Contains("zlib", StringComparison.OrdinalIgnoreCase):
                Error = $"(compression type not supported: {Printable(value)})";
                return false;
            case "Compress":
                _request = _request! with { IsCompressed = true };
                return true;
            case "Message-class":
                return TryReadClass(value);
            case "Set":
                _request = _request! with { SetsLocal = Names(value, "local"), SetsRemote = Names(value, "remote") };
                return true;
            case "Remove":
                _request = _request! with
                {
                    RemovesLocal = Names(value, "local"),
                    RemovesRemote = Names(value, "remote"),
                };
                return true;
            default:
                return true;
        }
    }

    private bool TryReadLength(string value)
    {
        if (value.Any(c => !char.IsAsciiDigit(c)))
        {
            Error = "(Content-Length contains non-numeric bytes)";
            return false;
        }

        // An empty value is as none; one that no number holds is larger than any mail.
        long? length =
            value.Length == 0 ? null
            : long.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number
            : long.MaxValue;
        _request = _request! with { ContentLength = length };
        return true;
    }

    private bool TryReadClass(string value)
    {
        if (value.ToLowerInvariant() is not ("spam" or "ham"))
        {
            Error = "(Message-class header contains invalid class)";
            return false;
        }

        _request = _request! with { IsSpam = value.Equals("spam", StringComparison.OrdinalIgnoreCase) };
        return true;
    }

    private static bool Names(string value, string place) => value.Contains(place, StringComparison.OrdinalIgnoreCase);

    // What goes back to the client, and into its log, is one short line.
    private static string Printable(string text)
    {
        var start = text.Length > 100 ? text[..100] : text;
        return string.Create(
            start.Length,
            start,
            static (to, from) =>
            {
                for (var i = 0; i < to.Length; i++)
                    to[i] = from[i] is >= ' ' and <= '~' ? from[i] : '?';
            }
        );
    }
}
