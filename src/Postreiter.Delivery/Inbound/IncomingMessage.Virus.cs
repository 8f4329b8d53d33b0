using Postreiter.Delivery.Reports;
using Postreiter.Delivery.Scanning;
using Postreiter.Storage;
using Postreiter.Storage.Blobs;

namespace Postreiter.Delivery.Inbound;

/// <content>The filter of viruses.</content>
internal sealed partial class IncomingMessage
{
    // Scanners read what is stored, while it arrives.
    private readonly ContentScan? _scan = intake.Virus?.Begin();

    private async ValueTask ScanAsync(ReadOnlyMemory<byte> bytes, CancellationToken ct)
    {
        if (_scan is null)
            return;
        await _scan.AppendAsync(bytes, ct);
        // What is kept apart has to be whole.
        if (_scan.Found is { } found && intake.Virus is { Options.QuarantinesInfected: false } filter)
        {
            var refusal = EarlyRefusal ??= filter.Refuse(peer, envelope, found);
            var outcome = new VirusOutcome
            {
                Refusal = refusal,
                Found = found,
                Steps = [found],
            };
            intake.Gate?.Judge(peer, null, null, size: null, outcome);
            await TellOwnerAsync(filter, found, ct);
        }
    }

    private async Task<VirusOutcome> ScannedAsync(PendingBlob content, CancellationToken ct)
    {
        if (_scan is null || intake.Virus is not { } filter)
            return new VirusOutcome();
        var outcome = await filter.CompleteAsync(_scan, peer, envelope, () => new ContentStream(content), ct);
        if (outcome.Found is { } found)
            await TellOwnerAsync(filter, found, ct, outcome.Quarantine is not null);
        return outcome;
    }

    // A user of ours whose machine or password has fallen into other hands does not see our refusals.
    private async ValueTask TellOwnerAsync(
        VirusFilter filter,
        ScanStep found,
        CancellationToken ct,
        bool isKept = false
    )
    {
        if (peer.User?.Address is not { } user || !filter.MayTell(user))
            return;
        try
        {
            await intake.Notices.TellAsync(
                user,
                isKept
                    ? "Infected mail from your account is kept in quarantine"
                    : "Infected mail from your account was refused",
                $"""
                A message that {user} handed in for sending {(
                    isKept ? "is kept in quarantine" : "was refused"
                )}, because it contains
                {found.Answer.Detail}.

                From:    {envelope.Mail.ReversePath?.ToString() ?? "<>"}
                Client:  {peer.Address}
                Message: {envelope.Id}

                If you did not send it, somebody else has your password, or a program on your
                computer sends mail in your name: change the password and have the computer
                looked at. Of further such messages there is no other notice for an hour.
                """,
                ct
            );
        }
        catch (StoreException e)
        {
            intake.ReplyTo(e, peer, envelope);
        }
    }
}
