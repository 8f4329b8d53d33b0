using System.Text;

namespace Postreiter.Spam.Configuration;

/// <summary>Tables that are part of the program: lines of tab-separated fields, `#` starts a comment line.</summary>
internal static class EmbeddedTable
{
    /// <summary>The lines of a table.</summary>
    /// <param name="name">Its file name in this folder.</param>
    public static IEnumerable<string> Lines(string name)
    {
        using var stream =
            typeof(EmbeddedTable).Assembly.GetManifestResourceStream(typeof(EmbeddedTable).Namespace + "." + name)
            ?? throw new InvalidOperationException($"{name} is not part of the program");
        using var reader = new StreamReader(stream, Encoding.UTF8);
        while (reader.ReadLine() is { } line)
        {
            if (line.Length > 0 && line[0] != '#')
                yield return line;
        }
    }
}
