using Postreiter.Delivery.Milters;

namespace Postreiter.Settings;

/// <content>Keys of foreign filters here, and of our gate for foreign servers.</content>
internal static partial class SettingKeys
{
    private static IEnumerable<SettingKey> Milters() =>
        [
            Key(
                "milter.smtp",
                SettingTypes.List(MilterEntry),
                s => s.Milter.Smtp,
                (s, v) => s with { Milter = s.Milter with { Smtp = v } },
                "Milters that look at mail from other servers, in this order; each sees what those before it have made of a message. They are asked about "
                    + "what our own checks let pass, at every step of a session; what they decide stands in the trace."
            ),
            Key(
                "milter.submission",
                SettingTypes.List(MilterEntry),
                s => s.Milter.Submission,
                (s, v) => s with { Milter = s.Milter with { Submission = v } },
                "Milters that look at mail that users hand in. What they change is in the message before it is signed."
            ),
            Key(
                "milter.lmtp",
                SettingTypes.List(MilterEntry),
                s => s.Milter.Lmtp,
                (s, v) => s with { Milter = s.Milter with { Lmtp = v } },
                "Milters that look at mail that comes by LMTP."
            ),
            Key(
                "milter.on_failure",
                SettingTypes.OneOf<MilterFailure>(),
                s => s.Milter.OnFailure,
                (s, v) => s with { Milter = s.Milter with { OnFailure = v } },
                "What becomes of mail whose milter does not answer in time, or not in the protocol: tempfail answers 451 4.7.1, accept goes on as "
                    + "if that milter were not there, reject answers 550 5.7.1. With the next message it is asked again."
            ),
            Key(
                "milter.connect_timeout",
                SettingTypes.Duration("1s", "5m"),
                s => s.Milter.ConnectTimeout,
                (s, v) => s with { Milter = s.Milter with { ConnectTimeout = v } },
                "Longest wait for a connection to a milter."
            ),
            Key(
                "milter.command_timeout",
                SettingTypes.Duration("1s", "5m"),
                s => s.Milter.CommandTimeout,
                (s, v) => s with { Milter = s.Milter with { CommandTimeout = v } },
                "Longest wait for a milter's answer to a step before the message."
            ),
            Key(
                "milter.content_timeout",
                SettingTypes.Duration("1s", "5m"),
                s => s.Milter.ContentTimeout,
                (s, v) => s with { Milter = s.Milter with { ContentTimeout = v } },
                "Longest wait for a milter's answer to a piece of the message, and to its end; each sign of life begins it anew. After the final dot all "
                    + "of them together have smtp.verdict_budget."
            ),
            Key(
                "milter.keep_connections",
                SettingTypes.Flag,
                s => s.Milter.KeepConnections,
                (s, v) => s with { Milter = s.Milter with { KeepConnections = v } },
                "Whether a connection to a milter serves one session after another (QUIT_NC of version 6). Those made of Sendmail's library cannot: one that "
                    + "gives no answer is asked on a new one for each session from then on."
            ),
            Key(
                "milter.connect_macros",
                SettingTypes.List(SettingTypes.Text),
                s => s.Milter.ConnectMacros,
                (s, v) => s with { Milter = s.Milter with { ConnectMacros = v } },
                "Macros that a milter gets when a client connects, unless it chooses its own. One that has no value then is not sent."
            ),
            Key(
                "milter.helo_macros",
                SettingTypes.List(SettingTypes.Text),
                s => s.Milter.HeloMacros,
                (s, v) => s with { Milter = s.Milter with { HeloMacros = v } },
                "Macros that a milter gets at HELO, unless it chooses its own. One that has no value then is not sent."
            ),
            Key(
                "milter.mail_macros",
                SettingTypes.List(SettingTypes.Text),
                s => s.Milter.MailMacros,
                (s, v) => s with { Milter = s.Milter with { MailMacros = v } },
                "Macros that a milter gets at MAIL, unless it chooses its own. One that has no value then is not sent."
            ),
            Key(
                "milter.rcpt_macros",
                SettingTypes.List(SettingTypes.Text),
                s => s.Milter.RcptMacros,
                (s, v) => s with { Milter = s.Milter with { RcptMacros = v } },
                "Macros that a milter gets at RCPT, unless it chooses its own. One that has no value then is not sent."
            ),
            Key(
                "milter.data_macros",
                SettingTypes.List(SettingTypes.Text),
                s => s.Milter.DataMacros,
                (s, v) => s with { Milter = s.Milter with { DataMacros = v } },
                "Macros that a milter gets at DATA, unless it chooses its own. One that has no value then is not sent."
            ),
            Key(
                "milter.end_of_header_macros",
                SettingTypes.List(SettingTypes.Text),
                s => s.Milter.EndOfHeaderMacros,
                (s, v) => s with { Milter = s.Milter with { EndOfHeaderMacros = v } },
                "Macros that a milter gets when the header is whole, unless it chooses its own. One that has no value then is not sent."
            ),
            Key(
                "milter.end_of_message_macros",
                SettingTypes.List(SettingTypes.Text),
                s => s.Milter.EndOfMessageMacros,
                (s, v) => s with { Milter = s.Milter with { EndOfMessageMacros = v } },
                "Macros that a milter gets when the message is whole, unless it chooses its own. One that has no value then is not sent."
            ),
            Key(
                "foreign.allow_from",
                SettingTypes.List(SettingTypes.Network),
                s => s.Foreign.AllowFrom,
                (s, v) => s with { Foreign = s.Foreign with { AllowFrom = v } },
                "Who may ask at listen.milter and listen.policy; others are let go without a word. [] is everybody. A unix socket counts as loopback."
            ),
            Key(
                "foreign.max_connections",
                SettingTypes.Number(1, 1_000_000),
                s => s.Foreign.MaxConnections,
                (s, v) => s with { Foreign = s.Foreign with { MaxConnections = v } },
                "Most connections to each such listener at one time: a Postfix has one for each of its sessions (L12)."
            ),
            Key(
                "foreign.on_quarantine",
                SettingTypes.OneOf<ForeignQuarantine>(),
                s => s.Foreign.OnQuarantine,
                (s, v) => s with { Foreign = s.Foreign with { OnQuarantine = v } },
                "What the asking server is told of mail that its sender's domain wants set aside (DMARC), and of what would go to Junk here: mark "
                    + "lets it go on with its marks, by which that server can file it; hold asks it to keep it back, as postsuper -r releases it."
            ),
            Key(
                "foreign.add_results",
                SettingTypes.Flag,
                s => s.Foreign.AddResults,
                (s, v) => s with { Foreign = s.Foreign with { AddResults = v } },
                "Whether messages get an Authentication-Results field with what was found of their sender; one with our name that came with a "
                    + "message is taken out."
            ),
        ];
}
