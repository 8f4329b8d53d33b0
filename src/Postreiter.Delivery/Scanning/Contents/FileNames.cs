using System.Text;

namespace Postreiter.Delivery.Scanning.Contents;

/// <summary>What the name of a file says it is, as the reader's system will take it.</summary>
internal static class FileNames
{
    // What a double click runs on the systems of readers; the list that large receivers refuse, more or less.
    private static readonly HashSet<string> Programs = new(StringComparer.Ordinal)
    {
        "ade",
        "adp",
        "apk",
        "app",
        "application",
        "appref-ms",
        "appx",
        "bat",
        "chm",
        "cmd",
        "com",
        "cpl",
        "dll",
        "dmg",
        "drv",
        "exe",
        "gadget",
        "hlp",
        "hta",
        "inf",
        "ins",
        "isp",
        "jar",
        "jnlp",
        "js",
        "jse",
        "lib",
        "library-ms",
        "lnk",
        "mde",
        "msc",
        "msi",
        "msix",
        "msp",
        "mst",
        "nsh",
        "ocx",
        "pif",
        "ps1",
        "ps1xml",
        "psc1",
        "psd1",
        "psm1",
        "reg",
        "scf",
        "scr",
        "sct",
        "search-ms",
        "settingcontent-ms",
        "shb",
        "shs",
        "sys",
        "vb",
        "vbe",
        "vbs",
        "vxd",
        "wll",
        "ws",
        "wsc",
        "wsf",
        "wsh",
        "xll",
    };

    private static readonly HashSet<string> Documents = new(StringComparer.Ordinal)
    {
        "avi",
        "bmp",
        "csv",
        "doc",
        "docm",
        "docx",
        "eml",
        "gif",
        "htm",
        "html",
        "jpeg",
        "jpg",
        "mov",
        "mp3",
        "mp4",
        "odp",
        "ods",
        "odt",
        "pdf",
        "png",
        "ppt",
        "pptx",
        "rtf",
        "tif",
        "tiff",
        "txt",
        "wav",
        "xls",
        "xlsm",
        "xlsx",
        "xml",
        "zip",
    };

    // What draws the text after it from right to left, or is not seen at all.
    private static bool IsInvisible(char c) =>
        c
            is (>= '\u200b' and <= '\u200f')
                or (>= '\u202a' and <= '\u202e')
                or (>= '\u2060' and <= '\u206f')
                or '\ufeff'
                or '\u00ad'
        || char.IsControl(c);

    /// <summary>The last part of a path, without what systems leave out: blanks and dots at the end, streams, invisible characters.</summary>
    public static string Plain(string name)
    {
        var plain = new StringBuilder(Math.Min(name.Length, 300));
        // What is behind a NUL no system reads; far behind the end of a name nobody looks.
        foreach (var c in name.Length > 4096 ? name.AsSpan(name.Length - 4096) : name)
        {
            if (c == '\0')
                break;
            if (!IsInvisible(c))
                plain.Append(c);
        }

        var text = plain.ToString().Normalize(Normalizes(plain) ? NormalizationForm.FormKC : NormalizationForm.FormC);
        text = text[(text.AsSpan().LastIndexOfAny('/', '\\') + 1)..];
        // "x.exe:stream" and "x.exe::$DATA" are x.exe.
        var colon = text.IndexOf(':', StringComparison.Ordinal);
        if (colon > 0)
            text = text[..colon];
        return text.TrimEnd(' ', '.', '\t', '\u00a0').ToLowerInvariant();
    }

    /// <summary>The extension of a plain name, without the dot; empty for none.</summary>
    public static string Extension(string plain)
    {
        var dot = plain.LastIndexOf('.');
        return dot < 0 ? "" : plain[(dot + 1)..].Trim();
    }

    /// <summary>Whether it is a program or a script by its extension.</summary>
    public static bool IsProgram(string plain) => Programs.Contains(Extension(plain));

    /// <summary>Why a name hides what the file is; null when it does not.</summary>
    public static string? Hides(string name, string plain)
    {
        if (
            name.AsSpan().IndexOfAnyInRange('\u202a', '\u202e') >= 0
            || name.AsSpan().IndexOfAnyInRange('\u2066', '\u2069') >= 0
        )
            return "its name is turned around";
        if (!IsProgram(plain))
            return null;
        if (name.Contains('\0', StringComparison.Ordinal))
            return "its name goes on behind its end";
        var rest = plain[..plain.LastIndexOf('.')];
        if (Documents.Contains(Extension(rest.TrimEnd(' ', '\u00a0', '_', '\t'))))
            return "it is a program with the name of a document";
        return plain.Contains("     ", StringComparison.Ordinal) ? "its extension is far behind its name" : null;
    }

    // Lone surrogates cannot be brought into a form.
    private static bool Normalizes(StringBuilder text)
    {
        for (var i = 0; i < text.Length; i++)
        {
            if (!char.IsSurrogate(text[i]))
                continue;
            if (i + 1 < text.Length && char.IsSurrogatePair(text[i], text[i + 1]))
                i++;
            else
                text[i] = '?';
        }

        return true;
    }
}
