using System.Collections.Frozen;
using Postreiter.Pop3.Syntax;

namespace Postreiter.Pop3.Commands;

/// <summary>Every command by its keyword.</summary>
internal static class CommandTable
{
    private static readonly FrozenDictionary<uint, IPop3Command> Commands = new Dictionary<uint, IPop3Command>
    {
        [Pop3Command.Pack("CAPA"u8)] = new CapaCommand(),
        [Pop3Command.Pack("STLS"u8)] = new StlsCommand(),
        [Pop3Command.Pack("USER"u8)] = new UserCommand(),
        [Pop3Command.Pack("PASS"u8)] = new PassCommand(),
        [Pop3Command.Pack("AUTH"u8)] = new AuthCommand(),
        [Pop3Command.Pack("STAT"u8)] = new StatCommand(),
        [Pop3Command.Pack("LIST"u8)] = new ListCommand(),
        [Pop3Command.Pack("UIDL"u8)] = new UidlCommand(),
        [Pop3Command.Pack("RETR"u8)] = new RetrCommand(),
        [Pop3Command.Pack("TOP"u8)] = new TopCommand(),
        [Pop3Command.Pack("DELE"u8)] = new DeleCommand(),
        [Pop3Command.Pack("RSET"u8)] = new RsetCommand(),
        [Pop3Command.Pack("NOOP"u8)] = new NoopCommand(),
        [Pop3Command.Pack("QUIT"u8)] = new QuitCommand(),
    }.ToFrozenDictionary();

    /// <summary>The command of a keyword, or null.</summary>
    public static IPop3Command? Find(uint keyword) => Commands.GetValueOrDefault(keyword);
}
