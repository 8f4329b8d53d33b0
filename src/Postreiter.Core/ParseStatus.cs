namespace Postreiter.Core;

/// <summary>What a resumable parser found. Only <see cref="Complete"/> moves its input.</summary>
public enum ParseStatus
{
    /// <summary>The input so far is the start of something valid.</summary>
    NeedMoreData,

    /// <summary>A whole value was read.</summary>
    Complete,

    /// <summary>No continuation of this input can be valid.</summary>
    Invalid,
}
