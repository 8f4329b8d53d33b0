using System.Globalization;
using System.Text;
using Postreiter.Smtp.Server;

namespace Postreiter.Delivery.Milters;

/// <summary>Parameters of MAIL and RCPT as they stand in the commands.</summary>
internal static class MilterArguments
{
    /// <summary>Of MAIL.</summary>
    public static List<string> Of(MailArguments mail)
    {
        var all = new List<string>();
        if (mail.Size is { } size)
            all.Add($"SIZE={size.ToString(CultureInfo.InvariantCulture)}");
        if (mail.Body == SmtpBody.EightBitMime)
            all.Add("BODY=8BITMIME");
        if (mail.Body == SmtpBody.BinaryMime)
            all.Add("BODY=BINARYMIME");
        if (mail.SmtpUtf8)
            all.Add("SMTPUTF8");
        if (mail.Return is { } @return)
            all.Add($"RET={@return}");
        if (mail.EnvelopeId is { } id)
            all.Add($"ENVID={Xtext(id)}");
        if (mail.Auth is { } auth)
            all.Add($"AUTH={auth}");
        return all;
    }

    /// <summary>Of RCPT.</summary>
    public static List<string> Of(RcptArguments recipient)
    {
        var all = new List<string>();
        if (recipient.Notify != SmtpNotify.Unspecified)
            all.Add(
                $"NOTIFY={recipient.Notify.ToString().ToUpperInvariant().Replace(" ", "", StringComparison.Ordinal)}"
            );
        if (recipient.OriginalRecipient is { } original)
            all.Add($"ORCPT={Xtext(original)}");
        return all;
    }

    // RFC 3461 §4.
    private static string Xtext(string text)
    {
        var encoded = new StringBuilder(text.Length);
        foreach (var octet in Encoding.UTF8.GetBytes(text))
        {
            if (octet is > 32 and < 127 and not ((byte)'+' or (byte)'='))
                encoded.Append((char)octet);
            else
                encoded.Append(CultureInfo.InvariantCulture, $"+{octet:X2}");
        }

        return encoded.ToString();
    }
}
