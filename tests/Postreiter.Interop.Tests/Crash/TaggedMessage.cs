using System.Security.Cryptography;
using System.Text;

namespace Postreiter.Interop.Tests.Crash;

/// <summary>Messages that are known again by their tag, and whose body cannot be torn without showing it.</summary>
internal static class TaggedMessage
{
    /// <summary>A message with CR LF line ends and no line that begins with a dot.</summary>
    /// <returns>Its bytes, and the SHA-256 of its body.</returns>
    public static (byte[] Content, string Digest) Create(string tag, Random random)
    {
        // Mostly small; some are several segments' writes, a few have a file of their own.
        var lines = random.Next(100) switch
        {
            < 80 => random.Next(1, 60),
            < 99 => random.Next(60, 2_000),
            _ => random.Next(14_000, 18_000),
        };
        var body = new StringBuilder(lines * 78);
        var line = new byte[57];
        for (var i = 0; i < lines; i++)
        {
            random.NextBytes(line);
            body.Append(Convert.ToBase64String(line)).Append("\r\n");
        }

        var header = $"From: ann@sender.example\r\nMessage-ID: <{tag}@sender.example>\r\nX-Tag: {tag}\r\n\r\n";
        return (Encoding.ASCII.GetBytes(header + body), Digest(body.ToString()));
    }

    /// <summary>Reads what <see cref="Create"/> made, with whatever header fields came in front of it.</summary>
    /// <returns>The tag, null when there is none, and the digest of the body.</returns>
    public static (string? Tag, string Digest) Read(string text)
    {
        var end = text.IndexOf("\r\n\r\n", StringComparison.Ordinal);
        var tag = text[..Math.Max(end, 0)]
            .Split("\r\n")
            .FirstOrDefault(static l => l.StartsWith("X-Tag: ", StringComparison.Ordinal));
        return (tag?["X-Tag: ".Length..], Digest(text[(end + 4)..]));
    }

    private static string Digest(string body) =>
        Convert.ToHexStringLower(SHA256.HashData(Encoding.Latin1.GetBytes(body)));
}
