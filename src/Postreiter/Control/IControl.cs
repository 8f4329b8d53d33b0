using System.Text.Json.Nodes;

namespace Postreiter.Control;

/// <summary>
/// The administrator's way to a store: the running server's, by its control socket, or one that this process opened.
/// Both do the same, because both end in <see cref="StoreControl"/>.
/// </summary>
internal interface IControl : IAsyncDisposable
{
    /// <summary>Asks one thing.</summary>
    /// <param name="verb">One of <see cref="ControlVerbs"/>.</param>
    /// <param name="arguments">Its arguments.</param>
    /// <param name="ct">Stops waiting.</param>
    Task<ControlReply> CallAsync(string verb, JsonObject arguments, CancellationToken ct);

    /// <summary>Files one message into a mailbox, which is made when it is not there.</summary>
    Task<ControlReply> AppendAsync(AppendTarget target, ReadOnlyMemory<byte> message, CancellationToken ct);

    /// <summary>Copies a message's bytes to a stream.</summary>
    /// <returns>False when it is not there any more.</returns>
    Task<bool> CopyMessageAsync(string account, string mailbox, uint uid, Stream to, CancellationToken ct);
}

/// <summary>What came of a call.</summary>
/// <param name="ExitCode">The exit code that the command ends with.</param>
/// <param name="Message">For people; null when there is nothing to say.</param>
/// <param name="Rows">Data.</param>
internal sealed record ControlReply(int ExitCode, string? Message, IReadOnlyList<JsonObject> Rows)
{
    /// <summary>Done, with data.</summary>
    public static ControlReply Done(params IReadOnlyList<JsonObject> rows) =>
        new(CommandLine.ExitCodes.Done, null, rows);

    /// <summary>The thing asked about is not so.</summary>
    public static ControlReply NotSo(string message) => new(CommandLine.ExitCodes.NotSo, message, []);

    /// <summary>An account is not here.</summary>
    public static ControlReply NoAccount(Core.EmailAddress address) => NotSo($"{address} is not an account here");

    /// <summary>The arguments are wrong.</summary>
    public static ControlReply Usage(string message) => new(CommandLine.ExitCodes.Usage, message, []);

    /// <summary>It failed.</summary>
    public static ControlReply Failed(string message) => new(CommandLine.ExitCodes.Failed, message, []);
}

/// <summary>Where an imported message goes.</summary>
/// <param name="Account">The account's address.</param>
/// <param name="Mailbox">The mailbox's name.</param>
/// <param name="Flags">System flags.</param>
/// <param name="Date">INTERNALDATE; null for now.</param>
internal sealed record AppendTarget(
    string Account,
    string Mailbox,
    Storage.Mail.SystemFlags Flags,
    DateTimeOffset? Date
);
