using Postreiter.Spam.Mail.Received;

namespace Postreiter.Spam.Mail;

/// <summary>
/// The way of a mail by its Received fields, the last handover first, cut twice: where the site's trust ends, and where the site ends.
/// </summary>
public sealed class ReceivedTrail
{
    private readonly List<Relay> _trusted = [];
    private readonly List<Relay> _untrusted = [];
    private readonly List<Relay> _internal = [];
    private readonly List<Relay> _external = [];

    private ReceivedTrail() { }

    /// <summary>Relays whose word is believed; the last of them is the first in time.</summary>
    public IReadOnlyList<Relay> Trusted => _trusted;

    /// <summary>Relays behind the trust border; the first of them spoke to a trusted one.</summary>
    public IReadOnlyList<Relay> Untrusted => _untrusted;

    /// <summary>Relays of the site itself.</summary>
    public IReadOnlyList<Relay> Internal => _internal;

    /// <summary>Relays outside the site; the first of them spoke to it.</summary>
    public IReadOnlyList<Relay> External => _external;

    /// <summary>Fields that tell of a handover which could not be read.</summary>
    public int Unparseable { get; private set; }

    /// <summary>Place among the Received fields, from 0, of the lowest trusted one; −1 if none is.</summary>
    public int LastTrustedIndex { get; private set; } = -1;

    /// <summary>Place among the Received fields, from 0, of the lowest internal one; −1 if none is.</summary>
    public int LastInternalIndex { get; private set; } = -1;

    /// <summary>The relays in the form that rules match on, joined by a blank; "" for none.</summary>
    public static string Describe(IReadOnlyList<Relay> relays) => string.Join(' ', relays);

    internal static ReceivedTrail Read(IEnumerable<string> fields, SpamMailOptions options)
    {
        var trail = new ReceivedTrail();
        trail.Follow(fields, options);
        return trail;
    }

    private void Follow(IEnumerable<string> fields, SpamMailOptions options)
    {
        var trusts = options.TrustedNetworks ?? options.InternalNetworks;
        var owns = options.InternalNetworks ?? options.TrustedNetworks;
        var (isTrusted, isInternal, isFetcherBelieved) = (true, true, true);
        var hasMsa = false;
        string? scannedFrom = null;
        foreach (var field in fields)
        {
            var sender = scannedFrom;
            var reading = ReceivedParser.Read(field, out var relay, out scannedFrom);
            if (reading == Reading.Fetcher && isFetcherBelieved)
            {
                // What was above is the way out of somebody's mailbox.
                _trusted.Clear();
                _internal.Clear();
                _external.Clear();
            }

            if (relay is null)
            {
                Unparseable += reading == Reading.Other ? 1 : 0;
                LastTrustedIndex += isTrusted ? 1 : 0;
                LastInternalIndex += isInternal ? 1 : 0;
                continue;
            }

            if (!string.IsNullOrEmpty(sender))
                relay = relay with { EnvelopeFrom = sender };
            if (isTrusted && !hasMsa)
            {
                if (trusts is null)
                {
                    // Nothing is said: private addresses and people who logged in are ours.
                    if (!relay.IsPrivate && relay.Auth.Length == 0)
                        isTrusted = isInternal = false;
                }
                else if (relay.Auth.Length == 0 && !trusts.Contains(relay.Ip))
                {
                    isTrusted = isInternal = false;
                }
                else
                {
                    if (isInternal && relay.Auth.Length == 0 && !owns!.Contains(relay.Ip))
                        isInternal = false;
                    if (options.MsaNetworks.Contains(relay.Ip))
                    {
                        hasMsa = true;
                        relay = relay with { Msa = true };
                    }
                }
            }

            relay = relay with { Internal = isInternal };
            (isTrusted ? _trusted : _untrusted).Add(relay);
            (isInternal ? _internal : _external).Add(relay);
            isFetcherBelieved = isTrusted;
            LastTrustedIndex += isTrusted ? 1 : 0;
            LastInternalIndex += isInternal ? 1 : 0;
        }
    }
}
