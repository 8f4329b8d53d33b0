using System.Buffers;
using Postreiter.Core;

namespace Postreiter.Smtp.Client;

/// <summary>Puts one reply together, line by line: a peer that sends single bytes does not have its lines read again.</summary>
/// <param name="maxText">Most characters of text that are kept; what comes after is read and dropped.</param>
internal sealed class ReplyReader(int maxText = ReplyReader.MaxText)
{
    /// <summary>Most lines of one reply.</summary>
    public const int MaxLines = 128;

    /// <summary>Text kept of an ordinary reply: a thousand recipients may each get one.</summary>
    public const int MaxText = 1024;

    /// <summary>Text kept of the reply to EHLO, whose lines are extensions.</summary>
    public const int MaxHelloText = 16 * 1024;

    private readonly List<string> _lines = [];
    private EnhancedStatus? _status;
    private int _code;
    private int _count;
    private int _room = maxText;

    /// <summary>Takes the lines that are there.</summary>
    /// <returns>
    /// Whole lines move <paramref name="input"/> and are kept, also when the reply needs more data. After Complete or Invalid the
    /// reader is of no more use.
    /// </returns>
    public ParseStatus TryRead(ref SequenceReader<byte> input, out SmtpReply? reply)
    {
        reply = null;
        while (_count < MaxLines)
        {
            var status = ReplyParser.TryReadLine(ref input, out var line);
            if (status != ParseStatus.Complete)
                return status;
            if (_count++ > 0 && line.Code != _code)
                return ParseStatus.Invalid;
            _code = line.Code;
            _status ??= line.Status;
            if (_room > 0 || _lines.Count == 0)
                _lines.Add(line.Text.Length <= _room ? line.Text : line.Text[.._room]);
            _room = Math.Max(0, _room - line.Text.Length);
            if (!line.IsLast)
                continue;
            reply = new SmtpReply(_code, _status, _lines) { ClosesConnection = _code == 421 };
            return ParseStatus.Complete;
        }

        return ParseStatus.Invalid;
    }
}
