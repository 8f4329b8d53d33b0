using System.Globalization;
using Postreiter.Core;
using Postreiter.Imap.Responses;
using Postreiter.Imap.Session;
using Postreiter.Imap.Syntax;
using Postreiter.Storage.Mail;

namespace Postreiter.Imap.Commands;

/// <summary>APPEND (RFC 9051 §6.3.12): the message goes to the blob writer as it comes.</summary>
internal sealed class AppendCommand : IImapCommand
{
    public string Name => "APPEND";

    public ImapStates AllowedIn => ImapStates.LoggedIn;

    /// <summary>Whether the literal that follows is the message: the mailbox has been read already.</summary>
    internal static bool IsMessageNext(ReadOnlySpan<byte> before, ReadOnlySpan<byte> line)
    {
        var args = new ImapReader((byte[])[.. before, .. line]);
        return args.TryTag(out _)
            && args.TrySpace()
            && args.TryKeyword("APPEND"u8)
            && args.TrySpace()
            && args.TryAstring(out _)
            && args.TrySpace();
    }

    public async ValueTask<ImapReply> ExecuteAsync(ImapSession session, ImapReader args, CancellationToken ct)
    {
        if (session.MessageLiteral is not { } literal)
            return ImapReply.Syntax;
        var refusal = TryArguments(session, args, out var name, out var flags, out var date) ? null : ImapReply.Syntax;
        Mailbox? box = null;
        if (refusal is null)
        {
            box = await session.Store.Mail.FindMailboxAsync(session.AccountId, name, ct);
            refusal =
                box is null ? ImapReply.NoTarget
                : literal.Length > session.Options.MaxMessageBytes ? ImapReply.No("Too big", "TOOBIG")
                : literal.Length == 0 ? ImapReply.No("An empty message is not kept")
                : null;
        }

        if (literal.IsNonSync && literal.Length > session.Options.MaxSmallLiteralBytes)
        {
            // L22: it is coming already, and nobody will read it.
            session.Bye("The literal is too big");
            return ImapReply.Bad("The literal is too big");
        }

        if (refusal is not null && !literal.IsNonSync)
            return refusal;
        if (!literal.IsNonSync)
            await session.ContinueAsync("Go on");
        return await ReceiveAsync(session, literal.Length, refusal, box, flags, date, ct);
    }

    private static async ValueTask<ImapReply> ReceiveAsync(
        ImapSession session,
        long length,
        ImapReply? refusal,
        Mailbox? box,
        MessageFlags flags,
        DateTimeOffset date,
        CancellationToken ct
    )
    {
        await using var blob = session.Store.Blobs.Begin();
        var scanner = session.Services.NewScanner();
        Storage.StoreException? fault = null;
        var status = await session.Input.ReadBytesAsync(
            length,
            session.Patience,
            async bytes =>
            {
                if (refusal is not null || fault is not null)
                    return;
                try
                {
                    scanner.Append(bytes.Span);
                    await blob.WriteAsync(bytes, ct);
                }
                catch (Storage.StoreException e)
                {
                    // The rest must still be read, or it would be taken for commands.
                    fault = e;
                }
            }
        );
        var (end, rest) =
            status == InputStatus.Line ? await session.Input.ReadLineAsync(100, session.Patience) : default;
        if (status != InputStatus.Line || end != InputStatus.Line)
        {
            session.Bye("The message did not come");
            return ImapReply.No("Not appended");
        }

        if (fault is not null)
            throw fault;
        if (refusal is not null || rest is not [(byte)'\r', (byte)'\n'] || box is null)
            return refusal ?? ImapReply.Syntax;
        var filing = new Filing
        {
            DeliveryId = TraceId.Create(session.Services.Time.GetUtcNow(), session.Services.Random),
            Content = await blob.CompleteAsync(ct),
            Structure = scanner.Complete().Structure,
            Copies =
            [
                new MailboxCopy
                {
                    AccountId = session.AccountId,
                    MailboxId = box.Id,
                    Flags = flags,
                    InternalDate = date,
                },
            ],
        };
        var result = await session.Store.Mail.FileAsync(filing, ct);
        session.Selected?.ExpectChanges();
        return result.Status switch
        {
            FilingStatus.Filed => ImapReply.Ok(
                "Appended",
                $"APPENDUID {result.Copies[0].UidValidity} {result.Copies[0].Uid}"
            ),
            FilingStatus.OverQuota => ImapReply.OverQuota,
            _ => ImapReply.NoTarget,
        };
    }

    private static bool TryArguments(
        ImapSession session,
        ImapReader args,
        out string name,
        out MessageFlags flags,
        out DateTimeOffset date
    )
    {
        (name, flags, date) = ("", MessageFlags.None, session.Services.Time.GetUtcNow());
        if (!args.TrySpace() || !MailboxName.TryRead(args, session, out name) || !args.TrySpace())
            return false;
        if (args.Peek == '(' && (!args.TryFlagList(out flags) || !args.TrySpace()))
            return false;
        if (args.Peek == '"' && (!args.TryString(out var text) || !TryDate(text, out date) || !args.TrySpace()))
            return false;
        return args.AtEnd;
    }

    /// <summary><c>date-time</c> (RFC 9051 §9), e.g. <c> 1-Jan-2026 12:00:00 +0100</c>.</summary>
    private static bool TryDate(byte[] bytes, out DateTimeOffset date)
    {
        date = default;
        var text = System.Text.Encoding.ASCII.GetString(bytes);
        if (text.Length != 26 || text[21] is not ('+' or '-'))
            return false;
        return DateTimeOffset.TryParseExact(
            text.Insert(24, ":").TrimStart(),
            "d-MMM-yyyy HH:mm:ss zzz",
            CultureInfo.InvariantCulture,
            DateTimeStyles.None,
            out date
        );
    }
}
