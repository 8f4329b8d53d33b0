using Postreiter.Delivery.Scanning.Contents;

namespace Postreiter.Settings;

/// <content>Keys of what may be in messages.</content>
internal static partial class SettingKeys
{
    private static IEnumerable<SettingKey> Contents() =>
        [
            Key(
                "content.executables",
                SettingTypes.OneOf<ContentAction>(),
                s => s.Content.Executables,
                (s, v) => s with { Content = s.Content with { Executables = v } },
                "Programs and scripts, by what they are (whatever they are called) or by their name, also in archives. pass does nothing, mark takes the message with a field X-Content-Found, quarantine keeps it apart, refuse answers 554 5.7.1; the strictest rule decides."
            ),
            Key(
                "content.hidden_extensions",
                SettingTypes.OneOf<ContentAction>(),
                s => s.Content.HiddenExtensions,
                (s, v) => s with { Content = s.Content with { HiddenExtensions = v } },
                "Names that hide what a file is: a program called as a document (invoice.pdf.exe), names that are written from right to left."
            ),
            Key(
                "content.macros",
                SettingTypes.OneOf<ContentAction>(),
                s => s.Content.Macros,
                (s, v) => s with { Content = s.Content with { Macros = v } },
                "Documents with macros: VBA in OLE and OOXML documents, Excel 4 macro sheets, Basic of OpenDocument."
            ),
            Key(
                "content.encrypted",
                SettingTypes.OneOf<ContentAction>(),
                s => s.Content.Encrypted,
                (s, v) => s with { Content = s.Content with { Encrypted = v } },
                "Archives and documents that only a password opens."
            ),
            Key(
                "content.unreadable",
                SettingTypes.OneOf<ContentAction>(),
                s => s.Content.Unreadable,
                (s, v) => s with { Content = s.Content with { Unreadable = v } },
                "Archives that cannot be looked into: damaged, one of several volumes, or of a kind that is not opened here (cab, xz, zstd, arj, lzh)."
            ),
            Key(
                "content.oversize",
                SettingTypes.OneOf<ContentAction>(),
                s => s.Content.Oversize,
                (s, v) => s with { Content = s.Content with { Oversize = v } },
                "Archives past one of the limits below, or that take longer than smtp.verdict_budget (L16)."
            ),
            Key(
                "content.listed",
                SettingTypes.OneOf<ContentAction>(),
                s => s.Content.Listed,
                (s, v) => s with { Content = s.Content with { Listed = v } },
                "Files of the types in content.types."
            ),
            Key(
                "content.types",
                SettingTypes.List(SettingTypes.Text),
                s => s.Content.Types,
                (s, v) => s with { Content = s.Content with { Types = v } },
                "File types for content.listed: extensions without the dot. They hold for what a file is called and, where that can be "
                    + "told, for what it is."
            ),
            Key(
                "content.max_depth",
                SettingTypes.Number(1, 100),
                s => s.Content.MaxDepth,
                (s, v) => s with { Content = s.Content with { MaxDepth = v } },
                "How deep archives may be in archives (L16)."
            ),
            Key(
                "content.max_files",
                SettingTypes.Number(1, 1_000_000),
                s => s.Content.MaxFiles,
                (s, v) => s with { Content = s.Content with { MaxFiles = v } },
                "Most files in a message, those in archives included (L16)."
            ),
            Key(
                "content.max_unpacked",
                SettingTypes.Size(1L << 20, 100L << 30),
                s => s.Content.MaxUnpacked,
                (s, v) => s with { Content = s.Content with { MaxUnpacked = v } },
                "Most that is unpacked of one message (L16). What takes longer to unpack counts more: 7z and rar twice, bzip2 four times."
            ),
            Key(
                "content.max_file",
                SettingTypes.Size(1L << 20, 100L << 30),
                s => s.Content.MaxFile,
                (s, v) => s with { Content = s.Content with { MaxFile = v } },
                "Largest file in an archive (L16)."
            ),
            Key(
                "content.max_ratio",
                SettingTypes.Number(2, 1_000_000),
                s => s.Content.MaxRatio,
                (s, v) => s with { Content = s.Content with { MaxRatio = v } },
                "How many times as large as packed a file in an archive may be, once it is above 10 MiB (L16)."
            ),
        ];
}
