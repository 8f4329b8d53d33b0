namespace Postreiter.Settings;

/// <content>Keys of what is done with unwanted mail.</content>
internal static partial class SettingKeys
{
    private static IEnumerable<SettingKey> Filters() =>
        [
            Key(
                "greylist.mode",
                SettingTypes.OneOf<GreylistMode>(),
                s => s.Greylist.Mode,
                (s, v) => s with { Greylist = s.Greylist with { Mode = v } },
                "off, on (every unknown triplet waits) or smart (only callers with something against them).",
                effect: SettingEffect.Later
            ),
            Key(
                "greylist.delay",
                SettingTypes.Duration("1s", "30d"),
                s => s.Greylist.Delay,
                (s, v) => s with { Greylist = s.Greylist with { Delay = v } },
                "How long an unknown triplet waits.",
                effect: SettingEffect.Later
            ),
            Key(
                "greylist.window",
                SettingTypes.Duration("1s", "30d"),
                s => s.Greylist.Window,
                (s, v) => s with { Greylist = s.Greylist with { Window = v } },
                "Within which time it must come again.",
                effect: SettingEffect.Later
            ),
            Key(
                "greylist.lifetime",
                SettingTypes.Duration("1s", "365d"),
                s => s.Greylist.Lifetime,
                (s, v) => s with { Greylist = s.Greylist with { Lifetime = v } },
                "How long a triplet that passed stays known.",
                effect: SettingEffect.Later
            ),
            Key(
                "spam.rules",
                SettingTypes.List(SettingTypes.Text),
                s => s.Spam.Rules,
                (s, v) => s with { Spam = s.Spam with { Rules = v } },
                "Folders and files with rules. A relative path starts at the data folder.",
                effect: SettingEffect.Later
            ),
            Key(
                "spam.threshold",
                SettingTypes.Points(-1000, 1000),
                s => s.Spam.Threshold,
                (s, v) => s with { Spam = s.Spam with { Threshold = v } },
                "Points from which a message is spam.",
                effect: SettingEffect.Later
            ),
            Key(
                "spam.reject_at",
                SettingTypes.Points(-1000, 1000),
                s => s.Spam.RejectAt,
                (s, v) => s with { Spam = s.Spam with { RejectAt = v } },
                "Points from which a message is refused.",
                effect: SettingEffect.Later
            ),
            Key(
                "spam.subject_tag",
                SettingTypes.Text,
                s => s.Spam.SubjectTag,
                (s, v) => s with { Spam = s.Spam with { SubjectTag = v } },
                "Put in front of the subject of spam, e.g. \"**** SPAM ****\"; empty leaves it alone.",
                effect: SettingEffect.Later
            ),
            Key(
                "virus.scanners",
                SettingTypes.List(Scanner),
                s => s.Virus.Scanners,
                (s, v) => s with { Virus = s.Virus with { Scanners = v } },
                "Scanners, asked in parallel.",
                effect: SettingEffect.Later
            ),
            Key(
                "virus.on_failure",
                SettingTypes.OneOf<ScannerFailure>(),
                s => s.Virus.OnFailure,
                (s, v) => s with { Virus = s.Virus with { OnFailure = v } },
                "What happens while a scanner is down: defer the message or accept it (F6).",
                effect: SettingEffect.Later
            ),
            Key(
                "lists.allow",
                SettingTypes.List(ListEntry),
                s => s.Lists.Allow,
                (s, v) => s with { Lists = s.Lists with { Allow = v } },
                "Senders that are let in.",
                effect: SettingEffect.Later
            ),
            Key(
                "lists.block",
                SettingTypes.List(ListEntry),
                s => s.Lists.Block,
                (s, v) => s with { Lists = s.Lists with { Block = v } },
                "Senders that are refused.",
                effect: SettingEffect.Later
            ),
        ];
}
