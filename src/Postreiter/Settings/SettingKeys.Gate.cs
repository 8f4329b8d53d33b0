using Postreiter.Delivery.Gate.Greylisting;

namespace Postreiter.Settings;

/// <content>Keys of what is looked at before the message.</content>
internal static partial class SettingKeys
{
    private static IEnumerable<SettingKey> Gate() =>
        [
            Key(
                "greylist.mode",
                SettingTypes.OneOf<GreylistMode>(),
                s => s.Greylist.Mode,
                (s, v) => s with { Greylist = s.Greylist with { Mode = v } },
                "off, on (every unknown triplet waits) or smart (only callers with something against them)."
            ),
            Key(
                "greylist.delay",
                SettingTypes.Duration("1s", "30d"),
                s => s.Greylist.Delay,
                (s, v) => s with { Greylist = s.Greylist with { Delay = v } },
                "How long a triplet of client network, sender and recipient waits that is not known."
            ),
            Key(
                "greylist.window",
                SettingTypes.Duration("1s", "30d"),
                s => s.Greylist.Window,
                (s, v) => s with { Greylist = s.Greylist with { Window = v } },
                "Within which time it must come again."
            ),
            Key(
                "greylist.lifetime",
                SettingTypes.Duration("1s", "365d"),
                s => s.Greylist.Lifetime,
                (s, v) => s with { Greylist = s.Greylist with { Lifetime = v } },
                "How long a triplet that passed stays known after its last use."
            ),
            Key(
                "greylist.allow",
                SettingTypes.List(SettingTypes.Text),
                s => s.Greylist.Allow,
                (s, v) => s with { Greylist = s.Greylist with { Allow = v } },
                "Clients that are never delayed: a host name (and all below it), an address, its first octets, a network, or \"/expression/\" "
                    + "over the name. A domain also lets in whom SPF vouches for with it, whatever its hosts are called."
            ),
            Key(
                "greylist.allow_files",
                SettingTypes.List(SettingTypes.Text),
                s => s.Greylist.AllowFiles,
                (s, v) => s with { Greylist = s.Greylist with { AllowFiles = v } },
                "Files of such clients, one a line, in the forms of postgrey and SQLgrey. A relative path starts at the data folder; those that "
                    + "are not there are passed over. They are read again with SIGHUP."
            ),
            Key(
                "lists.allow",
                SettingTypes.List(ListEntry),
                s => s.Lists.Allow,
                (s, v) => s with { Lists = s.Lists with { Allow = v } },
                "Senders that are let in: each counts -100. With \" for example.org\" or \" for user@example.org\" behind it an entry holds for mail "
                    + "to that domain or account of ours alone. An entry for a sender counts nothing where SPF says that it is forged; one for an "
                    + "author (From) counts where SPF or DKIM vouches for its domain. What postreiter list adds holds beside these, without a reload."
            ),
            Key(
                "lists.block",
                SettingTypes.List(ListEntry),
                s => s.Lists.Block,
                (s, v) => s with { Lists = s.Lists with { Block = v } },
                "Senders that are not wanted: each counts +100, and what counts spam.reject_at or more is refused at RCPT with 550 5.7.1. Entries of "
                    + "all scopes add up: an account may want whom the site does not."
            ),
            Key(
                "lists.welcome",
                SettingTypes.Points(-20, 0),
                s => s.Lists.Welcome,
                (s, v) => s with { Lists = s.Lists with { Welcome = v } },
                "Points of a sender to whom an account has written, for the mail of that account, where SPF or DKIM vouches for the sender. An account "
                    + "gains as many correspondents a day as submission.max_new_recipients_per_day lets it write to; they are known for "
                    + "greylist.lifetime after the last mail. 0 switches it off."
            ),
            Key(
                "lists.allow_mailbox",
                SettingTypes.Text,
                s => s.Lists.AllowMailbox,
                (s, v) => s with { Lists = s.Lists with { AllowMailbox = v } },
                "A user who makes a mailbox of this name, at the top or below INBOX, and moves mail there allows its sender; who moves it out again "
                    + "takes that back. Empty switches it off."
            ),
            Key(
                "lists.block_mailbox",
                SettingTypes.Text,
                s => s.Lists.BlockMailbox,
                (s, v) => s with { Lists = s.Lists with { BlockMailbox = v } },
                "As lists.allow_mailbox: such mail's sender is blocked."
            ),
            Key(
                "batv.domains",
                SettingTypes.List(SettingTypes.Host),
                s => s.BounceTags.Domains,
                (s, v) => s with { BounceTags = s.BounceTags with { Domains = v } },
                "Domains of ours whose users' mail goes to other servers with a sender that has a tag (BATV), so that notices about mail that nobody here "
                    + "sent are known. Mailing lists that know their members by the envelope's sender, and servers that send in your name, will "
                    + "not do with it: none by default. What was sent before a domain stands here has no tag: begin with batv.on_backscatter = \"mark\" for "
                    + "two weeks."
            ),
            Key(
                "batv.days",
                SettingTypes.Number(1, 30),
                s => s.BounceTags.Days,
                (s, v) => s with { BounceTags = s.BounceTags with { Days = v } },
                "How many days a tag is good: as long as a message may wait here and at another server, and some more."
            ),
            Key(
                "batv.on_backscatter",
                SettingTypes.OneOf<RefusalAction>(),
                s => s.BounceTags.OnBackscatter,
                (s, v) => s with { BounceTags = s.BounceTags with { OnBackscatter = v } },
                "What follows from a notice (a message with the empty sender) to an address of such a domain without a good tag: reject answers 550 5.7.1 "
                    + "after the message, mark files it into Junk. Readers' receipts need no tag."
            ),
            Key(
                "dnsbl.lists",
                SettingTypes.List(DnsListEntry),
                s => s.Gate.DnsLists,
                (s, v) => s with { Gate = s.Gate with { DnsLists = v } },
                "Lists of addresses in the DNS, asked for each client, with the points of their answers; points below zero are for lists of good "
                    + "hosts. A list that refuses our resolver says nothing. Mind the terms of use of public lists."
            ),
            Key(
                "gate.dns_timeout",
                SettingTypes.Duration("100ms", "30s"),
                s => s.Gate.DnsTimeout,
                (s, v) => s with { Gate = s.Gate with { DnsTimeout = v } },
                "How long the first RCPT waits for the DNS, each kind of check for itself. What is not known then is no reason for anything (F8)."
            ),
            Key(
                "gate.greet_delay",
                SettingTypes.Duration("0s", "30s"),
                s => s.Gate.GreetDelay,
                (s, v) => s with { Gate = s.Gate with { GreetDelay = v } },
                "How long the greeting of a client waits that greylisting does not know, to see whether it speaks before: senders of spam often do."
            ),
            Key(
                "gate.on_early_talker",
                SettingTypes.OneOf<RefusalAction>(),
                s => s.Gate.OnEarlyTalker,
                (s, v) => s with { Gate = s.Gate with { OnEarlyTalker = v } },
                "What follows from speaking before the greeting: mark counts 3 points, reject answers 554 5.5.1."
            ),
            Key(
                "gate.on_no_domain",
                SettingTypes.OneOf<RefusalAction>(),
                s => s.Gate.OnNoDomain,
                (s, v) => s with { Gate = s.Gate with { OnNoDomain = v } },
                "What follows from a sender whose domain is not in the DNS (reject answers 550 5.1.8) or says that it has no mail (550 5.7.27); "
                    + "mark is a reason to wait for greylist.mode = \"smart\"."
            ),
            Key(
                "gate.connections_per_minute",
                SettingTypes.Number(0, 1_000_000),
                s => s.Gate.ConnectionsPerMinute,
                (s, v) => s with { Gate = s.Gate with { ConnectionsPerMinute = v } },
                "Connections a minute of a client network, /24 or /64; further ones get 421 4.7.0. 0 is any number."
            ),
            Key(
                "gate.messages_per_minute",
                SettingTypes.Number(0, 1_000_000),
                s => s.Gate.MessagesPerMinute,
                (s, v) => s with { Gate = s.Gate with { MessagesPerMinute = v } },
                "Messages a minute of a client network; further ones get 451 4.7.1 to MAIL. 0 is any number."
            ),
            Key(
                "gate.recipients_per_minute",
                SettingTypes.Number(0, 1_000_000),
                s => s.Gate.RecipientsPerMinute,
                (s, v) => s with { Gate = s.Gate with { RecipientsPerMinute = v } },
                "Recipients a minute of a client network; further ones get 451 4.7.1. 0 is any number."
            ),
            Key(
                "trace.keep",
                SettingTypes.Duration("0s", "3650d"),
                s => s.Gate.KeepTraces,
                (s, v) => s with { Gate = s.Gate with { KeepTraces = v } },
                "How long it is kept why each message or attempt was taken, marked, deferred or refused; postreiter trace prints it. 0s keeps nothing."
            ),
        ];
}
