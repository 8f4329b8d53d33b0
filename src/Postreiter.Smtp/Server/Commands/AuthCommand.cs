using System.Buffers.Text;
using System.Text;
using Postreiter.Core;
using Postreiter.Net;
using Postreiter.Net.Sasl;

namespace Postreiter.Smtp.Server.Commands;

/// <summary>AUTH: a SASL exchange.</summary>
/// <remarks>RFC 4954 §4.</remarks>
internal sealed class AuthCommand : ISmtpCommand
{
    private static readonly SmtpReply Done = new(235, "2.7.0", "Logged in");
    private static readonly SmtpReply IsIn = new(503, "5.5.1", "Logged in already");
    private static readonly SmtpReply Syntax = new(501, "5.5.4", "Syntax: AUTH mechanism [initial-response]");
    private static readonly SmtpReply UnknownMechanism = new(504, "5.5.4", "This mechanism is not offered");
    private static readonly SmtpReply NeedsTls = new(538, "5.7.11", "This mechanism needs TLS");
    private static readonly SmtpReply BadBase64 = new(501, "5.5.2", "That is no base64");
    private static readonly SmtpReply Cancelled = new(501, "5.7.0", "Cancelled");
    private static readonly SmtpReply Failed = new(535, "5.7.8", "User name or password is wrong");
    private static readonly SmtpReply Unavailable = new(
        454,
        "4.7.0",
        "Log-in is not possible at the moment, try again later"
    );

    public SmtpPhases AllowedIn => SmtpPhases.Ready;

    public async ValueTask<SmtpReply?> ExecuteAsync(
        SmtpSession session,
        ReadOnlyMemory<byte> arguments,
        CancellationToken ct
    )
    {
        if (session.Sasl is null || !session.Peer.IsExtended)
            return Replies.NotAllowed;
        if (session.Peer.User is not null)
            return IsIn;
        var words = Encoding.Latin1.GetString(arguments.Span).Split(' ');
        if (words.Length > 2 || words[0].Length == 0)
            return Syntax;
        if (session.Sasl.Begin(words[0], session.Connection, session.Options.AllowPlaintextAuth) is not { } exchange)
            return words[0].ToUpperInvariant() is "PLAIN" or "LOGIN" ? NeedsTls : UnknownMechanism;

        ReadOnlyMemory<byte>? response = null;
        if (words.Length == 2 && !TryDecode(Encoding.Latin1.GetBytes(words[1]), out response))
            return BadBase64;
        while (true)
        {
            SaslStep step;
            try
            {
                step = await exchange.StepAsync(response, ct);
            }
            catch (Exception e)
            {
                // F12: whoever says who is who cannot answer; that is no wrong password.
                session.LogFault(e);
                return Unavailable;
            }

            if (step.Result is { } result)
                return await EndAsync(session, result, words[0].ToUpperInvariant());
            var challenge = new SmtpReply(
                334,
                (EnhancedStatus?)null,
                Convert.ToBase64String(step.Challenge!.Value.Span)
            );
            var (line, fault) = await session.AskAsync(challenge);
            if (fault is not null)
                return fault;
            if (line.Span.SequenceEqual("*"u8))
                return Cancelled;
            if (!TryDecode(line.Span, out response))
                return BadBase64;
        }
    }

    private static async ValueTask<SmtpReply> EndAsync(
        SmtpSession session,
        AuthenticationResult result,
        string mechanism
    )
    {
        SmtpMetrics.Login(result.Status);
        switch (result.Status)
        {
            case AuthenticationStatus.Succeeded:
                (session.Peer.User, session.Peer.Mechanism) = (result.User, mechanism);
                return Done;
            case AuthenticationStatus.Unavailable:
                return Unavailable;
            default:
                return await session.CountFailedLoginAsync(Failed);
        }
    }

    // RFC 4954 §4: a response without bytes is "=" when it comes with the command, an empty line later.
    private static bool TryDecode(ReadOnlySpan<byte> text, out ReadOnlyMemory<byte>? bytes)
    {
        bytes = ReadOnlyMemory<byte>.Empty;
        if (text.IsEmpty || text.SequenceEqual("="u8))
            return true;
        // The decoder passes over white space; RFC 4648 §3.1 does not.
        if (text.ContainsAny(" \t\r\n"u8))
            return false;
        var decoded = new byte[Base64.GetMaxDecodedFromUtf8Length(text.Length)];
        if (
            Base64.DecodeFromUtf8(text, decoded, out var consumed, out var written)
                != System.Buffers.OperationStatus.Done
            || consumed != text.Length
        )
            return false;
        bytes = decoded.AsMemory(0, written);
        return true;
    }
}
