using System.Collections.Concurrent;
using System.Net;
using Postreiter.Net;

namespace Postreiter.Testing.Outgoing;

/// <summary>A network in memory: addresses with servers that play scripts (<see cref="ServerScript"/>). Every other address refuses.</summary>
/// <param name="pacing">How the servers' bytes arrive.</param>
/// <param name="clock">For the scripts' <c>T:</c> steps.</param>
public sealed class MemoryDialler(Pacing pacing = Pacing.Lines, TestClock? clock = null) : IDialler
{
    private readonly ConcurrentDictionary<string, ConcurrentQueue<string>> _servers = new();
    private readonly ConcurrentBag<(Task Play, ServerScript Script)> _played = [];

    /// <summary>Every address that was dialled, in order.</summary>
    public ConcurrentQueue<string> Dialled { get; } = new();

    /// <summary>Scripts of an address, one for each connection; then it refuses.</summary>
    public MemoryDialler Serve(string endPoint, params string[] scripts)
    {
        foreach (var script in scripts)
            _servers.GetOrAdd(endPoint, _ => new()).Enqueue(script);
        return this;
    }

    /// <inheritdoc/>
    public ValueTask<DialResult> ConnectAsync(IPEndPoint to, TimeSpan timeout, CancellationToken ct)
    {
        ct.ThrowIfCancellationRequested();
        Dialled.Enqueue(to.ToString());
        if (!_servers.TryGetValue(to.ToString(), out var scripts) || !scripts.TryDequeue(out var text))
            return new(new DialResult(null, "ConnectionRefused"));
        var connection = new MemoryOutgoingConnection(to, pacing);
        var script = new ServerScript(connection, pacing, clock);
        _played.Add((Task.Run(() => script.PlayAsync(text), CancellationToken.None), script));
        return new(new DialResult(connection, null));
    }

    /// <summary>Waits for the scripts that have begun.</summary>
    /// <returns>What was said.</returns>
    /// <exception cref="Xunit.Sdk.XunitException">A script met something else, or was never begun.</exception>
    public async Task<string> EndAsync()
    {
        foreach (var (play, _) in _played)
            await play;
        var left = _servers.Where(s => !s.Value.IsEmpty).Select(s => s.Key).ToList();
        return left.Count == 0
            ? string.Concat(_played.Select(p => p.Script.Transcript))
            : throw new Xunit.Sdk.XunitException($"nobody connected to {string.Join(' ', left)}");
    }
}
