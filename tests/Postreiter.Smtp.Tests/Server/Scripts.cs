namespace Postreiter.Smtp.Tests.Server;

/// <summary>Beginnings that many conversations share.</summary>
internal static class Scripts
{
    /// <summary>Up to the reply to EHLO.</summary>
    public const string Greeted = """
        S: 220 mx.our.example *
        C: EHLO client.example
        S... 250 HELP
        """;

    /// <summary>Up to the first recipient's reply.</summary>
    public const string Open =
        Greeted
        + """

            C: MAIL FROM:<ann@client.example>
            S: 250 2.1.0 *
            C: RCPT TO:<user@our.example>
            S: 250 2.1.5 *
            """;

    /// <summary>Up to the 354.</summary>
    public const string Data =
        Open
        + """

            C: DATA
            S: 354 *
            """;
}
