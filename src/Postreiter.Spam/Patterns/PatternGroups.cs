namespace Postreiter.Spam.Patterns;

/// <content>Instructions that use registers: groups, loops, look-around.</content>
internal ref partial struct PatternRun
{
    // False: it fails.
    private bool TryOther(in Instruction op, ref int pc, ref int at, ref int top)
    {
        var registers = _registers!;
        switch (op.Operation)
        {
            case Operation.Mark:
                Write(ref top, op.A, at);
                pc = op.Next;
                return true;
            case Operation.Assign:
                Write(ref top, op.A, op.B);
                pc = op.Next;
                return true;
            case Operation.GroupEnd:
                Write(ref top, op.A + 1, registers[op.A]);
                Write(ref top, op.A + 2, at);
                pc = op.Next;
                return true;
            case Operation.GroupClear:
                Write(ref top, op.A + 1, -1);
                pc = op.Next;
                return true;
            case Operation.Reference or Operation.FoldedReference:
                pc = op.Next;
                return TryReference(in op, ref at);
            case Operation.OpenLoop or Operation.LazyOpenLoop:
                return TryOpenLoop(in op, ref pc, at, ref top);
            case Operation.RoundEnd:
                pc = registers[op.A] == at ? op.B : op.Next;
                return true;
            case Operation.CountedLoop or Operation.LazyCountedLoop:
                return TryCountedLoop(in op, ref pc, at, ref top);
            case Operation.AtomicStart:
                registers[op.A] = top;
                pc = op.Next;
                return true;
            case Operation.AtomicEnd:
                Drop(registers[op.A], ref top);
                pc = op.Next;
                return true;
            case Operation.Ahead:
                (registers[op.A], registers[op.A + 1]) = (at, top);
                pc = op.Next;
                return true;
            case Operation.AheadEnd:
                at = registers[op.A];
                Drop(registers[op.A + 1], ref top);
                pc = op.Next;
                return true;
            case Operation.NotAhead:
                registers[op.A + 1] = top;
                PushBranch(ref top, op.B, at);
                pc = op.Next;
                return true;
            case Operation.NotEnd:
                GoBackTo(registers[op.A + 1], ref top);
                return false;
            case Operation.Behind or Operation.NotBehind:
                return TryBehind(in op, ref pc, ref at, ref top);
            case Operation.BehindEnd:
                if (at != registers[op.A])
                    return false;
                Drop(registers[op.A + 1], ref top);
                pc = op.Next;
                return true;
            case Operation.NotBehindEnd:
                if (at == registers[op.A])
                    GoBackTo(registers[op.A + 1], ref top);
                return false;
            default:
                throw new InvalidOperationException($"{op.Operation} is not run");
        }
    }

    private readonly void Write(ref int top, int register, int value)
    {
        _stack[top++] = _registers![register];
        _stack[top++] = (register << KindBits) | Undo;
        _registers[register] = value;
    }

    private readonly void PushBranch(ref int top, int pc, int at)
    {
        _stack[top++] = at;
        _stack[top++] = (pc << KindBits) | Branch;
    }

    private bool TryReference(in Instruction op, ref int at)
    {
        var begin = _registers![op.A + 1];
        if (begin < 0)
            return false;
        var group = _text[begin.._registers[op.A + 2]];
        var rest = _text[at..];
        if (rest.Length < group.Length)
            return false;
        _steps -= group.Length >> StepShift;
        var fold = OctetFold.Table;
        if (op.Operation == Operation.Reference)
        {
            if (!rest.StartsWith(group))
                return false;
        }
        else
        {
            for (var i = 0; i < group.Length; i++)
            {
                if (fold[(byte)rest[i]] != fold[(byte)group[i]])
                    return false;
            }
        }
        at += group.Length;
        return true;
    }

    // Comes here before each round. One that took nothing was the last.
    private bool TryOpenLoop(in Instruction op, ref int pc, int at, ref int top)
    {
        if (_registers![op.A] == at)
        {
            pc = op.B;
            return true;
        }
        if (HasFailed(op.Memo, at))
            return false;
        if (op.Operation == Operation.LazyOpenLoop)
        {
            PushBranch(ref top, op.C, at);
        }
        else
        {
            PushBranch(ref top, op.B, at);
            Write(ref top, op.A, at);
        }
        pc = op.Next;
        return true;
    }

    private bool TryCountedLoop(in Instruction op, ref int pc, int at, ref int top)
    {
        var rounds = _registers![op.A] + 1;
        Write(ref top, op.A, rounds);
        if (rounds >= op.B)
        {
            if (_registers[op.A + 1] == at || rounds >= op.C)
            {
                pc = op.D;
                return true;
            }
            if (op.Operation == Operation.LazyCountedLoop)
            {
                PushBranch(ref top, op.E, at);
                pc = op.D;
                return true;
            }
            PushBranch(ref top, op.D, at);
        }
        Write(ref top, op.A + 1, at);
        pc = op.Next;
        return true;
    }

    // The farthest place first, as the original does; it matters for groups inside.
    private bool TryBehind(in Instruction op, ref int pc, ref int at, ref int top)
    {
        var most = Math.Min(op.C, at);
        var isNegative = op.Operation == Operation.NotBehind;
        if (most < op.B)
        {
            pc = op.D;
            return isNegative;
        }
        (_registers![op.A], _registers[op.A + 1]) = (at, top);
        if (isNegative)
            PushBranch(ref top, op.D, at);
        if (most > op.B)
            Push(ref top, at, most - 1, pc, Behind);
        at -= most;
        pc = op.Next;
        return true;
    }

    // Choices made since are dropped, but not what tells how registers were before.
    private readonly void Drop(int to, ref int top)
    {
        if (!_program.HasUndo)
        {
            top = to;
            return;
        }
        var (from, kept) = (top, top);
        while (from > to)
        {
            var word = _stack[from - 1];
            if ((word & ((1 << KindBits) - 1)) is Undo)
            {
                _stack[--kept] = word;
                _stack[--kept] = _stack[from - 2];
                from -= 2;
            }
            else
            {
                from -= (word & ((1 << KindBits) - 1)) == Branch ? 2 : 3;
            }
        }
        var length = top - kept;
        Array.Copy(_stack, kept, _stack, to, length);
        top = to + length;
    }

    // All that was done since is undone.
    private readonly void GoBackTo(int to, ref int top)
    {
        while (top > to)
        {
            var word = _stack[--top];
            switch (word & ((1 << KindBits) - 1))
            {
                case Undo:
                    _registers![word >> KindBits] = _stack[--top];
                    break;
                case Branch:
                    top--;
                    break;
                default:
                    top -= 2;
                    break;
            }
        }
    }
}
