using System.Text;

namespace Postreiter.Spam.Configuration;

/// <summary>Tables that are part of the program: lines of tab-separated fields, `#` starts a comment line.</summary>
internal static class EmbeddedTable
{
    /// <summary>The lines of a table.</summary>
    /// <param name="name">Its file name in this folder.</param>
    public static IEnumerable<string> Lines(string name) => Lines(name, typeof(EmbeddedTable));

    /// <summary>The lines of a table.</summary>
    /// <param name="name">Its file name.</param>
    /// <param name="beside">A type whose file stands in the same folder.</param>
    public static IEnumerable<string> Lines(string name, Type beside)
    {
        using var stream =
            beside.Assembly.GetManifestResourceStream(beside.Namespace + "." + name)
            ?? throw new InvalidOperationException($"{name} is not part of the program");
        using var reader = new StreamReader(stream, Encoding.UTF8);
        while (reader.ReadLine() is { } line)
        {
            if (line.Length > 0 && line[0] != '#')
                yield return line;
        }
    }
}
