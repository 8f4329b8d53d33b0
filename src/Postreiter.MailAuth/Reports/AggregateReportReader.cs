using System.Text;
using System.Xml;

namespace Postreiter.MailAuth.Reports;

/// <summary>Reads DMARC aggregate reports of whoever sends them: leniently in what they say, strictly in what it costs.</summary>
public static class AggregateReportReader
{
    /// <summary>Reads an attachment: XML, gzip or zip.</summary>
    /// <param name="attachment">Its bytes, decoded.</param>
    /// <param name="error">Why it is no report, for people; null when it is one.</param>
    /// <param name="limits">Null for the defaults.</param>
    public static AggregateReport? Read(ReadOnlyMemory<byte> attachment, out string? error, ReportLimits? limits = null)
    {
        limits ??= new ReportLimits();
        try
        {
            using var stream = ReportArchive.Open(attachment, limits, limits.MaxTag);
            return Read(stream, limits, out error);
        }
        catch (Exception e) when (IsOfTheInput(e))
        {
            error = Printable.Cut(e.Message, 200);
            return null;
        }
    }

    /// <summary>Reads back what <see cref="AggregateReportWriter.RowText"/> wrote.</summary>
    /// <exception cref="FormatException">It is not of there.</exception>
    public static AggregateRow ReadRow(string text)
    {
        var limits = new ReportLimits();
        var builder = new AggregateReportBuilder(limits);
        using var reader = XmlReader.Create(new StringReader(text), Settings(limits));
        Walk(reader, builder, limits);
        return builder.Rows is [var row] ? row : throw new FormatException("It is not the text of one row");
    }

    // What a stranger's bytes can cause in the readers of the base library: broken XML, broken deflate, an encoding that does not exist.
    internal static bool IsOfTheInput(Exception e) =>
        e is XmlException or InvalidDataException or ArgumentException or NotSupportedException or EndOfStreamException;

    private static AggregateReport? Read(Stream stream, ReportLimits limits, out string? error)
    {
        var builder = new AggregateReportBuilder(limits);
        using var reader = XmlReader.Create(stream, Settings(limits));
        if (Walk(reader, builder, limits) is { } root && root != "feedback")
        {
            error = $"the XML is no report: its root is '{Printable.Cut(root, 40)}'";
            return null;
        }

        return builder.Build(out error);
    }

    private static XmlReaderSettings Settings(ReportLimits limits) =>
        new()
        {
            // No DTD: no entities that grow, none that fetch.
            DtdProcessing = DtdProcessing.Prohibit,
            XmlResolver = null,
            NameTable = new BoundedNames(limits.MaxNames),
            MaxCharactersInDocument = limits.MaxUnpackedBytes,
            IgnoreComments = true,
            IgnoreProcessingInstructions = true,
            CloseInput = false,
        };

    // Names without their namespaces: reporters differ in those.
    private static string? Walk(XmlReader reader, AggregateReportBuilder builder, ReportLimits limits)
    {
        var open = new Stack<string>();
        var text = new StringBuilder();
        string? root = null;
        while (reader.Read())
        {
            switch (reader.NodeType)
            {
                case XmlNodeType.Element:
                    if (open.Count == limits.MaxDepth)
                        throw new InvalidDataException($"its elements are nested deeper than {limits.MaxDepth}");
                    root ??= reader.LocalName;
                    var name = reader.LocalName;
                    builder.Begin(open.Count > 0 ? open.Peek() : "", name);
                    text.Clear();
                    if (reader.IsEmptyElement)
                        builder.End(open.Count > 0 ? open.Peek() : "", name, "");
                    else
                        open.Push(name);
                    break;
                case XmlNodeType.Text or XmlNodeType.CDATA or XmlNodeType.SignificantWhitespace:
                    Take(reader, text, limits.MaxText);
                    break;
                case XmlNodeType.EndElement:
                    var ended = open.Pop();
                    builder.End(open.Count > 0 ? open.Peek() : "", ended, text.ToString().Trim());
                    text.Clear();
                    break;
                default:
                    break;
            }
        }

        return root;
    }

    private static void Take(XmlReader reader, StringBuilder text, int most)
    {
        var value = reader.Value;
        text.Append(value.AsSpan(0, Math.Min(value.Length, Math.Max(0, most - text.Length))));
    }
}
