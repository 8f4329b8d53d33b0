namespace Postreiter.Spam.Configuration;

/// <summary>Works a compiled meta out.</summary>
internal static class MetaEvaluation
{
    /// <summary>The value of an expression.</summary>
    /// <param name="steps">Its steps.</param>
    /// <param name="names">For each name it uses, where its hits stand in <paramref name="hits"/>; -1 = never hits.</param>
    /// <param name="sums">For each `rules_matching()`, where the hits of its rules stand.</param>
    /// <param name="hits">Hits by rule.</param>
    /// <param name="isLocal">Whether the network is off.</param>
    /// <returns>0 = no hit; also when it divides by 0.</returns>
    public static double Evaluate(
        ReadOnlySpan<MetaStep> steps,
        ReadOnlySpan<int> names,
        ReadOnlySpan<int[]> sums,
        ReadOnlySpan<double> hits,
        bool isLocal
    )
    {
        // A step puts at most one value there, so the depth is bounded by the number of steps; nearly all need a handful.
        Span<double> stack = steps.Length <= 16 ? stackalloc double[17] : new double[steps.Length + 1];
        var top = -1;
        for (var i = 0; i < steps.Length; i++)
        {
            ref readonly var step = ref steps[i];
            switch (step.Operation)
            {
                case MetaOperation.Number:
                    stack[++top] = step.Number;
                    break;
                case MetaOperation.Rule:
                    var rule = names[step.Index];
                    stack[++top] = rule < 0 ? 0 : hits[rule];
                    break;
                case MetaOperation.Sum:
                    var sum = 0.0;
                    foreach (var one in sums[step.Index])
                        sum += hits[one];
                    stack[++top] = sum;
                    break;
                case MetaOperation.LocalTestsOnly:
                    stack[++top] = isLocal ? 1 : 0;
                    break;
                case MetaOperation.Not:
                    stack[top] = stack[top] == 0 ? 1 : 0;
                    break;
                case MetaOperation.Negate:
                    stack[top] = -stack[top];
                    break;
                case MetaOperation.JumpIfFalseKeep:
                    if (stack[top] == 0)
                        i = step.Index - 1;
                    else
                        top--;
                    break;
                case MetaOperation.JumpIfTrueKeep:
                    if (stack[top] != 0)
                        i = step.Index - 1;
                    else
                        top--;
                    break;
                case MetaOperation.JumpIfFalse:
                    if (stack[top--] == 0)
                        i = step.Index - 1;
                    break;
                case MetaOperation.Jump:
                    i = step.Index - 1;
                    break;
                default:
                    var right = stack[top--];
                    if (step.Operation == MetaOperation.Divide && right == 0)
                        return 0;
                    stack[top] = Binary(step.Operation, stack[top], right);
                    break;
            }
        }
        return top >= 0 ? stack[top] : 0;
    }

    private static double Binary(MetaOperation operation, double left, double right) =>
        operation switch
        {
            MetaOperation.Multiply => left * right,
            MetaOperation.Divide => left / right,
            MetaOperation.Add => left + right,
            MetaOperation.Subtract => left - right,
            MetaOperation.Less => left < right ? 1 : 0,
            MetaOperation.LessOrEqual => left <= right ? 1 : 0,
            MetaOperation.Greater => left > right ? 1 : 0,
            MetaOperation.GreaterOrEqual => left >= right ? 1 : 0,
            MetaOperation.Equal => left == right ? 1 : 0,
            MetaOperation.NotEqual => left != right ? 1 : 0,
            MetaOperation.Xor => (long)left ^ (long)right,
            _ => throw new InvalidOperationException($"{operation} is no operation on two values"),
        };
}
