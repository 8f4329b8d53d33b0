using Postreiter.Benchmarks.Sites;

namespace Postreiter.Benchmarks.Spam;

/// <summary>A server that judges mail over a socket, bound to one processor.</summary>
internal interface ISpamSite : IAsyncDisposable
{
    /// <summary>The column in the table.</summary>
    string Name { get; }

    /// <summary>Mails of the corpus that a round sends: fewer to a slow server.</summary>
    int Mails { get; }

    /// <summary>Its processes.</summary>
    ProcessTree Processes { get; }

    /// <summary>What is done once: folders, caches that survive a restart.</summary>
    Task PrepareAsync(CancellationToken ct);

    /// <summary>Starts the process and comes back at once.</summary>
    void Start();

    /// <summary>Ends it.</summary>
    Task StopAsync();

    /// <summary>Has a mail judged on a connection of its own.</summary>
    /// <returns>Whether it is spam; null when the server does not judge yet.</returns>
    Task<bool?> CheckAsync(ReadOnlyMemory<byte> mail, CancellationToken ct);
}
