namespace Postreiter.Settings;

/// <content>Keys of what is done with unwanted mail.</content>
internal static partial class SettingKeys
{
    private static IEnumerable<SettingKey> Filters() =>
        [
            Key(
                "spam.rules",
                SettingTypes.List(SettingTypes.Text),
                s => s.Spam.Rules,
                (s, v) => s with { Spam = s.Spam with { Rules = v } },
                "Folders and files with rules in SpamAssassin's language, read in this order; those that are not there are passed "
                    + "over. A relative path starts at the data folder. Where /usr/share/spamassassin is named and holds no rules, those "
                    + "beside the program stand in for it. Without any rules nothing is scanned. They are read again with "
                    + "SIGHUP, while mail goes on. Mail on its way in is judged only by rules of which nearly all functions are there; "
                    + "postreiter spam lint tells which are not. A message that comes while the first rules are being read waits for "
                    + "them, as long as smtp.verdict_budget; then spam.on_failure holds."
            ),
            Key(
                "spam.preferences",
                SettingTypes.Text,
                s => s.Spam.Preferences,
                (s, v) => s with { Spam = s.Spam with { Preferences = v } },
                "Folder with users' preferences in SpamAssassin's language, USER.cf: lists, points of rules, required_score, marks. USER is an "
                    + "account's address, for messages to that account alone, or the name that a client of listen.spamd gives. Rules of "
                    + "users are not read. A file is read again when it changes."
            ),
            Key(
                "spam.threshold",
                SettingTypes.Points(-1000, 1000),
                s => s.Spam.Threshold,
                (s, v) => s with { Spam = s.Spam with { Threshold = v } },
                "Points from which a message is spam: it is marked and goes to Junk. It holds instead of the rules' own required_score."
            ),
            Key(
                "spam.reject_at",
                SettingTypes.Points(-1000, 1000),
                s => s.Spam.RejectAt,
                (s, v) => s with { Spam = s.Spam with { RejectAt = v } },
                "Points from which a message is refused in the session, with 550 5.7.1; so its sender is told."
            ),
            Key(
                "spam.quarantine_at",
                SettingTypes.Points(-1000, 1000),
                s => s.Spam.QuarantineAt,
                (s, v) => s with { Spam = s.Spam with { QuarantineAt = v } },
                "Points from which spam is kept in the quarantine (postreiter quarantine) instead of Junk; with the default none is."
            ),
            Key(
                "spam.subject_tag",
                SettingTypes.Text,
                s => s.Spam.SubjectTag,
                (s, v) => s with { Spam = s.Spam with { SubjectTag = v } },
                "Put in front of the subject of spam, e.g. \"**** SPAM ****\"; template tags such as _SCORE_ are filled. Empty leaves "
                    + "it alone, and then spam is stored as it came."
            ),
            Key(
                "spam.max_scan_size",
                SettingTypes.Size(16L << 10, 64L << 20),
                s => s.Spam.MaxScanSize,
                (s, v) => s with { Spam = s.Spam with { MaxScanSize = v } },
                "How much of a message is scanned. Of a larger one only so much of its beginning, which its field X-Spam-Scanned "
                    + "says."
            ),
            Key(
                "spam.on_failure",
                SettingTypes.OneOf<ScannerFailure>(),
                s => s.Spam.OnFailure,
                (s, v) => s with { Spam = s.Spam with { OnFailure = v } },
                "What becomes of a message whose scan fails or is not through within smtp.verdict_budget: accept takes it and marks "
                    + "it as unscanned, defer answers 451 4.7.1 (F7)."
            ),
            Key(
                "spam.on_failure_lmtp",
                SettingTypes.OneOf<ListenerFailure>(),
                s => s.Spam.OnFailureLmtp,
                (s, v) => s with { Spam = s.Spam with { OnFailureLmtp = v } },
                "The same for listen.lmtp: accept for a program without a queue of its own, defer for one that comes again; same is as spam.on_failure says."
            ),
            Key(
                "spam.network",
                SettingTypes.Flag,
                s => s.Spam.Network,
                (s, v) => s with { Spam = s.Spam with { Network = v } },
                "Whether rules may ask the DNS: lists of relays, of the hosts in links, of senders. It also chooses the points that rules "
                    + "have for that. It holds for listen.spamd too; postreiter spam check asks only with --network."
            ),
            Key(
                "spam.network_budget",
                SettingTypes.Duration("100ms", "1m"),
                s => s.Spam.NetworkBudget,
                (s, v) => s with { Spam = s.Spam with { NetworkBudget = v } },
                "Longest wait for the DNS, for all questions of one message together; the rules' own rbl_timeout holds beside it. What is "
                    + "not answered then counts as not listed. The sender waits for it after the final dot, within smtp.verdict_budget."
            ),
            Key(
                "spam.learn_from_users",
                SettingTypes.Flag,
                s => s.Spam.LearnFromUsers,
                (s, v) => s with { Spam = s.Spam with { LearnFromUsers = v } },
                "Whether a user who moves mail into Junk or out of it, or sets the keyword $Junk or $NotJunk, teaches the filter; what "
                    + "an account teaches counts for its own mail alone."
            ),
            Key(
                "spamd.allow_from",
                SettingTypes.List(SettingTypes.Network),
                s => s.Spamd.AllowFrom,
                (s, v) => s with { Spamd = s.Spamd with { AllowFrom = v } },
                "Who may have mail scanned at listen.spamd and listen.spamds; others are let go without a word. [] is everybody."
            ),
            Key(
                "spamd.allow_tell",
                SettingTypes.Flag,
                s => s.Spamd.AllowTell,
                (s, v) => s with { Spamd = s.Spamd with { AllowTell = v } },
                "Whether they may also say what is spam and what is not (TELL; spamc -L): an account learns by its own address, all "
                    + "others for the server. Without it the answer is 69."
            ),
            Key(
                "spamd.max_connections",
                SettingTypes.Number(1, 1_000_000),
                s => s.Spamd.MaxConnections,
                (s, v) => s with { Spamd = s.Spamd with { MaxConnections = v } },
                "Most connections to each such listener at one time; further ones get 75 (L12)."
            ),
            Key(
                "spamd.max_message_size",
                SettingTypes.Size(64L << 10, 1L << 30),
                s => s.Spamd.MaxMessageSize,
                (s, v) => s with { Spamd = s.Spamd with { MaxMessageSize = v } },
                "Largest mail taken there, also after it is unpacked; a larger one gets 65, and its client keeps it as it was."
            ),
            Key(
                "spamd.timeout",
                SettingTypes.Duration("1s", "1h"),
                s => s.Spamd.Timeout,
                (s, v) => s with { Spamd = s.Spamd with { Timeout = v } },
                "Longest time for all of a request; then 79."
            ),
            Key(
                "virus.scanners",
                SettingTypes.List(Scanner),
                s => s.Virus.Scanners,
                (s, v) => s with { Virus = s.Virus with { Scanners = v } },
                "Scanners of viruses. All are asked at one time, while the message still arrives, also about mail of our own users; the first "
                    + "that finds something decides, and the message is refused with 554 5.7.1 and the name of what was found (virus.on_found). A command "
                    + "reads the message from its standard input and runs without a shell: exit code 0 is clean, 1 infected, as of clamscan."
            ),
            Key(
                "virus.on_found",
                SettingTypes.OneOf<InfectedAction>(),
                s => s.Virus.OnFound,
                (s, v) => s with { Virus = s.Virus with { OnFound = v } },
                "What becomes of a message in which something was found: refuse answers 554 5.7.1 and keeps nothing, quarantine takes it and "
                    + "keeps it from its readers (postreiter quarantine)."
            ),
            Key(
                "virus.on_failure",
                SettingTypes.OneOf<ScannerFailure>(),
                s => s.Virus.OnFailure,
                (s, v) => s with { Virus = s.Virus with { OnFailure = v } },
                "What becomes of a message that a scanner cannot look at, because it is down or takes longer than smtp.verdict_budget: defer "
                    + "answers 451 4.7.1, accept takes it and marks it \"X-Virus-Scanned: no\" (F6). What was taken because it took too long is scanned on, and goes to Junk or the "
                    + "quarantine when something is found then (F7)."
            ),
            Key(
                "virus.on_failure_submission",
                SettingTypes.OneOf<ListenerFailure>(),
                s => s.Virus.OnFailureSubmission,
                (s, v) => s with { Virus = s.Virus with { OnFailureSubmission = v } },
                "The same for listen.submission and listen.submissions: what our users send; same is as virus.on_failure says."
            ),
            Key(
                "virus.on_failure_lmtp",
                SettingTypes.OneOf<ListenerFailure>(),
                s => s.Virus.OnFailureLmtp,
                (s, v) => s with { Virus = s.Virus with { OnFailureLmtp = v } },
                "The same for listen.lmtp."
            ),
        ];
}
