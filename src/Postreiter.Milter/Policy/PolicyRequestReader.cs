using System.Buffers;
using System.Text;
using Postreiter.Core;

namespace Postreiter.Milter.Policy;

/// <summary>Reads questions of the policy delegation: lines <c>name=value</c>, ended by an empty line.</summary>
public sealed class PolicyRequestReader
{
    /// <summary>Octets of a line.</summary>
    public const int MaxLine = 8 * 1024;

    /// <summary>Lines of a question.</summary>
    public const int MaxLines = 200;

    /// <summary>Octets of a question.</summary>
    public const int MaxBytes = 64 * 1024;

    private Dictionary<string, string> _attributes = new(StringComparer.Ordinal);
    private int _lines;
    private long _bytes;

    /// <summary>Reads on. Whole lines are taken from the input, whatever the status.</summary>
    /// <param name="input">What came.</param>
    /// <param name="request">The question, when it is complete; the next call begins with the next.</param>
    public ParseStatus Read(ref SequenceReader<byte> input, out PolicyRequest? request)
    {
        request = null;
        while (true)
        {
            if (!input.TryReadTo(out ReadOnlySequence<byte> line, (byte)'\n'))
                return input.Remaining > MaxLine ? ParseStatus.Invalid : ParseStatus.NeedMoreData;
            _bytes += line.Length + 1;
            if (line.Length > MaxLine || _bytes > MaxBytes || ++_lines > MaxLines)
                return ParseStatus.Invalid;
            var text = Encoding.UTF8.GetString(line).TrimEnd('\r');
            if (text.Length == 0)
            {
                // An empty question is none.
                if (_attributes.Count == 0)
                    return ParseStatus.Invalid;
                request = new PolicyRequest(_attributes);
                (_attributes, _lines, _bytes) = (new Dictionary<string, string>(StringComparer.Ordinal), 0, 0);
                return ParseStatus.Complete;
            }

            var equals = text.IndexOf('=', StringComparison.Ordinal);
            if (equals <= 0 || text.Contains('\0', StringComparison.Ordinal))
                return ParseStatus.Invalid;
            _attributes[text[..equals]] = text[(equals + 1)..];
        }
    }
}
