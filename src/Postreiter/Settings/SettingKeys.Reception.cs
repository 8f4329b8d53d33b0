namespace Postreiter.Settings;

/// <content>Keys of mail that comes in.</content>
internal static partial class SettingKeys
{
    private static IEnumerable<SettingKey> Reception() =>
        [
            Key(
                "smtp.max_message_size",
                SettingTypes.Size(64L << 10, 1L << 30),
                s => s.Smtp.MaxMessageSize,
                (s, v) => s with { Smtp = s.Smtp with { MaxMessageSize = v } },
                "Largest message taken, in bytes after dots are unstuffed; announced as SIZE. A larger one is "
                    + "refused with 552 5.3.4 (L3)."
            ),
            Key(
                "smtp.max_recipients",
                SettingTypes.Number(100, 100_000),
                s => s.Smtp.MaxRecipients,
                (s, v) => s with { Smtp = s.Smtp with { MaxRecipients = v } },
                "Most recipients of one message; further ones get 452 4.5.3 and the first stay good (L6, RFC "
                    + "5321 §4.5.3.1.8)."
            ),
            Key(
                "smtp.command_timeout",
                SettingTypes.Duration("1s", "1h"),
                s => s.Smtp.CommandTimeout,
                (s, v) => s with { Smtp = s.Smtp with { CommandTimeout = v } },
                "Longest wait for one whole command, not for each byte of it; then 421 4.4.2."
            ),
            Key(
                "smtp.data_timeout",
                SettingTypes.Duration("1s", "1h"),
                s => s.Smtp.DataTimeout,
                (s, v) => s with { Smtp = s.Smtp with { DataTimeout = v } },
                "Longest wait for the next bytes of a message; then 421 4.4.2."
            ),
            Key(
                "smtp.min_data_rate",
                SettingTypes.Number(0, 1_000_000),
                s => s.Smtp.MinDataRate,
                (s, v) => s with { Smtp = s.Smtp with { MinDataRate = v } },
                "Fewest octets a second at which a message may come, over each minute of waiting for it; slower "
                    + "ones get 421 4.4.2."
            ),
            Key(
                "smtp.session_timeout",
                SettingTypes.Duration("1m", "1d"),
                s => s.Smtp.SessionTimeout,
                (s, v) => s with { Smtp = s.Smtp with { SessionTimeout = v } },
                "Longest time in a session without a delivered message; then 421 4.4.2."
            ),
            Key(
                "smtp.verdict_budget",
                SettingTypes.Duration("1s", "5m"),
                s => s.Smtp.VerdictBudget,
                (s, v) => s with { Smtp = s.Smtp with { VerdictBudget = v } },
                "Longest time that all checks of a message may take together after its final dot (F7)."
            ),
            Key(
                "smtp.max_connections",
                SettingTypes.Number(1, 1_000_000),
                s => s.Smtp.MaxConnections,
                (s, v) => s with { Smtp = s.Smtp with { MaxConnections = v } },
                "Most connections to each listener of port 25 or LMTP at one time; further ones get 421 4.7.0 "
                    + "(L12)."
            ),
            Key(
                "smtp.max_connections_per_address",
                SettingTypes.Number(1, 1_000_000),
                s => s.Smtp.MaxConnectionsPerAddress,
                (s, v) => s with { Smtp = s.Smtp with { MaxConnectionsPerAddress = v } },
                "As smtp.max_connections, for one address (IPv6: one /64); 127.0.0.1 and ::1 are not counted."
            ),
            Key(
                "smtp.max_messages_per_session",
                SettingTypes.Number(1, 1_000_000),
                s => s.Smtp.MaxMessagesPerSession,
                (s, v) => s with { Smtp = s.Smtp with { MaxMessagesPerSession = v } },
                "Most messages in one session; then 421 4.7.0, and the client connects anew (L11)."
            ),
            Key(
                "smtp.max_line_length",
                SettingTypes.Number(1000, 1_048_576),
                s => s.Smtp.MaxLineLength,
                (s, v) => s with { Smtp = s.Smtp with { MaxLineLength = v } },
                "Longest line of a message in octets; one with a longer line gets 554 5.6.0 (L2)."
            ),
            Key(
                "smtp.max_errors",
                SettingTypes.Number(2, 1000),
                s => s.Smtp.MaxErrors,
                (s, v) => s with { Smtp = s.Smtp with { MaxErrors = v } },
                "Errors that end a session with 421 4.7.0; the second half of them costs a second each (L8)."
            ),
            Key(
                "smtp.max_unknown_recipients",
                SettingTypes.Number(2, 10_000),
                s => s.Smtp.MaxUnknownRecipients,
                (s, v) => s with { Smtp = s.Smtp with { MaxUnknownRecipients = v } },
                "Unknown recipients that end a session with 421 4.7.1; after the first fifth each costs a second "
                    + "(L9)."
            ),
            Key(
                "smtp.max_idle_commands",
                SettingTypes.Number(10, 10_000),
                s => s.Smtp.MaxIdleCommands,
                (s, v) => s with { Smtp = s.Smtp with { MaxIdleCommands = v } },
                "NOOP, RSET, VRFY, HELP and EHLO between two messages; each further one is an error (L10)."
            ),
            Key(
                "smtp.max_hops",
                SettingTypes.Number(10, 1000),
                s => s.Smtp.MaxHops,
                (s, v) => s with { Smtp = s.Smtp with { MaxHops = v } },
                "Most Received fields; a message with more goes in circles and gets 554 5.4.6 (L7)."
            ),
            Key(
                "smtp.subaddress_separators",
                SettingTypes.Text,
                s => s.Smtp.SubaddressSeparators,
                (s, v) => s with { Smtp = s.Smtp with { SubaddressSeparators = v } },
                "Characters that part user and tag: with \"+\" mail for ann+lists@ is ann's (RFC 5233). Empty "
                    + "switches subaddresses off."
            ),
            Key(
                "submission.max_connections",
                SettingTypes.Number(1, 1_000_000),
                s => s.Submission.MaxConnections,
                (s, v) => s with { Submission = s.Submission with { MaxConnections = v } },
                "Most connections to each such listener at one time (L12)."
            ),
            Key(
                "submission.max_connections_per_address",
                SettingTypes.Number(1, 1_000_000),
                s => s.Submission.MaxConnectionsPerAddress,
                (s, v) => s with { Submission = s.Submission with { MaxConnectionsPerAddress = v } },
                "As submission.max_connections, for one address (IPv6: one /64); 127.0.0.1 and ::1 are not counted."
            ),
            Key(
                "submission.max_messages_per_day",
                SettingTypes.Number(0, 1_000_000),
                s => s.Submission.MaxMessagesPerDay,
                (s, v) => s with { Submission = s.Submission with { MaxMessagesPerDay = v } },
                "Most messages that one account sends to other servers within 24 hours; further ones get 451 4.7.1 (L34). 0 sets "
                    + "no limit."
            ),
            Key(
                "submission.max_new_recipients_per_day",
                SettingTypes.Number(0, 1_000_000),
                s => s.Submission.MaxNewRecipientsPerDay,
                (s, v) => s with { Submission = s.Submission with { MaxNewRecipientsPerDay = v } },
                "Most recipients at other servers within 24 hours whom the account has not written to before; further ones get "
                    + "451 4.7.1 (L34). 0 sets no limit."
            ),
        ];
}
