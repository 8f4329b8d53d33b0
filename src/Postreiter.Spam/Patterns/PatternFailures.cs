using System.Buffers;
using System.Numerics;

namespace Postreiter.Spam.Patterns;

/// <content>
/// Failures that are remembered: for each choice a row with a bit for each place. Of a choice between instructions: whether it was tried
/// there. Of a run of one set: whether what follows was tried there.
/// </content>
internal ref partial struct PatternRun
{
    private void Forget()
    {
        if (_failed is not null)
            ArrayPool<ulong>.Shared.Return(_failed);
        _failed = null;
    }

    private bool Remembers(int memo)
    {
        if (memo < 0)
            return false;
        if (_failed is not null)
            return true;
        if (_steps >= _rememberBelow)
            return false;
        _rowWords = (_text.Length + 64) >> 6;
        var words = (long)_program.Memos * _rowWords;
        if (words > MaxRemembered)
        {
            _rememberBelow = int.MinValue;
            return false;
        }
        _failed = ArrayPool<ulong>.Shared.Rent((int)words);
        Array.Clear(_failed, 0, (int)words);
        _steps -= (int)words >> StepShift;
        return true;
    }

    // Whether a choice failed at a place before; if not, it is remembered to have been tried.
    private bool HasFailed(int memo, int at)
    {
        if (!Remembers(memo))
            return false;
        ref var word = ref _failed![(memo * _rowWords) + (at >> 6)];
        var mask = 1ul << (at & 63);
        if ((word & mask) != 0)
            return true;
        word |= mask;
        return false;
    }

    // The last place from least to place that was not tried; less than least when there is none.
    private int LastUntried(int memo, int least, int place)
    {
        var row = memo * _rowWords;
        var index = place >> 6;
        var word = ~_failed![row + index] & (~0ul >> (63 - (place & 63)));
        while (word == 0)
        {
            if (--index < least >> 6)
                return -1;
            _steps--;
            word = ~_failed[row + index];
        }
        return (index << 6) + BitOperations.Log2(word);
    }

    // The first place from place to greatest that was not tried; more than greatest when there is none.
    private int FirstUntried(int memo, int place, int greatest)
    {
        var row = memo * _rowWords;
        var index = place >> 6;
        var word = ~_failed![row + index] & (~0ul << (place & 63));
        while (word == 0)
        {
            if (++index > greatest >> 6)
                return int.MaxValue;
            _steps--;
            word = ~_failed[row + index];
        }
        return (index << 6) + BitOperations.TrailingZeroCount(word);
    }

    // A run takes as many octets as it can: the last place where what must follow can follow, and was not tried.
    private bool TryDown(in Instruction op, int number, int least, int place, ref int at, ref int top)
    {
        while (place >= least)
        {
            if (op.D >= 0 && (place = LastFollowed(op.D, least, place)) < least)
                return false;
            if (Remembers(op.Memo))
            {
                var untried = LastUntried(op.Memo, least, place);
                if (untried != place)
                {
                    place = untried;
                    continue;
                }
                _failed![(op.Memo * _rowWords) + (place >> 6)] |= 1ul << (place & 63);
            }
            if (place > least)
                Push(ref top, least, place, number, Greedy);
            at = place;
            return true;
        }
        return false;
    }

    // As few as it can: the first such place.
    private bool TryUp(in Instruction op, int number, int place, int greatest, ref int at, ref int top)
    {
        while (place <= greatest)
        {
            if (op.D >= 0 && (place = FirstFollowed(op.D, place, greatest)) > greatest)
                return false;
            if (Remembers(op.Memo))
            {
                var untried = FirstUntried(op.Memo, place, greatest);
                if (untried != place)
                {
                    place = untried;
                    continue;
                }
                _failed![(op.Memo * _rowWords) + (place >> 6)] |= 1ul << (place & 63);
            }
            if (place < greatest)
                Push(ref top, greatest, place, number, Lazy);
            at = place;
            return true;
        }
        return false;
    }

    private int LastFollowed(int set, int least, int place)
    {
        if (place == _text.Length)
            place--;
        var before = place;
        if (_program.Searches[set].Single is var single and >= 0)
        {
            place = place < least ? -1 : _text[least..(place + 1)].LastIndexOf((char)single);
            place = place < 0 ? -1 : least + place;
        }
        else
        {
            while (place >= least && !Has(_program.Sets, set, _text[place]))
                place--;
        }
        _steps -= (before - Math.Max(place, least)) >> StepShift;
        return place;
    }

    private int FirstFollowed(int set, int place, int greatest)
    {
        var reach = _text[place..Math.Min(greatest + 1, _text.Length)];
        var found = _program.Searches[set].Find(reach);
        _steps -= (found < 0 ? reach.Length : found) >> StepShift;
        return found < 0 ? int.MaxValue : place + found;
    }
}
