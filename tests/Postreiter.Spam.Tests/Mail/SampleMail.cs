using System.Text;
using Postreiter.Spam.Mail;

namespace Postreiter.Spam.Tests.Mail;

/// <summary>Mails of the tests: written as text, one char an octet.</summary>
internal static class SampleMail
{
    public static readonly SpamMailOptions Site = new() { TrustedNetworks = NetworkSet.WithLoopback() };

    public static SpamMail Parse(string text, SpamMailOptions? options = null) =>
        SpamMail.Parse(Encoding.Latin1.GetBytes(text), options ?? Site);
}
