using System.Globalization;
using System.Text;
using Postreiter.Smtp.Server;

namespace Postreiter.Smtp.Client;

/// <summary>Writes MAIL and RCPT with the parameters that the server knows.</summary>
internal static class MailCommands
{
    /// <summary>MAIL FROM.</summary>
    /// <param name="message">What is sent.</param>
    /// <param name="extensions">What the server knows.</param>
    /// <param name="utf8">Whether the message needs SMTPUTF8 (RFC 6531 §3.4).</param>
    public static string Mail(OutgoingMessage message, SmtpExtensions extensions, bool utf8)
    {
        var mail = message.Mail;
        var text = new StringBuilder($"MAIL FROM:<{mail.ReversePath}>");
        if (extensions.Has("SIZE"))
            text.Append(CultureInfo.InvariantCulture, $" SIZE={message.Length}");
        // Deviation: RFC 6152 §3 wants a conversion, or a bounce, where 8BITMIME is missing. We send the bytes as they are: a
        // conversion breaks signatures, and servers that do not say 8BITMIME pass 8-bit text nearly without exception.
        if (mail.Body == SmtpBody.BinaryMime)
            text.Append(" BODY=BINARYMIME");
        else if (mail.Body == SmtpBody.EightBitMime && extensions.Has("8BITMIME"))
            text.Append(" BODY=8BITMIME");
        if (utf8 && extensions.Has("SMTPUTF8"))
            text.Append(" SMTPUTF8");
        // RFC 3461 §5.2.2 (a): no DSN parameters to a server that has no DSN.
        if (extensions.Has("DSN") && mail.Return is not null)
            text.Append($" RET={mail.Return}");
        if (extensions.Has("DSN") && mail.EnvelopeId is not null)
            text.Append($" ENVID={Xtext(mail.EnvelopeId)}");
        return text.Append("\r\n").ToString();
    }

    /// <summary>RCPT TO.</summary>
    public static string Rcpt(RcptArguments rcpt, SmtpExtensions extensions)
    {
        var text = new StringBuilder($"RCPT TO:<{rcpt.Recipient}>");
        if (extensions.Has("DSN") && rcpt.Notify != SmtpNotify.Unspecified)
        {
            var notify = rcpt.Notify.ToString().Replace(" ", "", StringComparison.Ordinal).ToUpperInvariant();
            text.Append($" NOTIFY={notify}");
        }

        if (extensions.Has("DSN") && rcpt.OriginalRecipient?.Split(';', 2) is [var type, var address])
        {
            var isUtf8 = type.Equals("utf-8", StringComparison.OrdinalIgnoreCase);
            text.Append($" ORCPT={Xtext(type)};{(isUtf8 ? Unitext(address) : Xtext(address))}");
        }

        return text.Append("\r\n").ToString();
    }

    /// <summary><c>xtext</c> of RFC 3461 §4.</summary>
    internal static string Xtext(string text)
    {
        var result = new StringBuilder(text.Length);
        foreach (var b in Encoding.UTF8.GetBytes(text))
        {
            if (b is > (byte)' ' and <= (byte)'~' and not ((byte)'+' or (byte)'='))
                result.Append((char)b);
            else
                result.Append(CultureInfo.InvariantCulture, $"+{b:X2}");
        }

        return result.ToString();
    }

    /// <summary><c>utf-8-addr-xtext</c> of RFC 6533 §3, good with and without SMTPUTF8; what is <c>\x{…}</c> already stays.</summary>
    internal static string Unitext(string text)
    {
        var result = new StringBuilder(text.Length);
        foreach (var rune in text.EnumerateRunes())
        {
            if (rune.Value is > ' ' and <= '~' and not ('+' or '='))
                result.Append(rune);
            else
                result.Append(CultureInfo.InvariantCulture, $"\\x{{{rune.Value:X2}}}");
        }

        return result.ToString();
    }
}
