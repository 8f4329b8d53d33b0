using System.Text;
using Postreiter.Spam.Patterns;

namespace Postreiter.Spam.Tests.Matching;

/// <summary>Texts that a pattern matches, or nearly: made from the pattern itself.</summary>
internal sealed class PatternSample(int rounds, int branch, int maxLength)
{
    private readonly StringBuilder _text = new();
    private readonly Dictionary<int, string> _groups = [];

    /// <summary>A text for a pattern.</summary>
    /// <param name="tree">The pattern.</param>
    /// <param name="rounds">How often repeats are repeated, as far as they may be.</param>
    /// <param name="branch">Which branch of alternations is taken, and which octet of sets.</param>
    /// <param name="maxLength">Octets at most.</param>
    public static string Of(PatternNode tree, int rounds, int branch, int maxLength)
    {
        var sample = new PatternSample(rounds, branch, maxLength);
        sample.Add(tree);
        return sample._text.ToString();
    }

    private void Add(PatternNode node)
    {
        if (_text.Length >= maxLength)
            return;
        switch (node)
        {
            case SetNode set:
                _text.Append(Octet(set.Set));
                break;
            case SequenceNode sequence:
                foreach (var part in sequence.Parts)
                    Add(part);
                break;
            case AlternationNode alternation:
                Add(alternation.Branches[branch % alternation.Branches.Count]);
                break;
            case RepeatNode repeat:
                for (var i = Math.Clamp(rounds, repeat.Min, repeat.Max); i > 0 && _text.Length < maxLength; i--)
                    Add(repeat.Body);
                break;
            case CaptureNode capture:
                var begin = _text.Length;
                Add(capture.Body);
                _groups[capture.Number] = _text.ToString(begin, _text.Length - begin);
                break;
            case AtomicNode atomic:
                Add(atomic.Body);
                break;
            case BackReferenceNode reference:
                _text.Append(_groups.GetValueOrDefault(reference.Number, ""));
                break;
            case LookNode { IsNegative: false, IsBehind: false } look:
                var place = _text.Length;
                Add(look.Body);
                _text.Length = place;
                break;
            case AnchorNode { Kind: AnchorKind.LineStart } when _text.Length > 0 && _text[^1] != '\n':
                _text.Append('\n');
                break;
        }
    }

    // A letter or a digit before all else: what most parts of a pattern can take.
    private char Octet(OctetSet set)
    {
        const string Liked = "a1 .-<@";
        for (var i = 0; i < Liked.Length; i++)
        {
            if (set.Contains(Liked[(i + branch) % Liked.Length]))
                return Liked[(i + branch) % Liked.Length];
        }
        return set == OctetSet.None ? '\0' : (char)set.First;
    }
}
