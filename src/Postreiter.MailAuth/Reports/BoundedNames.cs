using System.Xml;

namespace Postreiter.MailAuth.Reports;

/// <summary>The names an XML reader keeps; without a bound a document of nothing but new names would fill the memory.</summary>
internal sealed class BoundedNames(int most) : NameTable
{
    private const int MaxLength = 256;

    private int _count;

    public override string Add(string key) => Get(key) ?? Checked(key.Length, base.Add(key));

    public override string Add(char[] key, int start, int len) =>
        len <= MaxLength
            ? Get(key, start, len) ?? Checked(len, base.Add(key, start, len))
            : throw new InvalidDataException($"it has a name longer than {MaxLength} characters");

    private string Checked(int length, string name) =>
        length <= MaxLength && ++_count <= most
            ? name
            : throw new InvalidDataException($"it has more than {most} different names");
}
