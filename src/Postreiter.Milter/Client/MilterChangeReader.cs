using System.Text;
using Postreiter.Milter.Syntax;

namespace Postreiter.Milter.Client;

/// <summary>Reads what a milter wants changed, within its bounds and within what was agreed on.</summary>
internal sealed class MilterChangeReader(MilterActions agreed, MilterClientOptions options)
{
    private readonly List<MilterChange> _changes = [];
    private long _bytes;
    private long _bodyBytes;
    private bool _hasBody;

    /// <summary>In the order in which they were said.</summary>
    public IReadOnlyList<MilterChange> Changes => _changes;

    /// <summary>Notes a piece of another body.</summary>
    /// <returns>False when it must not be.</returns>
    public bool TakeBody(int length)
    {
        _bodyBytes += length;
        if (!agreed.HasFlag(MilterActions.ChangeBody) || _bodyBytes > options.MaxBodyBytes)
            return false;
        if (!_hasBody)
            _changes.Add(new MilterReplaceBody());
        _hasBody = true;
        return true;
    }

    /// <summary>Reads one.</summary>
    /// <returns>False when it is none, breaks the form or a bound, or was not agreed on.</returns>
    public bool TryRead(byte code, ReadOnlySpan<byte> data)
    {
        _bytes += data.Length;
        if (_changes.Count >= options.MaxChanges || _bytes > options.MaxChangeBytes)
            return false;
        if (Read((MilterResponse)code, data) is not { } change)
            return false;
        _changes.Add(change);
        return true;
    }

    private MilterChange? Read(MilterResponse code, ReadOnlySpan<byte> data)
    {
        var reader = new MilterDataReader(data);
        uint index = 0;
        switch (code)
        {
            case MilterResponse.AddHeader when May(MilterActions.AddHeaders):
                return TryField(ref reader, out var name, out var value) ? new MilterAddHeader(name, value) : null;
            case MilterResponse.InsertHeader when May(MilterActions.AddHeaders):
                return reader.TryNumber(out index) && TryField(ref reader, out name, out value)
                    ? new MilterInsertHeader(Index(index), name, value)
                    : null;
            case MilterResponse.ChangeHeader when May(MilterActions.ChangeHeaders):
                return reader.TryNumber(out index) && TryField(ref reader, out name, out value)
                    // The first is meant by those that count from 0.
                    ? new MilterChangeHeader(Math.Max(1, Index(index)), name, value)
                    : null;
            case MilterResponse.AddRecipient when May(MilterActions.AddRecipients):
                return reader.TryText(out string added) && reader.IsAtEnd ? new MilterAddRecipient(added, "") : null;
            case MilterResponse.AddRecipientWithArguments when May(MilterActions.AddRecipientsWithArguments):
                return TryPath(ref reader, out var path, out var arguments)
                    ? new MilterAddRecipient(path, arguments)
                    : null;
            case MilterResponse.DeleteRecipient when May(MilterActions.DeleteRecipients):
                return reader.TryText(out string deleted) && reader.IsAtEnd ? new MilterDeleteRecipient(deleted) : null;
            case MilterResponse.ChangeSender when May(MilterActions.ChangeSender):
                return TryPath(ref reader, out path, out arguments) ? new MilterChangeSender(path, arguments) : null;
            case MilterResponse.Quarantine when May(MilterActions.Quarantine):
                return reader.TryText(out string reason) ? new MilterQuarantine(reason) : null;
            default:
                return null;
        }
    }

    private bool May(MilterActions action) => agreed.HasFlag(action);

    private static int Index(uint index) => (int)Math.Min(index, int.MaxValue);

    // RFC 5322 §2.2: a name is printable and has no colon. The value is put in order where it is written.
    private static bool TryField(ref MilterDataReader reader, out string name, out string value)
    {
        (name, value) = ("", "");
        if (!reader.TryText(out ReadOnlySpan<byte> first) || !reader.TryText(out ReadOnlySpan<byte> second))
            return false;
        (name, value) = (Encoding.Latin1.GetString(first), Encoding.Latin1.GetString(second));
        return reader.IsAtEnd
            && first.Length is > 0 and <= 998
            && !first.ContainsAnyExceptInRange((byte)33, (byte)126)
            && !first.Contains((byte)':');
    }

    private static bool TryPath(ref MilterDataReader reader, out string path, out string arguments)
    {
        arguments = "";
        return reader.TryText(out path) && (reader.IsAtEnd || (reader.TryText(out arguments) && reader.IsAtEnd));
    }
}
