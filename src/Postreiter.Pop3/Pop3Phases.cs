namespace Postreiter.Pop3;

/// <summary>States of a session (RFC 1939 §3); UPDATE is a part of QUIT.</summary>
[Flags]
internal enum Pop3Phases
{
    /// <summary>AUTHORIZATION.</summary>
    Authorization = 1,

    /// <summary>TRANSACTION.</summary>
    Transaction = 2,

    /// <summary>Both.</summary>
    Any = Authorization | Transaction,
}
