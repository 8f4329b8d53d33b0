namespace Postreiter.Imap.Commands;

/// <summary>Every command there is, by name.</summary>
internal static class CommandTable
{
    public static IReadOnlyDictionary<string, IImapCommand> All { get; } =
        new IImapCommand[]
        {
            new CapabilityCommand(),
            new NoopCommand("NOOP", ImapStates.Any),
            new NoopCommand("CHECK", ImapStates.Selected),
            new LogoutCommand(),
            new IdCommand(),
            new StartTlsCommand(),
            new LoginCommand(),
            new AuthenticateCommand(),
            new EnableCommand(),
            new SelectCommand("SELECT", isReadOnly: false),
            new SelectCommand("EXAMINE", isReadOnly: true),
            new CreateCommand(),
            new DeleteCommand(),
            new RenameCommand(),
            new SubscribeCommand("SUBSCRIBE", subscribe: true),
            new SubscribeCommand("UNSUBSCRIBE", subscribe: false),
            new ListCommand(),
            new LsubCommand(),
            new NamespaceCommand(),
            new StatusCommand(),
            new AppendCommand(),
            new IdleCommand(),
            new CloseCommand("CLOSE", expunge: true),
            new CloseCommand("UNSELECT", expunge: false),
            new ExpungeCommand("EXPUNGE", byUid: false),
            new ExpungeCommand("UID EXPUNGE", byUid: true),
            new SearchCommand("SEARCH", byUid: false),
            new SearchCommand("UID SEARCH", byUid: true),
            new FetchCommand("FETCH", byUid: false),
            new FetchCommand("UID FETCH", byUid: true),
            new StoreCommand("STORE", byUid: false),
            new StoreCommand("UID STORE", byUid: true),
            new TransferCommand("COPY", byUid: false, move: false),
            new TransferCommand("UID COPY", byUid: true, move: false),
            new TransferCommand("MOVE", byUid: false, move: true),
            new TransferCommand("UID MOVE", byUid: true, move: true),
        }.ToDictionary(c => c.Name, StringComparer.Ordinal);
}
