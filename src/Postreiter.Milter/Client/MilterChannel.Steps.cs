using System.Net;
using System.Net.Sockets;
using Postreiter.Milter.Syntax;

namespace Postreiter.Milter.Client;

/// <content>The steps of a session.</content>
public sealed partial class MilterChannel
{
    /// <summary>A client has connected.</summary>
    /// <param name="peer">Who.</param>
    /// <param name="macros">Values for it.</param>
    /// <param name="ct">Gives up.</param>
    public ValueTask<MilterAnswer> ConnectAsync(
        MilterPeer peer,
        IReadOnlyList<KeyValuePair<string, string>> macros,
        CancellationToken ct
    )
    {
        ArgumentNullException.ThrowIfNull(peer);
        _data.Clear().Text(peer.Name);
        var address = peer.Address is { IsIPv4MappedToIPv6: true } mapped ? mapped.MapToIPv4() : peer.Address;
        if (address is null)
            _data.Octet((byte)'U');
        else if (address.AddressFamily == AddressFamily.InterNetworkV6)
            _data.Octet((byte)'6').Short((ushort)peer.Port).Text($"IPv6:{WithoutScope(address)}");
        else
            _data.Octet((byte)'4').Short((ushort)peer.Port).Text($"{address}");
        return StepAsync(
            MilterCommand.Connect,
            macros,
            MilterSteps.NoConnect,
            MilterSteps.NoReplyConnect,
            _options.CommandTimeout,
            ct
        );
    }

    /// <summary>HELO or EHLO was said.</summary>
    public ValueTask<MilterAnswer> HeloAsync(
        string name,
        IReadOnlyList<KeyValuePair<string, string>> macros,
        CancellationToken ct
    )
    {
        _data.Clear().Text(name);
        return StepAsync(
            MilterCommand.Helo,
            macros,
            MilterSteps.NoHelo,
            MilterSteps.NoReplyHelo,
            _options.CommandTimeout,
            ct
        );
    }

    /// <summary>MAIL came.</summary>
    /// <param name="path">The sender in brackets.</param>
    /// <param name="arguments">Parameters, each as it stood in the command.</param>
    /// <param name="macros">Values for it.</param>
    /// <param name="ct">Gives up.</param>
    public ValueTask<MilterAnswer> MailAsync(
        string path,
        IReadOnlyList<string> arguments,
        IReadOnlyList<KeyValuePair<string, string>> macros,
        CancellationToken ct
    )
    {
        _skipsBody = false;
        Path(path, arguments);
        return StepAsync(
            MilterCommand.Mail,
            macros,
            MilterSteps.NoMail,
            MilterSteps.NoReplyMail,
            _options.CommandTimeout,
            ct
        );
    }

    /// <summary>RCPT came.</summary>
    /// <inheritdoc cref="MailAsync"/>
    public ValueTask<MilterAnswer> RcptAsync(
        string path,
        IReadOnlyList<string> arguments,
        IReadOnlyList<KeyValuePair<string, string>> macros,
        CancellationToken ct
    )
    {
        Path(path, arguments);
        return StepAsync(
            MilterCommand.Rcpt,
            macros,
            MilterSteps.NoRcpt,
            MilterSteps.NoReplyRcpt,
            _options.CommandTimeout,
            ct
        );
    }

    /// <summary>DATA or the first BDAT came.</summary>
    public ValueTask<MilterAnswer> DataAsync(IReadOnlyList<KeyValuePair<string, string>> macros, CancellationToken ct)
    {
        _data.Clear();
        return StepAsync(
            MilterCommand.Data,
            macros,
            MilterSteps.NoData,
            MilterSteps.NoReplyData,
            _options.CommandTimeout,
            ct
        );
    }

    /// <summary>A field of the header. What no packet can hold of its value is left out.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="value">What stands behind the colon, lines ended by LF, without the last line's end.</param>
    /// <param name="ct">Gives up.</param>
    public ValueTask<MilterAnswer> HeaderAsync(
        ReadOnlyMemory<byte> name,
        ReadOnlyMemory<byte> value,
        CancellationToken ct
    )
    {
        // One space is written behind the colon by whoever writes fields; the same one is taken away.
        if (!HasLeadingSpace && value.Span is [(byte)' ' or (byte)'\t', ..])
            value = value[1..];
        var most = MilterPacket.MaxData - name.Length - 2;
        _data.Clear().Text(name.Span).Text(value.Length > most ? value.Span[..most] : value.Span);
        return StepAsync(
            MilterCommand.Header,
            [],
            MilterSteps.NoHeaders,
            MilterSteps.NoReplyHeader,
            _options.ContentTimeout,
            ct
        );
    }

    /// <summary>The header is whole.</summary>
    public ValueTask<MilterAnswer> EndOfHeaderAsync(
        IReadOnlyList<KeyValuePair<string, string>> macros,
        CancellationToken ct
    )
    {
        _data.Clear();
        return StepAsync(
            MilterCommand.EndOfHeader,
            macros,
            MilterSteps.NoEndOfHeader,
            MilterSteps.NoReplyEndOfHeader,
            _options.ContentTimeout,
            ct
        );
    }

    /// <summary>A piece of the body, with CRLF line ends.</summary>
    /// <param name="piece">At most <see cref="MilterPacket.MaxChunk"/> octets.</param>
    /// <param name="ct">Gives up.</param>
    public async ValueTask<MilterAnswer> BodyAsync(ReadOnlyMemory<byte> piece, CancellationToken ct)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(piece.Length, MilterPacket.MaxChunk);
        if (_skipsBody)
            return MilterAnswer.Continue;
        if (_fault is not null)
            return MilterAnswer.Failed(_fault);
        if (Agreed.Steps.HasFlag(MilterSteps.NoBody))
            return MilterAnswer.Continue;
        MilterPacket.Write(_output, (byte)MilterCommand.Body, piece.Span);
        if (await SendAsync(_options.ContentTimeout, ct) is { } fault)
            return fault;
        if (Agreed.Steps.HasFlag(MilterSteps.NoReplyBody))
            return MilterAnswer.Continue;
        var answer = await AnswerAsync(_options.ContentTimeout, null, null, ct);
        _skipsBody = answer.Verdict == MilterVerdict.Skip;
        return answer;
    }

    /// <summary>The message is whole: what is to become of it?</summary>
    /// <param name="macros">Values for it.</param>
    /// <param name="body">Takes the pieces of another body.</param>
    /// <param name="ct">Gives up.</param>
    /// <returns>The answer, and what is to be changed, in the order in which it was said; empty unless the message is taken.</returns>
    public async ValueTask<(MilterAnswer Answer, IReadOnlyList<MilterChange> Changes)> EndAsync(
        IReadOnlyList<KeyValuePair<string, string>> macros,
        Func<ReadOnlyMemory<byte>, CancellationToken, ValueTask> body,
        CancellationToken ct
    )
    {
        _skipsBody = false;
        if (_fault is not null)
            return (MilterAnswer.Failed(_fault), []);
        Macros(MilterCommand.EndOfMessage, macros);
        MilterPacket.Write(_output, (byte)MilterCommand.EndOfMessage);
        if (await SendAsync(_options.ContentTimeout, ct) is { } fault)
            return (fault, []);
        Slim();
        var changes = new MilterChangeReader(Agreed.Actions, _options);
        var answer = await AnswerAsync(_options.ContentTimeout, changes, body, ct);
        return (answer, answer.GoesOn || answer.Verdict == MilterVerdict.Accept ? changes.Changes : []);
    }

    private void Path(string path, IReadOnlyList<string> arguments)
    {
        _data.Clear().Text(path);
        foreach (var argument in arguments)
            _data.Text(argument);
    }

    private static IPAddress WithoutScope(IPAddress address) =>
        address.ScopeId == 0 ? address : new IPAddress(address.GetAddressBytes());
}
