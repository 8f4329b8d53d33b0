using System.Collections.Frozen;
using Postreiter.Spam.Mail;
using static Postreiter.Spam.Functions.CallArguments;

namespace Postreiter.Spam.Functions;

/// <summary>Functions of SpamAssassin's AntiVirus plugin: attachments that are programs, and names that belie their type.</summary>
internal static class AntiVirus
{
    private static readonly FrozenSet<string> Programs = (
        "ade adp asx bas bat chm cmd com cpl crt dll exe hlp hta inf ins isp js jse lnk mda mdb mde mdt mdw mdz msc msi msp mst "
        + "nws ops pcd pif prf reg scf scr scr? sct shb shs shm swf url vb vbe vbs vbx vxd wsc wsf wsh"
    )
        .Split(' ')
        .ToFrozenSet(StringComparer.Ordinal);

    // What DOS programs begin with, in base64 and in uuencode.
    private static readonly FunctionPattern Base64Program = new("^TV[opqr].A..[AB].[AQgw][A-H].A");
    private static readonly FunctionPattern UuencodedProgram = new("^M35[GHIJK].`..`..*````", "m");

    /// <summary>An attachment is a program, by its name or by what it begins with.</summary>
    [RuleFunction("check_microsoft_executable")]
    internal static int HasProgram(RuleCall call) => Hits(call.Mail.Leaves.Any(IsProgram));

    /// <summary>An attachment's name says another type than its Content-Type.</summary>
    [RuleFunction("check_suspect_name")]
    internal static int HasSuspectName(RuleCall call) => Hits(call.Mail.Leaves.Any(IsSuspect));

    private static bool IsProgram(MimePart part)
    {
        if (part.Name is { } name && Programs.Contains(Ending(name)) && name.Contains('.', StringComparison.Ordinal))
            return true;
        var raw = part.Raw is { } text ? text.Span : default;
        if (part.Encoding.Contains("base64", StringComparison.Ordinal) && Base64Program.IsMatch(FirstLine(raw)))
            return true;
        return part.Type.StartsWith("text/", StringComparison.Ordinal) && UuencodedProgram.IsMatch(raw);
    }

    private static bool IsSuspect(MimePart part)
    {
        if (part.Name is not { Length: > 0 } name || part.Type == "application/octet-stream")
            return false;
        var type = part
            .Type.Replace("/x-", "/", StringComparison.Ordinal)
            .Replace("/vnd.", "/", StringComparison.Ordinal);
        return Ending(name) switch
        {
            "txt" or "htm" or "html" or "phtm" or "phtml" or "xhtm" or "xhtml" or "xml" => !IsText(type),
            "jpg" or "jpeg" or "tif" or "tiff" or "gif" or "png" => !Begins(type, "image/", "application/mac-binhex"),
            "vcf" => type != "text/vcard",
            "bat" or "com" or "exe" or "pif" or "scr" or "swf" or "vbs" => !Begins(type, "application/"),
            "doc" => !IsApplication(type, "word"),
            "ppt" => !IsApplication(type, "powerpoint") && !IsApplication(type, "ppt"),
            "xls" => !IsApplication(type, "excel"),
            _ => false,
        };
    }

    private static bool IsText(string type) =>
        Begins(
            type,
            "text/plain",
            "text/htm",
            "text/phtm",
            "text/xhtm",
            "text/english",
            "text/sgml",
            "text/xml",
            "text/enriched",
            "text/richtext",
            "message/external-body"
        );

    private static bool Begins(string type, params ReadOnlySpan<string> beginnings)
    {
        foreach (var beginning in beginnings)
        {
            if (type.StartsWith(beginning, StringComparison.Ordinal))
                return true;
        }

        return false;
    }

    private static bool IsApplication(string type, string program) =>
        Begins(type, "application/") && type.EndsWith(program, StringComparison.Ordinal);

    private static string Ending(string name) => Octets.Lower(name[(name.LastIndexOf('.') + 1)..]);

    private static ReadOnlySpan<char> FirstLine(ReadOnlySpan<char> text) =>
        text.IndexOf('\n') is var end and >= 0 ? text[..end] : text;
}
