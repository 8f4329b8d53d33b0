using System.Runtime.CompilerServices;

namespace Postreiter.Spam.Patterns;

/// <content>The instructions.</content>
internal ref partial struct PatternRun
{
    // What lies on the stack: words, and on top of them the instruction shifted left with one of these kinds.
    // Branch: place; the instruction goes on there.
    // Undo: old value; the "instruction" is the register.
    // Greedy: least place, place; goes on one octet before.
    // Lazy: greatest place, place; goes on one octet later.
    // Behind: place looked from, octets to go back.
    // List: place, number in the list of branches.
    private const int KindBits = 3;
    private const int Branch = 0;
    private const int Undo = 1;
    private const int Greedy = 2;
    private const int Lazy = 3;
    private const int Behind = 4;
    private const int List = 5;

    // The most that one instruction puts on the stack.
    private const int MaxPushed = 9;

    private Outcome Run(int start)
    {
        var code = _program.Code;
        var sets = _program.Sets;
        var text = _text;
        var stack = _stack;
        var (pc, at, top) = (_program.Entry, start, 0);
        while (true)
        {
            if (--_steps < 0)
                return Outcome.GaveUp;
            if (top + MaxPushed > stack.Length)
            {
                if (!TryGrow())
                    return Outcome.GaveUp;
                stack = _stack;
            }
            ref readonly var op = ref code[pc];
            switch (op.Operation)
            {
                case Operation.Octet:
                    if ((uint)at < (uint)text.Length && text[at] == op.A)
                    {
                        at++;
                        pc = op.Next;
                        continue;
                    }
                    break;
                case Operation.Set:
                    if ((uint)at < (uint)text.Length && Has(sets, op.A, text[at]))
                    {
                        at++;
                        pc = op.Next;
                        continue;
                    }
                    break;
                case Operation.Text:
                    var literal = _program.Texts[op.A];
                    if (text[at..].StartsWith(literal))
                    {
                        at += literal.Length;
                        pc = op.Next;
                        continue;
                    }
                    break;
                case Operation.FoldedText:
                    literal = _program.Texts[op.A];
                    if (IsFolded(text[at..], literal))
                    {
                        at += literal.Length;
                        pc = op.Next;
                        continue;
                    }
                    break;
                case Operation.Possessive:
                    if (TryRun(in op, at, out var end))
                    {
                        at = end;
                        pc = op.Next;
                        continue;
                    }
                    break;
                case Operation.Greedy:
                    if (!TryRun(in op, at, out end) || !TryDown(in op, pc, at + op.B, end, ref at, ref top))
                        break;
                    pc = op.Next;
                    continue;
                case Operation.Lazy:
                    if (!TryRun(in op, at, out end) || !TryUp(in op, pc, at + op.B, end, ref at, ref top))
                        break;
                    pc = op.Next;
                    continue;
                case Operation.Split:
                    var isFirst = op.B < 0 || (at < text.Length && Has(sets, op.B, text[at]));
                    var isSecond = op.C < 0 || (at < text.Length && Has(sets, op.C, text[at]));
                    if (isFirst && isSecond)
                    {
                        if (HasFailed(op.Memo, at))
                            break;
                        stack[top++] = at;
                        stack[top++] = (op.A << KindBits) | Branch;
                    }
                    else if (!isFirst && !isSecond)
                    {
                        break;
                    }
                    pc = isFirst ? op.Next : op.A;
                    continue;
                case Operation.Dispatch:
                    if (HasFailed(op.Memo, at))
                        break;
                    var list = Branches(in op, at);
                    if (list.Length == 0)
                        break;
                    if (list.Length > 1)
                    {
                        stack[top++] = at;
                        stack[top++] = 1;
                        stack[top++] = (pc << KindBits) | List;
                    }
                    pc = list[0];
                    continue;
                case Operation.Anchor:
                    if (Holds((AnchorKind)op.A, text, at))
                    {
                        pc = op.Next;
                        continue;
                    }
                    break;
                case Operation.Match:
                    if (at < _till)
                        break;
                    End = at;
                    return Outcome.Matched;
                default:
                    if (TryOther(in op, ref pc, ref at, ref top))
                        continue;
                    break;
            }
            if (!TryGoBack(ref pc, ref at, ref top))
                return Outcome.Failed;
        }
    }

    // Back to the last choice that is open.
    private bool TryGoBack(ref int pc, ref int at, ref int top)
    {
        var stack = _stack;
        while (top > 0)
        {
            var word = stack[--top];
            var number = word >> KindBits;
            switch (word & ((1 << KindBits) - 1))
            {
                case Undo:
                    _registers![number] = stack[--top];
                    continue;
                case Branch:
                    (pc, at) = (number, stack[--top]);
                    return true;
                case Greedy:
                    top -= 2;
                    if (!TryDown(in _program.Code[number], number, stack[top], stack[top + 1] - 1, ref at, ref top))
                        continue;
                    pc = _program.Code[number].Next;
                    return true;
                case Lazy:
                    top -= 2;
                    if (!TryUp(in _program.Code[number], number, stack[top + 1] + 1, stack[top], ref at, ref top))
                        continue;
                    pc = _program.Code[number].Next;
                    return true;
                case Behind:
                    var octets = stack[--top];
                    var from = stack[--top];
                    if (octets > _program.Code[number].B)
                        Push(ref top, from, octets - 1, number, Behind);
                    (pc, at) = (_program.Code[number].Next, from - octets);
                    return true;
                default:
                    var place = stack[--top];
                    at = stack[--top];
                    var list = Branches(in _program.Code[number], at);
                    if (place + 1 < list.Length)
                        Push(ref top, at, place + 1, number, List);
                    pc = list[place];
                    return true;
            }
        }
        return false;
    }

    private readonly void Push(ref int top, int one, int two, int number, int kind)
    {
        _stack[top++] = one;
        _stack[top++] = two;
        _stack[top++] = (number << KindBits) | kind;
    }

    // How far a run of one set goes.
    private bool TryRun(in Instruction op, int at, out int end)
    {
        var most = Math.Min(op.C, _text.Length - at);
        if (most < op.B)
        {
            end = at;
            return false;
        }
        var count = _program.Searches[op.A].Run(_text.Slice(at, most));
        _steps -= count >> StepShift;
        end = at + count;
        return count >= op.B;
    }

    private readonly ReadOnlySpan<int> Branches(in Instruction op, int at)
    {
        var table = _program.Dispatches[op.A];
        return table.Branches[table.Lists[at < _text.Length ? (byte)_text[at] : 256]];
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static bool Has(ulong[] sets, int set, char octet) =>
        ((sets[(set << 2) + ((octet >> 6) & 3)] >> (octet & 63)) & 1) != 0;

    private static bool IsFolded(ReadOnlySpan<char> text, string literal)
    {
        if (text.Length < literal.Length)
            return false;
        var fold = OctetFold.Table;
        for (var i = 0; i < literal.Length; i++)
        {
            if (fold[(byte)text[i]] != literal[i])
                return false;
        }
        return true;
    }

    private static bool Holds(AnchorKind kind, ReadOnlySpan<char> text, int at) =>
        kind switch
        {
            AnchorKind.Start => at == 0,
            // Not behind a line end that ends the text: there is nothing more, so no line begins.
            AnchorKind.LineStart => at == 0 || (at < text.Length && text[at - 1] == '\n'),
            AnchorKind.End => at == text.Length || (at == text.Length - 1 && text[at] == '\n'),
            AnchorKind.LineEnd => at == text.Length || text[at] == '\n',
            AnchorKind.AbsoluteEnd => at == text.Length,
            AnchorKind.WordBorder => IsWord(text, at - 1) != IsWord(text, at),
            _ => IsWord(text, at - 1) == IsWord(text, at),
        };

    private static bool IsWord(ReadOnlySpan<char> text, int at) =>
        (uint)at < (uint)text.Length && (char.IsAsciiLetterOrDigit(text[at]) || text[at] == '_');
}
