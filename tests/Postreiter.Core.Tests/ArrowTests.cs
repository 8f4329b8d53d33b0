using System.Xml.Linq;

namespace Postreiter.Core.Tests;

/// <summary>The rooms and the arrows between them, as docs/architecture.md draws them.</summary>
public sealed class ArrowTests
{
    private static readonly Dictionary<string, string[]> Allowed = new(StringComparer.Ordinal)
    {
        ["Core"] = [],
        ["Net"] = ["Core"],
        ["Dns"] = ["Core"],
        ["Messages"] = ["Core"],
        ["MailAuth"] = ["Core", "Dns", "Messages"],
        ["Spam"] = ["Core", "Net", "Dns", "Messages", "MailAuth"],
        ["Storage"] = ["Core"],
        ["Storage.Sql"] = ["Core", "Storage"],
        ["Storage.Blobs"] = ["Core", "Storage"],
        ["Smtp"] = ["Core", "Net"],
        ["Milter"] = ["Core", "Net"],
        ["Imap"] = ["Core", "Net", "Messages", "Storage"],
        ["Pop3"] = ["Core", "Net", "Storage"],
        ["Delivery"] = ["Core", "Net", "Dns", "Messages", "MailAuth", "Spam", "Storage", "Smtp", "Milter"],
        ["Web"] = ["Core", "Storage", "Delivery"],
    };

    public static TheoryData<string> Rooms =>
        [
            .. Directory
                .EnumerateDirectories(Path.Combine(Repository.Root, "src"))
                .Select(folder => Path.GetFileName(folder)!),
        ];

    [Theory, MemberData(nameof(Rooms))]
    public void A_room_refers_only_to_the_rooms_above_it(string room)
    {
        if (room == "Postreiter")
            return; // the program wires everything
        var name = room["Postreiter.".Length..];
        Assert.True(Allowed.ContainsKey(name), $"src/{room} is no room of docs/architecture.md");

        var project = XDocument.Load(Path.Combine(Repository.Root, "src", room, room + ".csproj"));
        var arrows = project
            .Descendants("ProjectReference")
            .Select(reference =>
                Path.GetFileNameWithoutExtension(reference.Attribute("Include")!.Value.Replace('\\', '/'))
            )
            .Select(target => target["Postreiter.".Length..]);
        Assert.Empty(arrows.Except(Allowed[name]).Select(target => $"{name} -> {target}"));
    }

    [Fact]
    public void Every_project_is_in_the_solution()
    {
        var solution = XDocument
            .Load(Path.Combine(Repository.Root, "Postreiter.slnx"))
            .Descendants("Project")
            .Select(project => project.Attribute("Path")!.Value);
        var projects = Repository
            .SourceFiles("*.csproj")
            .Select(file => Path.GetRelativePath(Repository.Root, file).Replace('\\', '/'));
        Assert.Equal(projects.Order(StringComparer.Ordinal), solution.Order(StringComparer.Ordinal));
    }
}
