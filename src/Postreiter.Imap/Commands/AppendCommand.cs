using System.Runtime.ExceptionServices;
using Postreiter.Core;
using Postreiter.Imap.Responses;
using Postreiter.Imap.Session;
using Postreiter.Imap.Syntax;
using Postreiter.Messages;
using Postreiter.Storage.Blobs;
using Postreiter.Storage.Mail;

namespace Postreiter.Imap.Commands;

/// <summary>
/// APPEND (RFC 9051 §6.3.12): the message goes to the blob writer as it comes. A synchronising literal is asked for only
/// when nothing speaks against it; another one comes anyway, so it is read to its end before the refusal.
/// </summary>
internal sealed class AppendCommand : IImapCommand
{
    // ")" and the end of the line; more is a mistake.
    private const int MaxRest = 100;

    private static readonly ImapReply NotReceived = ImapReply.No("The message did not come");

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
        // L22, RFC 7888 §5: it is coming already, and nobody will read it.
        if (literal.IsNonSync && literal.Length > session.Options.MaxSmallLiteralBytes)
        {
            session.Meet("L22");
            session.Bye("The literal is too big", "TOOBIG");
            return ImapReply.Bad("The literal is too big");
        }

        var upload = new Upload(session, literal);
        await upload.PrepareAsync(args, ct);
        if (upload.IsRefused && !literal.IsNonSync)
            return upload.Answer();
        if (!literal.IsNonSync)
            await session.ContinueAsync("Go on");
        try
        {
            return await upload.ReceiveAsync(ct) ? await upload.FileAsync(ct) : upload.Answer();
        }
        finally
        {
            await upload.DisposeAsync();
        }
    }

    /// <summary>One message on its way in. A fault of ours waits until the bytes have been read.</summary>
    private sealed class Upload(ImapSession session, LiteralHeader literal) : IAsyncDisposable
    {
        private readonly IMessageScanner _scanner = session.Services.NewScanner();
        private AppendArguments _arguments = AppendArguments.None;
        private Mailbox? _target;
        private BlobWriter? _blob;
        private ImapReply? _refusal;
        private ExceptionDispatchInfo? _fault;

        public bool IsRefused => _refusal is not null || _fault is not null;

        /// <summary>Looks for anything that speaks against the message before it comes.</summary>
        public async ValueTask PrepareAsync(ImapReader args, CancellationToken ct)
        {
            try
            {
                _refusal = AppendArguments.TryRead(args, session, out _arguments)
                    ? await CheckAsync(ct)
                    : ImapReply.Syntax;
                if (_refusal is null)
                    _blob = session.Store.Blobs.Begin();
            }
            catch (Exception e)
            {
                _fault = ExceptionDispatchInfo.Capture(e);
            }
        }

        /// <summary>Reads the literal and the end of the line.</summary>
        /// <returns>Whether the message is there and may be filed.</returns>
        public async ValueTask<bool> ReceiveAsync(CancellationToken ct)
        {
            var status = await session.Input.ReadBytesAsync(
                literal.Length,
                session.Patience,
                isForAll: false,
                b => TakeAsync(b, ct)
            );
            byte[] rest = [];
            if (status == InputStatus.Line)
                (status, rest) = await session.Input.ReadLineAsync(MaxRest, session.Patience);
            if (status is not (InputStatus.Line or InputStatus.TooLong))
            {
                session.EndInput(status);
                _refusal = NotReceived;
                return false;
            }

            if (!rest.AsSpan().SequenceEqual(_arguments.IsUtf8 ? ")\r\n"u8 : "\r\n"u8))
            {
                _refusal ??= ImapReply.Syntax;
                // What follows may be another literal, and would be taken for commands.
                if (status == InputStatus.TooLong || LiteralHeader.Find(rest.AsSpan().TrimEnd("\r\n"u8)) is not null)
                    session.Bye("Something follows the message");
            }

            return !IsRefused;
        }

        public async ValueTask<ImapReply> FileAsync(CancellationToken ct)
        {
            var filing = new Filing
            {
                DeliveryId = TraceId.Create(session.Services.Time.GetUtcNow(), session.Services.Random),
                Content = await _blob!.CompleteAsync(ct),
                Structure = _scanner.Complete().Structure,
                Copies =
                [
                    new MailboxCopy
                    {
                        AccountId = session.AccountId,
                        MailboxId = _target!.Id,
                        Flags = _arguments.Flags,
                        InternalDate = _arguments.Date ?? session.Services.Time.GetUtcNow(),
                    },
                ],
            };
            var result = await session.Store.Mail.FileAsync(filing, ct);
            session.Selected?.ExpectChanges();
            if (result.Status == FilingStatus.Filed && session.Services.Teacher is { } teacher)
            {
                UidRange[] uid = [new(result.Copies[0].Uid)];
                if (_target.Use == SpecialUse.Junk)
                    teacher.Judge(session.AccountId, _target.Id, uid, isSpam: true);
                teacher.Put(session.Account, from: null, _target, uid);
            }

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

        /// <summary>The refusal, or our own fault as an exception.</summary>
        public ImapReply Answer()
        {
            _fault?.Throw();
            return _refusal ?? NotReceived;
        }

        public ValueTask DisposeAsync() => _blob?.DisposeAsync() ?? ValueTask.CompletedTask;

        private async ValueTask<ImapReply?> CheckAsync(CancellationToken ct)
        {
            if (literal.Length > session.Options.MaxMessageBytes)
            {
                session.Meet("L3");
                return ImapReply.No("The message is too big", "TOOBIG");
            }

            if (literal.Length == 0)
                return ImapReply.No("An empty message is not kept");
            if (_arguments.Flags.Keywords.Any(static keyword => keyword.Length > StoreCommand.MaxKeywordLength))
            {
                session.Meet("L25");
                return ImapReply.No("A keyword is too long", "LIMIT");
            }

            _target = await session.Store.Mail.FindMailboxAsync(session.AccountId, _arguments.Mailbox, ct);
            if (_target is null)
                return MailboxName.NoTarget(_arguments.Mailbox);
            if (
                !await session.Keywords.HasRoomAsync(
                    session.Recent,
                    session.Store.Mail,
                    _target.Id,
                    _arguments.Flags,
                    ct
                )
            )
            {
                session.Meet("L25");
                return ImapReply.No("Too many keywords", "LIMIT");
            }

            // F2: told before the data, when it is known then; the store has the last word.
            var account = await session.Store.Directory.FindAccountAsync(session.User!.Address, ct);
            return account is not null && !account.Fits(literal.Length) ? ImapReply.OverQuota : null;
        }

        private async ValueTask TakeAsync(ReadOnlyMemory<byte> bytes, CancellationToken ct)
        {
            if (IsRefused)
                return;
            // Deviation: RFC 6855 §4 refuses 8-bit header fields before ENABLE UTF8=ACCEPT. Old mail has them, and those
            // who move or keep it would lose it; bytes are kept as they are (P8).
            // RFC 9051 §4.3: only literal8 may hold NUL.
            if (!literal.IsBinary && bytes.Span.Contains((byte)0))
            {
                _refusal = ImapReply.No("NUL needs a literal8");
                return;
            }

            try
            {
                _scanner.Append(bytes.Span);
                await _blob!.WriteAsync(bytes, ct);
            }
            catch (Exception e)
            {
                _fault = ExceptionDispatchInfo.Capture(e);
            }
        }
    }
}
