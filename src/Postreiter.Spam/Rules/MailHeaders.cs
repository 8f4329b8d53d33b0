using Postreiter.Spam.Configuration;
using Postreiter.Spam.Mail;

namespace Postreiter.Spam.Rules;

/// <summary>Asks a mail for a header as a rule names it.</summary>
internal static class MailHeaders
{
    /// <summary>The form that the modifiers of a rule mean.</summary>
    public static HeaderForm Form(RuleHeader header)
    {
        var form = HeaderForm.Decoded;
        foreach (var modifier in header.Modifiers)
        {
            form |= Octets.Lower(modifier) switch
            {
                "raw" => HeaderForm.Raw,
                "addr" => HeaderForm.Address,
                "name" => HeaderForm.Name,
                "host" => HeaderForm.Host,
                "domain" => HeaderForm.Domain,
                "ip" => HeaderForm.Ip,
                "revip" => HeaderForm.ReverseIp,
                "first" => HeaderForm.First,
                "last" => HeaderForm.Last,
                _ => HeaderForm.Decoded,
            };
        }
        return form;
    }

    /// <summary>The values joined; null = missing.</summary>
    public static string? Of(SpamMail mail, RuleHeader header) => mail.Header(header.Name, Form(header));
}
