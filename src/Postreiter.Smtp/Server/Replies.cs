using Postreiter.Core;

namespace Postreiter.Smtp.Server;

/// <summary>Replies that are always the same.</summary>
internal static class Replies
{
    public static readonly SmtpReply Ok = new(250, "2.0.0", "OK");
    public static readonly SmtpReply SenderOk = new(250, "2.1.0", "Sender OK");
    public static readonly SmtpReply RecipientOk = new(250, "2.1.5", "Recipient OK");
    public static readonly SmtpReply StartData = new(
        354,
        (EnhancedStatus?)null,
        "Send the message, end with CRLF.CRLF"
    );
    public static readonly SmtpReply Bye = new(221, "2.0.0", "Bye") { ClosesConnection = true };
    public static readonly SmtpReply LineTooLong = new(500, "5.5.2", "Line too long");
    public static readonly SmtpReply Unknown = new(500, "5.5.1", "Unknown command; HELP lists them");
    public static readonly SmtpReply ControlCharacter = new(500, "5.5.2", "Control or 8-bit character in the command");
    public static readonly SmtpReply NoArguments = new(501, "5.5.4", "This command takes no argument");
    public static readonly SmtpReply NotAllowed = new(502, "5.5.1", "This command is not offered here");
    public static readonly SmtpReply OwnFault = new(451, "4.3.0", "Temporary failure on our side, try again later");
    public static readonly SmtpReply TooManyRecipients = new(452, "4.5.3", "Too many recipients, send the rest later");
    public static readonly SmtpReply TooBig = new(552, "5.3.4", "Message too big");
    public static readonly SmtpReply NoRecipients = new(554, "5.5.1", "No valid recipients");
    public static readonly SmtpReply TextLineTooLong = new(554, "5.6.0", "A line of the message is too long");
    public static readonly SmtpReply NulInText = new(554, "5.6.0", "The message has NUL characters");

    public static readonly SmtpReply BareLineEnd = new(550, "5.5.2", "A CR or LF stands alone; lines end with CRLF")
    {
        ClosesConnection = true,
    };

    public static readonly SmtpReply Endless = Closing("4.7.0", "No end of line in sight");
    public static readonly SmtpReply Stopping = Closing("4.3.2", "The server is going down, try again later");
    public static readonly SmtpReply TimedOut = Closing("4.4.2", "Waited too long");
    public static readonly SmtpReply TooSlow = Closing("4.4.2", "The message comes too slowly");
    public static readonly SmtpReply TooManyErrors = Closing("4.7.0", "Too many errors");
    public static readonly SmtpReply TooManyUnknown = Closing("4.7.1", "Too many unknown recipients");
    public static readonly SmtpReply TooManyMessages = Closing(
        "4.7.0",
        "Enough messages for one session, connect again"
    );
    public static readonly SmtpReply TooManyLogins = Closing("4.7.0", "Too many failed log-ins");

    private static SmtpReply Closing(string status, string text) => new(421, status, text) { ClosesConnection = true };
}
