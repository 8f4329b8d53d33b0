namespace Postreiter.Settings;

/// <content>Keys of people who read, and their log-ins.</content>
internal static partial class SettingKeys
{
    private static IEnumerable<SettingKey> Mailboxes() =>
        [
            Key(
                "imap.max_connections",
                SettingTypes.Number(1, 1_000_000),
                s => s.Imap.MaxConnections,
                (s, v) => s with { Imap = s.Imap with { MaxConnections = v } },
                "Most connections to each such listener at one time (L12)."
            ),
            Key(
                "imap.max_connections_per_address",
                SettingTypes.Number(1, 1_000_000),
                s => s.Imap.MaxConnectionsPerAddress,
                (s, v) => s with { Imap = s.Imap with { MaxConnectionsPerAddress = v } },
                "As imap.max_connections, for one address (IPv6: one /64); 127.0.0.1 and ::1 are not counted."
            ),
            Key(
                "pop3.max_connections",
                SettingTypes.Number(1, 1_000_000),
                s => s.Pop3.MaxConnections,
                (s, v) => s with { Pop3 = s.Pop3 with { MaxConnections = v } },
                "Most connections to each such listener at one time (L12)."
            ),
            Key(
                "pop3.max_connections_per_address",
                SettingTypes.Number(1, 1_000_000),
                s => s.Pop3.MaxConnectionsPerAddress,
                (s, v) => s with { Pop3 = s.Pop3 with { MaxConnectionsPerAddress = v } },
                "As pop3.max_connections, for one address (IPv6: one /64); 127.0.0.1 and ::1 are not counted."
            ),
            Key(
                "login.max_failures_per_session",
                SettingTypes.Number(1, 100),
                s => s.Login.MaxFailuresPerSession,
                (s, v) => s with { Login = s.Login with { MaxFailuresPerSession = v } },
                "Failed log-ins that end a session (L13): 421 4.7.0, BYE or a closed connection."
            ),
            Key(
                "login.lock_after",
                SettingTypes.Number(3, 10_000),
                s => s.Login.LockAfter,
                (s, v) => s with { Login = s.Login with { LockAfter = v } },
                "Failed log-ins within login.lock_for after which an address (IPv6: its /64) is locked out (L13)."
            ),
            Key(
                "login.lock_for",
                SettingTypes.Duration("1s", "1d"),
                s => s.Login.LockFor,
                (s, v) => s with { Login = s.Login with { LockFor = v } },
                "How long it is locked out, and how far back failures count."
            ),
            Key(
                "login.cache_for",
                SettingTypes.Duration("0s", "1h"),
                s => s.Login.CacheFor,
                (s, v) => s with { Login = s.Login with { CacheFor = v } },
                "How long a password that was right is known again without the slow hash. What is kept in memory "
                    + "is an HMAC under a key of this process; a changed password counts at once. 0s switches it off."
            ),
        ];
}
