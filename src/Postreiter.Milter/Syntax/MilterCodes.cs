namespace Postreiter.Milter.Syntax;

/// <summary>What a mail server says to a milter: the first octet of a packet.</summary>
public enum MilterCommand : byte
{
    /// <summary>The transaction is given up; the connection stays.</summary>
    Abort = (byte)'A',

    /// <summary>A piece of the body.</summary>
    Body = (byte)'B',

    /// <summary>A client has connected.</summary>
    Connect = (byte)'C',

    /// <summary>Values of macros for the command that follows.</summary>
    Macro = (byte)'D',

    /// <summary>The message is whole.</summary>
    EndOfMessage = (byte)'E',

    /// <summary>HELO or EHLO.</summary>
    Helo = (byte)'H',

    /// <summary>The session is over, and another one follows on this connection.</summary>
    QuitNewConnection = (byte)'K',

    /// <summary>A field of the header.</summary>
    Header = (byte)'L',

    /// <summary>MAIL.</summary>
    Mail = (byte)'M',

    /// <summary>The header is whole.</summary>
    EndOfHeader = (byte)'N',

    /// <summary>What both sides can do.</summary>
    Negotiate = (byte)'O',

    /// <summary>The session is over.</summary>
    Quit = (byte)'Q',

    /// <summary>RCPT.</summary>
    Rcpt = (byte)'R',

    /// <summary>DATA.</summary>
    Data = (byte)'T',

    /// <summary>A command that the server does not know.</summary>
    Unknown = (byte)'U',
}

/// <summary>What a milter answers: the first octet of a packet.</summary>
public enum MilterResponse : byte
{
    /// <summary>One more recipient.</summary>
    AddRecipient = (byte)'+',

    /// <summary>One recipient less.</summary>
    DeleteRecipient = (byte)'-',

    /// <summary>One more recipient, with parameters of RCPT.</summary>
    AddRecipientWithArguments = (byte)'2',

    /// <summary>The session is to end with 421.</summary>
    Shutdown = (byte)'4',

    /// <summary>The rest need not be shown.</summary>
    Accept = (byte)'a',

    /// <summary>A piece of another body.</summary>
    ReplaceBody = (byte)'b',

    /// <summary>Go on.</summary>
    Continue = (byte)'c',

    /// <summary>Say that the message was taken, and forget it.</summary>
    Discard = (byte)'d',

    /// <summary>Another sender.</summary>
    ChangeSender = (byte)'e',

    /// <summary>The connection cannot be served.</summary>
    ConnectionFailure = (byte)'f',

    /// <summary>A field at the end of the header.</summary>
    AddHeader = (byte)'h',

    /// <summary>A field at a place of the header.</summary>
    InsertHeader = (byte)'i',

    /// <summary>Another value of a field, or none.</summary>
    ChangeHeader = (byte)'m',

    /// <summary>Negotiation.</summary>
    Negotiate = (byte)'O',

    /// <summary>It is still at work.</summary>
    Progress = (byte)'p',

    /// <summary>The message is to be held, with a reason.</summary>
    Quarantine = (byte)'q',

    /// <summary>5yz.</summary>
    Reject = (byte)'r',

    /// <summary>No more of the same kind need be shown.</summary>
    Skip = (byte)'s',

    /// <summary>4yz.</summary>
    TempFail = (byte)'t',

    /// <summary>A reply of its own.</summary>
    Reply = (byte)'y',
}

/// <summary>What a milter may do to a message (SMFIF_…).</summary>
[Flags]
public enum MilterActions : uint
{
    /// <summary>Nothing.</summary>
    None = 0,

    /// <summary>Add fields.</summary>
    AddHeaders = 0x1,

    /// <summary>Replace the body.</summary>
    ChangeBody = 0x2,

    /// <summary>Add recipients.</summary>
    AddRecipients = 0x4,

    /// <summary>Take recipients away.</summary>
    DeleteRecipients = 0x8,

    /// <summary>Change fields and take them out.</summary>
    ChangeHeaders = 0x10,

    /// <summary>Hold the message.</summary>
    Quarantine = 0x20,

    /// <summary>Change the sender.</summary>
    ChangeSender = 0x40,

    /// <summary>Add recipients with parameters.</summary>
    AddRecipientsWithArguments = 0x80,

    /// <summary>Say which macros it wants.</summary>
    ChooseMacros = 0x100,

    /// <summary>All of version 6.</summary>
    All = 0x1FF,
}

/// <summary>Which steps of the protocol are left out, and how others are done (SMFIP_…).</summary>
[Flags]
public enum MilterSteps : uint
{
    /// <summary>Every step, each with an answer.</summary>
    None = 0,

    /// <summary>No connect.</summary>
    NoConnect = 0x1,

    /// <summary>No HELO.</summary>
    NoHelo = 0x2,

    /// <summary>No MAIL.</summary>
    NoMail = 0x4,

    /// <summary>No RCPT.</summary>
    NoRcpt = 0x8,

    /// <summary>No body.</summary>
    NoBody = 0x10,

    /// <summary>No fields of the header.</summary>
    NoHeaders = 0x20,

    /// <summary>No end of the header.</summary>
    NoEndOfHeader = 0x40,

    /// <summary>Fields get no answer.</summary>
    NoReplyHeader = 0x80,

    /// <summary>No unknown commands.</summary>
    NoUnknown = 0x100,

    /// <summary>No DATA.</summary>
    NoData = 0x200,

    /// <summary>The server understands SKIP.</summary>
    Skip = 0x400,

    /// <summary>Recipients that were refused are shown too.</summary>
    RejectedRcpt = 0x800,

    /// <summary>Connect gets no answer.</summary>
    NoReplyConnect = 0x1000,

    /// <summary>HELO gets no answer.</summary>
    NoReplyHelo = 0x2000,

    /// <summary>MAIL gets no answer.</summary>
    NoReplyMail = 0x4000,

    /// <summary>RCPT gets no answer.</summary>
    NoReplyRcpt = 0x8000,

    /// <summary>DATA gets no answer.</summary>
    NoReplyData = 0x1_0000,

    /// <summary>Unknown commands get no answer.</summary>
    NoReplyUnknown = 0x2_0000,

    /// <summary>The end of the header gets no answer.</summary>
    NoReplyEndOfHeader = 0x4_0000,

    /// <summary>Pieces of the body get no answer.</summary>
    NoReplyBody = 0x8_0000,

    /// <summary>Values of fields begin right behind the colon.</summary>
    HeaderLeadingSpace = 0x10_0000,

    /// <summary>All of version 6.</summary>
    All = 0x1F_FFFF,
}

/// <summary>Moments for which macros are chosen (SMFIM_…).</summary>
public enum MilterStage
{
    /// <summary>Connect.</summary>
    Connect = 0,

    /// <summary>HELO.</summary>
    Helo = 1,

    /// <summary>MAIL.</summary>
    Mail = 2,

    /// <summary>RCPT.</summary>
    Rcpt = 3,

    /// <summary>DATA.</summary>
    Data = 4,

    /// <summary>The end of the message.</summary>
    EndOfMessage = 5,

    /// <summary>The end of the header.</summary>
    EndOfHeader = 6,
}
