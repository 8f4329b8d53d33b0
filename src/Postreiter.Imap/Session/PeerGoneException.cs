namespace Postreiter.Imap.Session;

/// <summary>The peer has closed, takes nothing any more, or cannot be told the rest: the session is over.</summary>
internal sealed class PeerGoneException(string message, Exception? inner = null) : IOException(message, inner);
