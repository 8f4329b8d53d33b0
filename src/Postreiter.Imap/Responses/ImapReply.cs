namespace Postreiter.Imap.Responses;

/// <summary>The tagged answer to one command (RFC 9051 §7.1).</summary>
/// <param name="Status">OK, NO or BAD.</param>
/// <param name="Code">Response code without brackets, or null.</param>
/// <param name="Text">Words for people.</param>
internal sealed record ImapReply(string Status, string? Code, string Text)
{
    public static readonly ImapReply Syntax = Bad("Syntax error in arguments");
    public static readonly ImapReply NoMailbox = No("No such mailbox", "NONEXISTENT");
    public static readonly ImapReply ReadOnly = No("The mailbox is open for reading only", "READ-ONLY");
    public static readonly ImapReply OverQuota = No("The quota is used up", "OVERQUOTA");
    public static readonly ImapReply NoTarget = No("No such target mailbox", "TRYCREATE");

    public bool IsBad => Status == "BAD";

    public static ImapReply Ok(string text, string? code = null) => new("OK", code, text);

    public static ImapReply No(string text, string? code = null) => new("NO", code, text);

    public static ImapReply Bad(string text, string? code = null) => new("BAD", code, text);
}
