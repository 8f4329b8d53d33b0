using System.Buffers;
using System.Text;
using Postreiter.Spam.Mail;
using Postreiter.Spam.Mail.Received;
using Postreiter.Spam.Text.Html;

namespace Postreiter.Fuzz;

/// <summary>What turns a mail into text for the spam rules: anything is a mail, HTML and a Received line.</summary>
internal static class SpamTextTargets
{
    private static readonly SpamMailOptions Site = new() { TrustedNetworks = NetworkSet.WithLoopback() };

    private static readonly SearchValues<char> Structural = SearchValues.Create(" []<>()#|\n");

    // Everything that is made of a mail is octets, bounded by the mail, and made again the same.
    public static void Mail(byte[] input)
    {
        var mail = SpamMail.Parse(input, Site);
        Require(mail.Full.Length <= (2 * input.Length) + 1);
        foreach (var form in Enum.GetValues<HeaderForm>())
        {
            foreach (
                var name in (ReadOnlySpan<string>)
                    ["ALL", "From", "Subject", "ToCc", "MESSAGEID", "EnvelopeFrom", "Received"]
            )
                Require(mail.HeaderValues(name, form).All(IsOctets));
        }

        // Two octets and more are needed for a part, and no level holds more than the whole.
        Require(mail.Parts.Count <= 1 + (21 * (1 + input.Length)));
        Require(mail.Body.All(static line => line.Length <= 2049 && IsOctets(line.ToString())));
        Require(mail.RawBody.All(static piece => piece.Length <= 4096 && IsOctets(piece.ToString())));
        Require(mail.VisibleBody.Count > 0 || mail.Leaves.Count == 0);
        Require(
            mail.InvisibleBody.Sum(static line => line.Length)
                <= mail.Body.Sum(static line => line.Length) + input.Length
        );
        Require(
            mail.Html.All(static html =>
                html.Elements <= html.Tags && html.Links.All(static link => IsOctets(link.Uri))
            )
        );
        Require(SpamMail.Parse(input, Site).Body.Select(Line).SequenceEqual(mail.Body.Select(Line)));
    }

    // As characters and as octets; the text that is seen and the text that is not are the whole.
    public static void Html(byte[] input)
    {
        var octets = Encoding.Latin1.GetString(input);
        var characters = Encoding.UTF8.GetString(input);
        foreach (var (text, isCharacters) in new[] { (octets, false), (characters, true) })
        {
            var renderer = HtmlRenderer.Render(text, isCharacters, input.Length);
            var (seen, unseen) = (
                renderer.Text.Only(isInvisible: false, out _),
                renderer.Text.Only(isInvisible: true, out _)
            );
            Require(seen.Length + unseen.Length == renderer.Text.All().Length);
            Require(renderer.Text.All().Length <= 3 * text.Length);
            Require(renderer.Result.Inside.Values.All(static open => open >= 0));
            Require(renderer.Result.Links.All(static link => link.Uri.Length <= 4 * (HtmlLinks.MaxLength * 2)));
        }
    }

    // One line costs no more than its steps, and a relay's fields hold nothing that could be mistaken for structure.
    public static void Received(byte[] input)
    {
        ReceivedParser.Read(Encoding.Latin1.GetString(input), out var relay, out _);
        var fields = relay is null
            ? []
            : new[] { relay.Ip, relay.Rdns, relay.Helo, relay.By, relay.Ident, relay.EnvelopeFrom ?? "" };
        Require(fields.All(static text => !text.AsSpan().ContainsAny(Structural)));
        var trail = SpamMail.Parse((byte[])[.. "Received: "u8, .. input], Site).Received;
        Require(trail.Trusted.Count + trail.Untrusted.Count == trail.Internal.Count + trail.External.Count);
    }

    private static bool IsOctets(string text) => !text.AsSpan().ContainsAnyExceptInRange('\0', '\xFF');

    private static string Line(ReadOnlyMemory<char> line) => line.ToString();

    private static void Require(bool holds)
    {
        if (!holds)
            throw new InvalidOperationException("A promise of the reader of spam mails does not hold for this input");
    }
}
