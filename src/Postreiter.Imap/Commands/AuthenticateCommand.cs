using System.Buffers;
using System.Buffers.Text;
using Postreiter.Imap.Responses;
using Postreiter.Imap.Session;
using Postreiter.Imap.Syntax;
using Postreiter.Net.Sasl;

namespace Postreiter.Imap.Commands;

/// <summary>AUTHENTICATE (RFC 9051 §6.2.2): a SASL exchange, with or without an initial response.</summary>
internal sealed class AuthenticateCommand : IImapCommand
{
    // The largest response that the mechanisms take, in base64.
    private const int MaxLine = (SaslServer.MaxResponseBytes + 2) / 3 * 4;

    private static readonly ImapReply NotBase64 = ImapReply.Bad("Not base64");

    public string Name => "AUTHENTICATE";

    public ImapStates AllowedIn => ImapStates.NotAuthenticated;

    public async ValueTask<ImapReply> ExecuteAsync(ImapSession session, ImapReader args, CancellationToken ct)
    {
        if (!args.TrySpace() || !args.TryAtom(out var mechanism))
            return ImapReply.Syntax;
        ReadOnlyMemory<byte>? initial = null;
        if (args.TrySpace())
        {
            // RFC 9051 §6.2.2: "=" is an initial response of no octets.
            initial = args.Rest is [(byte)'='] ? ReadOnlyMemory<byte>.Empty : Decode(args.Rest);
            if (initial is null || args.AtEnd)
                return NotBase64;
        }
        else if (!args.AtEnd)
            return ImapReply.Syntax;

        var sasl = session.Services.Sasl;
        var connection = session.Connection;
        if (sasl.Begin(mechanism, connection, session.Options.AllowPlaintext) is { } exchange)
            return await RunAsync(session, exchange, initial, ct);
        // RFC 5530 §3: this one would be there under TLS.
        return !session.AllowsPasswords && sasl.Begin(mechanism, connection, allowPlaintext: true) is not null
            ? ImapReply.No("Start TLS first", "PRIVACYREQUIRED")
            : ImapReply.No("No such mechanism here");
    }

    private static async ValueTask<ImapReply> RunAsync(
        ImapSession session,
        SaslExchange exchange,
        ReadOnlyMemory<byte>? response,
        CancellationToken ct
    )
    {
        while (true)
        {
            var step = await exchange.StepAsync(response, ct);
            if (step.Result is { } result)
                return session.ConcludeLogin(result);
            await session.ContinueAsync(Convert.ToBase64String(step.Challenge.GetValueOrDefault().Span));
            var (status, line) = await session.Input.ReadLineAsync(MaxLine, session.Patience);
            switch (status)
            {
                case InputStatus.Line:
                    break;
                case InputStatus.TooLong:
                    return session.CountTooLong(line);
                default:
                    session.EndInput(status);
                    return ImapReply.Bad("The exchange broke off");
            }

            if (!line.AsSpan().EndsWith("\r\n"u8))
                return ImapReply.Bad("Lines end with CRLF");
            // RFC 9051 §6.2.2: a single "*" cancels, and the answer to that is BAD.
            if (line is [(byte)'*', _, _])
                return ImapReply.Bad("Cancelled");
            response = Decode(line.AsSpan()[..^2]);
            if (response is null)
                return NotBase64;
        }
    }

    private static ReadOnlyMemory<byte>? Decode(ReadOnlySpan<byte> text)
    {
        if (text.ContainsAny(" \t\r\n"u8))
            return null;
        var bytes = new byte[Base64.GetMaxDecodedFromUtf8Length(text.Length)];
        var isWhole =
            Base64.DecodeFromUtf8(text, bytes, out var used, out var length) == OperationStatus.Done
            && used == text.Length;
        return isWhole ? bytes.AsMemory(0, length) : default(ReadOnlyMemory<byte>?);
    }
}
