namespace Postreiter.Smtp.Server;

/// <summary>The peer has closed, or takes nothing any more: nobody is left to be told, the session is over.</summary>
internal sealed class PeerGoneException(string message) : Exception(message);
