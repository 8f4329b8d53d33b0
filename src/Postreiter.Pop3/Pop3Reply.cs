using Postreiter.Storage.Mail;

namespace Postreiter.Pop3;

/// <summary>One reply (RFC 1939 §3), with what follows its first line.</summary>
internal sealed record Pop3Reply
{
    private Pop3Reply(bool isOk, string text) => (IsOk, Text) = (isOk, text);

    /// <summary>+OK or -ERR.</summary>
    public bool IsOk { get; }

    /// <summary>What follows the indicator and a space; a response code of RFC 2449 §8 stands in front.</summary>
    public string Text { get; }

    /// <summary>The lines of a multi-line reply; made one by one while they are sent.</summary>
    public IEnumerable<string>? Lines { get; private init; }

    /// <summary>The message of a multi-line reply; whoever sends the reply disposes it.</summary>
    public MessageContent? Content { get; private init; }

    /// <summary>Lines of the body to send after the header (TOP); null for all.</summary>
    public int? BodyLines { get; private init; }

    /// <summary>Whether the command was a bad one, which L26 counts.</summary>
    public bool IsBadCommand { get; private init; }

    /// <summary>Whether the session ends after it.</summary>
    public bool Closes { get; init; }

    /// <summary>Whether TLS starts after it.</summary>
    public bool StartsTls { get; init; }

    public static Pop3Reply Ok(string text) => new(true, text);

    public static Pop3Reply Multi(string text, IEnumerable<string> lines) => new(true, text) { Lines = lines };

    public static Pop3Reply Message(string text, MessageContent content, int? bodyLines) =>
        new(true, text) { Content = content, BodyLines = bodyLines };

    public static Pop3Reply Error(string text) => new(false, text);

    /// <summary>Syntax, unknown keyword, wrong state.</summary>
    public static Pop3Reply Bad(string text) => new(false, text) { IsBadCommand = true };

    /// <summary>A fault of ours that will pass (RFC 3206 §4).</summary>
    public static readonly Pop3Reply TemporaryFault = Error("[SYS/TEMP] the server has a problem, try again later");

    public static readonly Pop3Reply NoSuchMessage = Error("no such message");

    /// <summary>The message was there at log-in and was removed by another client since.</summary>
    public static readonly Pop3Reply MessageGone = Error("the message has been removed by another client");

    public static readonly Pop3Reply Syntax = Bad("syntax error");

    public static readonly Pop3Reply LineTooLong = Bad("line too long");
}
