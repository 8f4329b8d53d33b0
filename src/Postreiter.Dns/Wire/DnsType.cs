namespace Postreiter.Dns.Wire;

/// <summary>Types of records that we know (RFC 1035 §3.2.2, RFC 3596 §2.1, RFC 2782, RFC 6698 §7.1, RFC 6891 §6.1.1).</summary>
internal enum DnsType : ushort
{
    /// <summary>IPv4 address.</summary>
    A = 1,

    /// <summary>Name server of a zone.</summary>
    Ns = 2,

    /// <summary>The name is another one.</summary>
    Cname = 5,

    /// <summary>Start of a zone; in a negative answer it says for how long that holds.</summary>
    Soa = 6,

    /// <summary>Name of an address.</summary>
    Ptr = 12,

    /// <summary>Mail exchanger.</summary>
    Mx = 15,

    /// <summary>Text.</summary>
    Txt = 16,

    /// <summary>IPv6 address.</summary>
    Aaaa = 28,

    /// <summary>Host of a service.</summary>
    Srv = 33,

    /// <summary>EDNS.</summary>
    Opt = 41,

    /// <summary>Certificate of a service.</summary>
    Tlsa = 52,
}

/// <summary>What the server says of the question as a whole (RFC 1035 §4.1.1).</summary>
internal enum DnsResponseCode
{
    /// <summary>No error.</summary>
    NoError = 0,

    /// <summary>It cannot read the question.</summary>
    FormErr = 1,

    /// <summary>It failed.</summary>
    ServFail = 2,

    /// <summary>The name does not exist.</summary>
    NxDomain = 3,

    /// <summary>It does not know this kind of question.</summary>
    NotImp = 4,

    /// <summary>It does not want to.</summary>
    Refused = 5,
}

/// <summary>One record.</summary>
/// <param name="Owner">Its name, without the last dot; characters that are none of a host name as <c>\DDD</c>.</param>
/// <param name="Type">Its type.</param>
/// <param name="Ttl">Seconds.</param>
/// <param name="Value">
/// IPAddress (A, AAAA), string (CNAME, NS, PTR: a name; TXT: all strings joined, a character for each byte), MxData, SoaData, SrvData, TlsaRecord;
/// null for types that we do not know.
/// </param>
internal readonly record struct DnsRecord(string Owner, DnsType Type, uint Ttl, object? Value);

/// <summary>The data of an MX record.</summary>
internal sealed record MxData(int Preference, string Exchange);

/// <summary>The data of an SRV record.</summary>
internal sealed record SrvData(int Priority, int Weight, int Port, string Target);

/// <summary>What counts of an SOA record.</summary>
/// <param name="Server">The first name server.</param>
/// <param name="Minimum">Seconds for which what is not there may be remembered.</param>
/// <param name="Text">All of it, as a zone file has it.</param>
internal sealed record SoaData(string Server, uint Minimum, string Text);
