using System.Buffers;
using System.Security.Cryptography;
using System.Text;
using Postreiter.MailAuth.Dkim;

namespace Postreiter.MailAuth.Tests.Dkim;

/// <summary>Signs whatever tags a test writes, good or not.</summary>
internal static class HandSigner
{
    /// <summary>
    /// Puts a signature above the message. In the tags <c>{bh}</c> is the body's hash; <c>b=</c> is added at the end.
    /// </summary>
    public static WireMessage SignedByHand(this WireMessage message, DkimKey key, string tags)
    {
        var field = $"DKIM-Signature: {tags.Replace("{bh}", "AAAA", StringComparison.Ordinal)}; b=AAAA\r\n";
        var read = DkimSignature.Read(Encoding.UTF8.GetBytes(field[15..^2]), SignatureField.Dkim);
        using var whole = new SignedMessage(message.Header);
        var body = whole.Want(read.Body, HashAlgorithmName.SHA256, read.BodyLength);
        whole.AppendBody(message.Body);
        whole.CompleteBody();
        var hash = Convert.ToBase64String(body.Of(read.BodyLength) ?? new byte[32]);
        field = $"DKIM-Signature: {tags.Replace("{bh}", hash, StringComparison.Ordinal)}; b=";
        var fields = new HeaderFields(message.Under(field + "\r\n").Header);
        var input = new ArrayBufferWriter<byte>();
        foreach (var index in fields.Select(read.Names, 0))
            fields.Write(input, read.Header, index);
        fields.WriteUnsigned(input, read.Header, 0, field[15..].Length..field[15..].Length);
        return message.Under(field + Convert.ToBase64String(key.Sign(SHA256.HashData(input.WrittenSpan))) + "\r\n");
    }
}
