using System.Text;

namespace Postreiter.Smtp.Server.Commands;

/// <summary>Verbs of SMTP and LMTP.</summary>
internal static class CommandTable
{
    private static readonly Dictionary<string, ISmtpCommand> Common = new(StringComparer.OrdinalIgnoreCase)
    {
        ["MAIL"] = new MailCommand(),
        ["RCPT"] = new RcptCommand(),
        ["DATA"] = new DataCommand(),
        ["BDAT"] = new BdatCommand(),
        ["RSET"] = new RsetCommand(),
        ["NOOP"] = new NoopCommand(),
        ["VRFY"] = new VrfyCommand(),
        ["EXPN"] = new ExpnCommand(),
        ["HELP"] = new HelpCommand(),
        ["QUIT"] = new QuitCommand(),
        ["STARTTLS"] = new StartTlsCommand(),
        ["AUTH"] = new AuthCommand(),
        ["GET"] = new ForeignCommand(),
        ["HEAD"] = new ForeignCommand(),
        ["POST"] = new ForeignCommand(),
        ["PUT"] = new ForeignCommand(),
        ["CONNECT"] = new ForeignCommand(),
        ["OPTIONS"] = new ForeignCommand(),
    };

    private static readonly Dictionary<string, ISmtpCommand>.AlternateLookup<ReadOnlySpan<char>> Smtp = new Dictionary<
        string,
        ISmtpCommand
    >(Common, StringComparer.OrdinalIgnoreCase)
    {
        ["HELO"] = new HeloCommand(isExtended: false),
        ["EHLO"] = new HeloCommand(isExtended: true),
    }.GetAlternateLookup<ReadOnlySpan<char>>();

    // RFC 2033 §4.1: LHLO instead of HELO and EHLO, which are not taken.
    private static readonly Dictionary<string, ISmtpCommand>.AlternateLookup<ReadOnlySpan<char>> Lmtp = new Dictionary<
        string,
        ISmtpCommand
    >(Common, StringComparer.OrdinalIgnoreCase)
    {
        ["LHLO"] = new HeloCommand(isExtended: true),
    }.GetAlternateLookup<ReadOnlySpan<char>>();

    /// <summary>The command of a verb, or null.</summary>
    public static ISmtpCommand? Find(ListenerRole role, ReadOnlySpan<byte> verb)
    {
        Span<char> name = stackalloc char[8];
        if (verb.Length > name.Length || !Ascii.IsValid(verb))
            return null;
        Encoding.ASCII.GetChars(verb, name);
        var table = role == ListenerRole.Lmtp ? Lmtp : Smtp;
        return table.TryGetValue(name[..verb.Length], out var command) ? command : null;
    }
}
