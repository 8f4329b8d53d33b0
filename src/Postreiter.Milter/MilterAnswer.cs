using Postreiter.Core;

namespace Postreiter.Milter;

/// <summary>What a milter says to a step.</summary>
public enum MilterVerdict
{
    /// <summary>Go on.</summary>
    Continue,

    /// <summary>No more need be shown of this message; at connect and HELO, of this connection.</summary>
    Accept,

    /// <summary>Refuse.</summary>
    Reject,

    /// <summary>Refuse for now.</summary>
    TempFail,

    /// <summary>Take the message and forget it.</summary>
    Discard,

    /// <summary>No more of the same kind need be shown.</summary>
    Skip,

    /// <summary>Give the reply that it wrote.</summary>
    Reply,

    /// <summary>It did not answer, or not in the protocol: the connection to it is of no more use.</summary>
    Failed,
}

/// <summary>A milter's answer to a step.</summary>
/// <param name="Verdict">What it says.</param>
/// <param name="Reply">The reply it wrote; set with <see cref="MilterVerdict.Reply"/> only.</param>
/// <param name="Reason">Why it failed; empty otherwise.</param>
public sealed record MilterAnswer(MilterVerdict Verdict, SmtpReply? Reply = null, string Reason = "")
{
    /// <summary>Go on.</summary>
    public static readonly MilterAnswer Continue = new(MilterVerdict.Continue);

    /// <summary>No more need be shown.</summary>
    public static readonly MilterAnswer Accept = new(MilterVerdict.Accept);

    /// <summary>With a reply of its own.</summary>
    public static MilterAnswer With(SmtpReply reply) => new(MilterVerdict.Reply, reply);

    /// <summary>It failed.</summary>
    public static MilterAnswer Failed(string reason) => new(MilterVerdict.Failed, Reason: reason);

    /// <summary>Whether the next step comes.</summary>
    public bool GoesOn => Verdict is MilterVerdict.Continue or MilterVerdict.Skip;
}

/// <summary>What a milter wants changed when the message is whole.</summary>
public abstract record MilterChange;

/// <summary>A field behind the last one.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Value">Its value, one character for each octet (ISO 8859-1), lines ended by LF; with or without the white space behind the colon, as was agreed.</param>
public sealed record MilterAddHeader(string Name, string Value) : MilterChange;

/// <summary>A field at a place.</summary>
/// <param name="Index">Fields in front of it.</param>
/// <param name="Name">As in <see cref="MilterAddHeader"/>.</param>
/// <param name="Value">As in <see cref="MilterAddHeader"/>.</param>
public sealed record MilterInsertHeader(int Index, string Name, string Value) : MilterChange;

/// <summary>Another value of a field.</summary>
/// <param name="Index">Which of the fields with that name, from 1.</param>
/// <param name="Name">The name, in any case.</param>
/// <param name="Value">As in <see cref="MilterAddHeader"/>; empty takes the field out.</param>
public sealed record MilterChangeHeader(int Index, string Name, string Value) : MilterChange;

/// <summary>One recipient more.</summary>
/// <param name="Path">The address, with or without brackets.</param>
/// <param name="Arguments">Parameters of RCPT.</param>
public sealed record MilterAddRecipient(string Path, string Arguments) : MilterChange;

/// <summary>One recipient less.</summary>
/// <param name="Path">The address, with or without brackets.</param>
public sealed record MilterDeleteRecipient(string Path) : MilterChange;

/// <summary>Another sender.</summary>
/// <param name="Path">The address, with or without brackets; <c>&lt;&gt;</c> is the null sender.</param>
/// <param name="Arguments">Parameters of MAIL.</param>
public sealed record MilterChangeSender(string Path, string Arguments) : MilterChange;

/// <summary>The message is to be held.</summary>
/// <param name="Reason">Why, for people.</param>
public sealed record MilterQuarantine(string Reason) : MilterChange;

/// <summary>Another body; its pieces were handed over as they came.</summary>
public sealed record MilterReplaceBody : MilterChange;
