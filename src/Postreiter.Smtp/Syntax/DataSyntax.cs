namespace Postreiter.Smtp.Syntax;

/// <summary>What stopped a run of message bytes.</summary>
internal enum DataStop
{
    /// <summary>The bytes at hand are used up.</summary>
    NeedMoreData,

    /// <summary>A dot that only kept its line from ending the data (RFC 5321 §4.5.2); the run goes on behind it.</summary>
    StuffedDot,

    /// <summary>CR LF . CR LF.</summary>
    EndOfData,

    /// <summary>A CR without LF or an LF without CR: never repaired, the session ends.</summary>
    BareLineEnd,
}

/// <summary>
/// Finds the end of DATA and takes out stuffed dots, over any cut of the input. Bytes are given on as they are, in runs as
/// long as possible; nothing is copied.
/// </summary>
internal struct DataSyntax
{
    private State _state;
    private long _lineBytes;

    private enum State
    {
        // Zero: data begins at the start of a line.
        LineStart,
        InLine,
        AfterCr,
        AfterDot,
        AfterDotCr,
    }

    /// <summary>Longest line seen so far, in octets without CRLF.</summary>
    public long LongestLine { get; private set; }

    /// <summary>Goes on from a position up to the next stop.</summary>
    /// <param name="bytes">A piece of the input.</param>
    /// <param name="at">Where to go on; moves behind what was used.</param>
    /// <param name="run">Message bytes before the stop; may be empty.</param>
    public DataStop Next(ReadOnlySpan<byte> bytes, ref int at, out Range run)
    {
        var start = at;
        while (at < bytes.Length)
        {
            switch (_state)
            {
                case State.LineStart when bytes[at] == '.':
                    run = start..at;
                    at++;
                    _state = State.AfterDot;
                    if (run.Start.Value != run.End.Value)
                        return DataStop.StuffedDot;
                    start = at;
                    break;
                case State.LineStart:
                    _state = State.InLine;
                    _lineBytes = 0;
                    break;
                case State.AfterDot when bytes[at] == '\r':
                    at++;
                    start = at;
                    _state = State.AfterDotCr;
                    break;
                case State.AfterDot:
                    _state = State.InLine;
                    _lineBytes = 0;
                    break;
                case State.AfterDotCr:
                    run = start..start;
                    if (bytes[at] != '\n')
                        return DataStop.BareLineEnd;
                    at++;
                    return DataStop.EndOfData;
                case State.AfterCr:
                    if (bytes[at] != '\n')
                    {
                        run = start..at;
                        return DataStop.BareLineEnd;
                    }

                    at++;
                    _state = State.LineStart;
                    break;
                default:
                    var end = bytes[at..].IndexOfAny((byte)'\r', (byte)'\n');
                    var length = end < 0 ? bytes.Length - at : end;
                    _lineBytes += length;
                    LongestLine = Math.Max(LongestLine, _lineBytes);
                    at += length;
                    if (end < 0)
                        break;
                    if (bytes[at] == '\n')
                    {
                        run = start..at;
                        return DataStop.BareLineEnd;
                    }

                    at++;
                    _state = State.AfterCr;
                    break;
            }
        }

        run = start..at;
        return DataStop.NeedMoreData;
    }
}
