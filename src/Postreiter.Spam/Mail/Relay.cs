namespace Postreiter.Spam.Mail;

/// <summary>One handover that a Received field tells of, in octets; a field that is not known is "".</summary>
public sealed record Relay
{
    /// <summary>The client's address, without brackets, zone or <c>IPv6:</c>.</summary>
    public required string Ip { get; init; }

    /// <summary>The client's name in the DNS as the server wrote it down; "" if it wrote none or <c>unknown</c>.</summary>
    public required string Rdns { get; init; }

    /// <summary>What the client called itself; what could be mistaken for structure is a <c>!</c>.</summary>
    public required string Helo { get; init; }

    /// <summary>The server's own name.</summary>
    public required string By { get; init; }

    /// <summary>What an ident server said of the client.</summary>
    public required string Ident { get; init; }

    /// <summary>The envelope's sender; null if the field does not give it.</summary>
    public string? EnvelopeFrom { get; init; }

    /// <summary>The server's id of the mail.</summary>
    public required string Id { get; init; }

    /// <summary>How the client logged in; "" if it did not.</summary>
    public required string Auth { get; init; }

    /// <summary>Whether the server always asks for names, and there was none.</summary>
    public bool HasNoReverseDns { get; init; }

    /// <summary>Whether no name is given, and the server may just not have asked.</summary>
    public bool IsRdnsMissing { get; init; }

    /// <summary>Whether the address is of a network that the internet does not route.</summary>
    public bool IsPrivate { get; init; }

    /// <summary>Whether the relay is one of the site itself.</summary>
    public bool Internal { get; init; }

    /// <summary>Whether the relay is one of <c>msa_networks</c>.</summary>
    public bool Msa { get; init; }

    /// <summary>The form that rules match on; the order of its fields and its blanks are what they rely on.</summary>
    public override string ToString() =>
        $"[ ip={Ip} rdns={Rdns} helo={Helo} by={By} ident={Ident} envfrom={(EnvelopeFrom is "0" ? "" : EnvelopeFrom)} intl={(Internal ? 1 : 0)} id={Id} auth={Auth} msa={(Msa ? 1 : 0)} ]";
}
