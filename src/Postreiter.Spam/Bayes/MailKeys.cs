using System.Security.Cryptography;
using System.Text;
using Postreiter.Spam.Functions;
using Postreiter.Spam.Mail;

namespace Postreiter.Spam.Bayes;

/// <summary>The names under which a learned mail is remembered, and its time; as SpamAssassin has them, so that its databases fit.</summary>
public static class MailKeys
{
    /// <summary>SHA-1 of its To, Date and the SHA-1 of its body, with <c>@sa_generated</c> behind.</summary>
    /// <remarks>
    /// Line ends are LF for that, whatever they are in the mail, so that one mail has one name in a mailbox and in a file. SpamAssassin takes
    /// them as they come.
    /// </remarks>
    public static string Made(SpamMail mail)
    {
        ArgumentNullException.ThrowIfNull(mail);
#pragma warning disable CA5350 // The format of the databases says so.
        var text = mail.PristineBody.Span;
        if (text.Contains("\r\n", StringComparison.Ordinal))
            text = text.ToString().Replace("\r\n", "\n", StringComparison.Ordinal);
        var body = Convert.ToHexStringLower(SHA1.HashData(Octets(text)));
        var whole = $"{Last(mail, "To")}\0{Last(mail, "Date")}\0{body}";
        return Convert.ToHexStringLower(SHA1.HashData(Octets(whole))) + "@sa_generated";
#pragma warning restore CA5350
    }

    /// <summary>Its Message-ID without the brackets; null when it has none.</summary>
    public static string? Given(SpamMail mail)
    {
        ArgumentNullException.ThrowIfNull(mail);
        var value = Mail.Octets.Trim(Last(mail, "Message-Id"));
        return value is ['<', _, .., '>'] && value.Length > 2 ? value[1..^1].ToString() : null;
    }

    /// <summary>When it was received: by the topmost Received field that is not of a fetching program, else by other fields.</summary>
    /// <returns>Seconds since 1970; <paramref name="now"/> when no field has a time, or one more than a day ahead.</returns>
    public static uint Received(SpamMail mail, long now)
    {
        ArgumentNullException.ThrowIfNull(mail);
        var time = ReadTime(mail) ?? now;
        return (uint)Math.Clamp(time - now > 86_400 ? now : time, 0, uint.MaxValue);
    }

    private static long? ReadTime(SpamMail mail)
    {
        var received = mail.HeaderValues("Received").Select(static line => line.TrimEnd('\n')).ToList();
        var own = new List<string>();
        if (received.Count > 0)
        {
            if (FetchedMail.IsHandedOver(received[0]))
                Take();
            if (received.Count > 0 && FetchedMail.IsFetched(received[0]))
            {
                Take();
            }
            else if (own.Count > 0)
            {
                received.Insert(0, own[0]);
                own.RemoveAt(0);
            }
        }

        if (received.Count > 0)
        {
            if (First(received[..1]) is { } time)
                return time;
            received.RemoveAt(0);
        }

        if (First(own) is { } fetched)
            return fetched;
        if (mail.MboxSeparator is { } line && LenientDate.Read(line) is { } written and not 0)
            return written;
        return First(received)
            ?? First(mail.HeaderValues("Resent-Date").Take(1))
            ?? First(mail.HeaderValues("Date").Take(1));

        void Take()
        {
            own.Add(received[0]);
            received.RemoveAt(0);
        }
    }

    private static long? First(IEnumerable<string> lines)
    {
        foreach (var line in lines)
        {
            if (LenientDate.Read(line) is { } time and not 0)
                return time;
        }

        return null;
    }

    private static string Last(SpamMail mail, string name) => mail.HeaderValues(name) is [.., var last] ? last : "";

    private static byte[] Octets(ReadOnlySpan<char> text)
    {
        var octets = new byte[text.Length];
        Encoding.Latin1.GetBytes(text, octets);
        return octets;
    }
}
