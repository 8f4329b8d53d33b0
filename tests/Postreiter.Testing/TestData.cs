namespace Postreiter.Testing;

/// <summary>Data of third parties that lies beside the checkout, in <c>../shared/testdata</c>, and is not shipped.</summary>
public static class TestData
{
    /// <summary>The root of the checkout: the folder of <c>Postreiter.slnx</c>.</summary>
    public static string Root { get; } = FindRoot();

    /// <summary>The folder of one collection, whether it is there or not.</summary>
    public static string Folder(string name) => Path.GetFullPath(Path.Combine(Root, "..", "shared", "testdata", name));

    private static string FindRoot()
    {
        for (var folder = AppContext.BaseDirectory; folder is not null; folder = Path.GetDirectoryName(folder))
        {
            if (File.Exists(Path.Combine(folder, "Postreiter.slnx")))
                return folder;
        }

        throw new DirectoryNotFoundException($"no Postreiter.slnx above {AppContext.BaseDirectory}");
    }
}
