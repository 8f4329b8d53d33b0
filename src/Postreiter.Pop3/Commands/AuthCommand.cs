using System.Buffers;
using System.Buffers.Text;
using System.Text;
using Postreiter.Net.Sasl;

namespace Postreiter.Pop3.Commands;

/// <summary>AUTH: logs in by a SASL exchange, with or without an initial response.</summary>
/// <remarks>RFC 5034 §4.</remarks>
internal sealed class AuthCommand : IPop3Command
{
    private static readonly Pop3Reply NotBase64 = Pop3Reply.Bad("not base64");

    private static readonly Pop3Reply BrokenOff = Pop3Reply.Error("authentication broken off") with { Closes = true };

    public Pop3Phases AllowedIn => Pop3Phases.Authorization;

    public async ValueTask<Pop3Reply> ExecuteAsync(
        Pop3Session session,
        ReadOnlyMemory<byte>? argument,
        CancellationToken ct
    )
    {
        if (argument is not { Length: > 0 } text || !Ascii.IsValid(text.Span))
            return Pop3Reply.Syntax;
        var space = text.Span.IndexOf((byte)' ');
        var mechanism = Encoding.ASCII.GetString(space < 0 ? text.Span : text.Span[..space]);
        if (session.BeginSasl(mechanism) is not { } exchange)
            return Pop3Reply.Bad("no such mechanism here");

        ReadOnlyMemory<byte>? response = null;
        if (space >= 0)
        {
            response = Decode(text[(space + 1)..], isInitial: true);
            if (response is null)
                return NotBase64;
        }

        return await RunAsync(session, exchange, response, ct);
    }

    private static async ValueTask<Pop3Reply> RunAsync(
        Pop3Session session,
        SaslExchange exchange,
        ReadOnlyMemory<byte>? response,
        CancellationToken ct
    )
    {
        while (true)
        {
            var step = await exchange.StepAsync(response, ct);
            if (step.Challenge is { } challenge)
            {
                if (await session.AskAsync(challenge, ct) is not { } line)
                    return BrokenOff;
                // RFC 5034 §4: a single "*" cancels the exchange.
                if (line.Span.SequenceEqual("*"u8))
                    return Pop3Reply.Bad("authentication cancelled");
                response = Decode(line, isInitial: false);
                if (response is null)
                    return NotBase64;
            }

            if (step.Result is { } result)
                return await session.LogInAsync(result, ct);
        }
    }

    private static ReadOnlyMemory<byte>? Decode(ReadOnlyMemory<byte> text, bool isInitial)
    {
        // RFC 5034 §4: "=" is an initial response without octets.
        if (isInitial && text.Span.SequenceEqual("="u8))
            return ReadOnlyMemory<byte>.Empty;
        if (isInitial && text.IsEmpty)
            return null;
        var bytes = new byte[Base64.GetMaxDecodedFromUtf8Length(text.Length)];
        var isWhole =
            Base64.DecodeFromUtf8(text.Span, bytes, out var used, out var length) == OperationStatus.Done
            && used == text.Length;
        return isWhole ? bytes.AsMemory(0, length) : default(ReadOnlyMemory<byte>?);
    }
}
