namespace Postreiter.Testing;

/// <summary>In which pieces the client's bytes reach the server.</summary>
public enum Pacing
{
    /// <summary>A line at a time.</summary>
    Lines,

    /// <summary>A byte at a time: the server has looked at each before the next one comes.</summary>
    Bytes,
}
