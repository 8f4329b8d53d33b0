using System.Net;
using System.Text.Json.Nodes;
using Postreiter.Settings;

namespace Postreiter.Hosting;

/// <summary>
/// <c>ports.json</c> in the data folder: where each listener really listens, for those started on port 0. One object,
/// <c>{"smtp": ["127.0.0.1:40123"], …}</c>, the names of section <c>listen</c>; written before "ready", gone after the stop.
/// </summary>
internal static class PortsFile
{
    /// <summary>Writes it, whole at once.</summary>
    public static void Write(DataFolder folder, IReadOnlyList<(string Name, EndPoint Address)> bound)
    {
        var ports = new JsonObject();
        foreach (var listener in bound.GroupBy(b => b.Name, StringComparer.Ordinal))
            ports[listener.Key] = new JsonArray([.. listener.Select(b => (JsonNode)EndPoints.Format(b.Address))]);
        var temporary = folder.PortsFile + ".new";
        File.WriteAllText(temporary, ports.ToJsonString() + "\n");
        File.Move(temporary, folder.PortsFile, overwrite: true);
    }
}
