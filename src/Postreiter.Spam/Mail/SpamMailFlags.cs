namespace Postreiter.Spam.Mail;

/// <summary>What is odd about the form of a mail; rules ask for it with <c>check_msg_parse_flags</c>.</summary>
[Flags]
public enum SpamMailFlags
{
    /// <summary>Nothing.</summary>
    None = 0,

    /// <summary>No empty line ends the header (<c>missing_head_body_separator</c>).</summary>
    MissingHeadBodySeparator = 1,

    /// <summary>The line behind a boundary is no header field (<c>missing_mime_headers</c>).</summary>
    MissingMimeHeaders = 2,

    /// <summary>No empty line ends the header of a part (<c>missing_mime_head_body_separator</c>).</summary>
    MissingMimeHeadBodySeparator = 4,

    /// <summary>Text stands behind the last boundary (<c>mime_epilogue_exists</c>).</summary>
    MimeEpilogue = 8,

    /// <summary>A multipart has more parts than are looked at (<c>mimepart_limit_exceeded</c>).</summary>
    MimePartLimitExceeded = 16,

    /// <summary>A name, a value or the whole header was cut (<c>truncated_header</c>).</summary>
    TruncatedHeader = 32,

    /// <summary>The mail is longer than <see cref="SpamMailOptions.MaxScanSize"/>, and its end was not looked at.</summary>
    TruncatedMail = 64,

    /// <summary>A boundary was opened and not closed, or closed and not opened (<c>mime_missing_boundary</c>).</summary>
    MissingBoundary = 128,
}
