namespace Postreiter.Milter.Policy;

/// <summary>One question of Postfix's policy delegation: attributes by their names.</summary>
/// <param name="Attributes">As they came; of those that come twice, the last.</param>
public sealed record PolicyRequest(IReadOnlyDictionary<string, string> Attributes)
{
    /// <summary>The value of an attribute; empty where it is not there, which means the same.</summary>
    public string this[string name] => Attributes.GetValueOrDefault(name, "");

    /// <summary>In which state of the session it is asked: CONNECT, EHLO, HELO, MAIL, RCPT, DATA, END-OF-MESSAGE, VRFY, ETRN.</summary>
    public string State => this["protocol_state"];

    /// <summary>The same for all questions about one message.</summary>
    public string Instance => this["instance"];
}

/// <summary>Says what is to become of a session's mail, question by question.</summary>
public interface IPolicySession : IAsyncDisposable
{
    /// <summary>Decides.</summary>
    /// <returns>The action, as access(5) has it: <c>DUNNO</c>, <c>450 4.7.1 text</c>, <c>PREPEND Field: value</c>. One line.</returns>
    ValueTask<string> DecideAsync(PolicyRequest request, CancellationToken ct);
}
