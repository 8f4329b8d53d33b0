using Postreiter.Milter.Client;

namespace Postreiter.Milter.Server;

/// <summary>What is to become of the mail of one session of another server. One step at a time; a fault of ours is an exception.</summary>
/// <remarks>After <see cref="MailAsync"/> a message may follow, or <see cref="AbortAsync"/>; after either, another MAIL.</remarks>
public interface IMilterFilter : IAsyncDisposable
{
    /// <summary>A client has connected to the server.</summary>
    ValueTask<MilterAnswer> ConnectAsync(MilterPeer peer, MilterMacros macros, CancellationToken ct);

    /// <summary>It said HELO or EHLO.</summary>
    ValueTask<MilterAnswer> HeloAsync(string name, MilterMacros macros, CancellationToken ct);

    /// <summary>MAIL, with its path and parameters.</summary>
    ValueTask<MilterAnswer> MailAsync(
        string path,
        IReadOnlyList<string> arguments,
        MilterMacros macros,
        CancellationToken ct
    );

    /// <summary>RCPT, with its path and parameters.</summary>
    ValueTask<MilterAnswer> RcptAsync(
        string path,
        IReadOnlyList<string> arguments,
        MilterMacros macros,
        CancellationToken ct
    );

    /// <summary>DATA; a server that knows nothing of it leaves it out.</summary>
    ValueTask<MilterAnswer> DataAsync(MilterMacros macros, CancellationToken ct);

    /// <summary>The header is whole.</summary>
    /// <param name="header">Its fields, each line ended by CRLF, without the empty line; good until the task completes.</param>
    /// <param name="macros">Values that the server gave.</param>
    /// <param name="ct">Gives up.</param>
    ValueTask<MilterAnswer> HeaderAsync(ReadOnlyMemory<byte> header, MilterMacros macros, CancellationToken ct);

    /// <summary>A piece of the body; good until the task completes.</summary>
    ValueTask<MilterAnswer> BodyAsync(ReadOnlyMemory<byte> piece, CancellationToken ct);

    /// <summary>The message is whole.</summary>
    /// <returns>What is to become of it, and what is to be changed in it; values with the white space behind the colon left out.</returns>
    ValueTask<(MilterAnswer Answer, IReadOnlyList<MilterChange> Changes)> EndAsync(
        MilterMacros macros,
        CancellationToken ct
    );

    /// <summary>The transaction was given up.</summary>
    ValueTask AbortAsync();
}

/// <summary>Values that the server gave, by their names as given: <c>i</c>, <c>{auth_authen}</c>.</summary>
public sealed class MilterMacros
{
    private const int MostBytes = 64 * 1024;
    private readonly SortedDictionary<byte, Dictionary<string, string>> _byCommand = [];

    /// <summary>The newest value of a name; null where none was given.</summary>
    /// <param name="name">With its braces, if it has any.</param>
    public string? Find(string name)
    {
        string? found = null;
        foreach (var step in Order)
        {
            if (_byCommand.TryGetValue((byte)step, out var values) && values.TryGetValue(name, out var value))
                found = value;
        }

        return found;
    }

    // As the steps follow each other.
    private static ReadOnlySpan<Syntax.MilterCommand> Order =>
        [
            Syntax.MilterCommand.Connect,
            Syntax.MilterCommand.Helo,
            Syntax.MilterCommand.Mail,
            Syntax.MilterCommand.Rcpt,
            Syntax.MilterCommand.Data,
            Syntax.MilterCommand.EndOfHeader,
            Syntax.MilterCommand.EndOfMessage,
        ];

    /// <summary>Reads the values for a command; they take the place of those for it before.</summary>
    /// <returns>False when they break the form or a bound.</returns>
    internal bool TryRead(ReadOnlySpan<byte> data)
    {
        var reader = new Syntax.MilterDataReader(data);
        if (data.Length > MostBytes || !reader.TryOctet(out var command))
            return false;
        if (!Order.Contains((Syntax.MilterCommand)command))
            return true;
        var values = new Dictionary<string, string>(StringComparer.Ordinal);
        while (!reader.IsAtEnd)
        {
            if (!reader.TryText(out string name) || !reader.TryText(out string value))
                return false;
            values[name] = value;
        }

        _byCommand[command] = values;
        return true;
    }

    /// <summary>The transaction is over: what was said for it is forgotten.</summary>
    internal void EndTransaction()
    {
        foreach (var step in Order[2..])
            _byCommand.Remove((byte)step);
    }

    /// <summary>The session is over.</summary>
    internal void Clear() => _byCommand.Clear();
}
