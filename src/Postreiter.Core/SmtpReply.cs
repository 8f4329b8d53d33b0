using System.Diagnostics.CodeAnalysis;
using System.Globalization;

namespace Postreiter.Core;

/// <summary>An enhanced status code, <c>class "." subject "." detail</c> (RFC 3463 §2).</summary>
/// <param name="Class">2 success, 4 persistent transient failure, 5 permanent failure.</param>
/// <param name="Subject">0 to 999.</param>
/// <param name="Detail">0 to 999.</param>
public readonly record struct EnhancedStatus(int Class, int Subject, int Detail)
{
    /// <summary>Reads <c>5.1.1</c>; exactly three numbers.</summary>
    public static bool TryParse(ReadOnlySpan<char> text, out EnhancedStatus status)
    {
        status = default;
        if (text.Length > 9 || text.Count('.') != 2)
            return false;
        var first = text.IndexOf('.');
        var last = text.LastIndexOf('.');
        if (
            !int.TryParse(text[..first], NumberStyles.None, CultureInfo.InvariantCulture, out var cls)
            || cls is not (2 or 4 or 5)
            || !int.TryParse(text[(first + 1)..last], NumberStyles.None, CultureInfo.InvariantCulture, out var subject)
            || !int.TryParse(text[(last + 1)..], NumberStyles.None, CultureInfo.InvariantCulture, out var detail)
            || subject > 999
            || detail > 999
        )
            return false;
        status = new EnhancedStatus(cls, subject, detail);
        return true;
    }

    /// <inheritdoc/>
    public override string ToString() => $"{Class}.{Subject}.{Detail}";
}

/// <summary>One SMTP reply: what our server says, or what a remote server said (RFC 5321 §4.2).</summary>
public sealed record SmtpReply
{
    /// <summary>A reply of one or more lines.</summary>
    /// <param name="code">200 to 599.</param>
    /// <param name="enhanced">The RFC 2034 status, put in front of every line; null where none belongs (greeting, EHLO, 3yz).</param>
    /// <param name="lines">Text without line ends; at least one line.</param>
    [SetsRequiredMembers]
    public SmtpReply(int code, EnhancedStatus? enhanced, params IReadOnlyList<string> lines)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(code, 200);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(code, 599);
        ArgumentOutOfRangeException.ThrowIfZero(lines.Count);
        (Code, Enhanced, Lines) = (code, enhanced, lines);
    }

    /// <summary>As the other constructor, the status as text, e.g. <c>"5.1.1"</c>.</summary>
    /// <exception cref="FormatException"><paramref name="enhanced"/> is not a status code.</exception>
    [SetsRequiredMembers]
    public SmtpReply(int code, string enhanced, params IReadOnlyList<string> lines)
        : this(
            code,
            EnhancedStatus.TryParse(enhanced, out var status)
                ? status
                : throw new FormatException($"'{enhanced}' is not an enhanced status code"),
            lines
        ) { }

    /// <summary>The three digits.</summary>
    public required int Code { get; init; }

    /// <summary>The enhanced status code, where the reply has one.</summary>
    public required EnhancedStatus? Enhanced { get; init; }

    /// <summary>The text of each line, without code, status and line end.</summary>
    public required IReadOnlyList<string> Lines { get; init; }

    /// <summary>Whether the connection ends after this reply (a 421 always does, RFC 5321 §3.8).</summary>
    public bool ClosesConnection { get; init; }

    /// <summary>We said it ourselves where the other side of an outgoing session gave no reply; reports tell who said what.</summary>
    public bool IsOurs { get; init; }

    /// <summary>2yz.</summary>
    public bool IsPositive => Code < 300;

    /// <summary>3yz.</summary>
    public bool IsIntermediate => Code is >= 300 and < 400;

    /// <summary>4yz: try again later.</summary>
    public bool IsTransient => Code is >= 400 and < 500;

    /// <summary>5yz: do not try again.</summary>
    public bool IsPermanent => Code >= 500;

    /// <summary>Code, status and lines on one line, for logs, queue listings and DSNs.</summary>
    public override string ToString() =>
        Enhanced is { } status ? $"{Code} {status} {string.Join(' ', Lines)}" : $"{Code} {string.Join(' ', Lines)}";
}
