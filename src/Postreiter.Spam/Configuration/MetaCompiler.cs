using System.Globalization;
using Postreiter.Spam.Mail;

namespace Postreiter.Spam.Configuration;

/// <summary>Compiles the expression of a meta for a stack, with Perl's precedence.</summary>
internal sealed class MetaCompiler
{
    private const int MaxDepth = 100;
    private static readonly System.Buffers.SearchValues<char> Foreign = System.Buffers.SearchValues.Create("$@%;{}");
    private readonly List<string> _tokens;
    private readonly List<MetaStep> _steps = [];
    private readonly List<string> _names = [];
    private readonly List<string> _globs = [];
    private int _at;
    private int _depth;

    private MetaCompiler(List<string> tokens) => _tokens = tokens;

    /// <summary>Compiles an expression.</summary>
    /// <returns>Null and what is wrong, for people, when it is none.</returns>
    public static MetaExpression? Compile(string text, out string error)
    {
        error = "";
        if (
            text.AsSpan().ContainsAny(Foreign)
            || text.Contains("::", StringComparison.Ordinal)
            || text.Contains("->", StringComparison.Ordinal)
        )
        {
            error = "the expression holds something other than rules, numbers and operators";
            return null;
        }
        var globs = new List<string>();
        return Compile(ExpressionLexer.Tokens(TakeGlobs(text, globs)), globs, out error);
    }

    /// <summary>Compiles tokens.</summary>
    public static MetaExpression? Compile(List<string> tokens, IReadOnlyList<string> globs, out string error)
    {
        error = "";
        var compiler = new MetaCompiler(tokens);
        compiler._globs.AddRange(globs);
        try
        {
            if (tokens is ["(", ")"])
                compiler.Add(MetaOperation.Number);
            else
                compiler.Conditional();
            if (compiler._at < tokens.Count && tokens is not ["(", ")"])
                throw new FormatException($"{compiler._tokens[compiler._at]} is not expected there");
            return new MetaExpression([.. compiler._steps], [.. compiler._names], [.. compiler._globs]);
        }
        catch (FormatException fault)
        {
            error = fault.Message;
            return null;
        }
    }

    // rules_matching(GLOB) becomes a name that no rule can have.
    private static string TakeGlobs(string text, List<string> globs)
    {
        const string Word = "rules_matching";
        for (var at = 0; (at = text.IndexOf(Word, at, StringComparison.Ordinal)) >= 0; )
        {
            var open = at + Word.Length;
            while (open < text.Length && Octets.IsBlank(text[open]))
                open++;
            var close = open < text.Length && text[open] == '(' ? text.IndexOf(')', open) : -1;
            if (close < 0 || (at > 0 && Octets.IsWord(text[at - 1])))
            {
                at += Word.Length;
                continue;
            }
            var glob = text[(open + 1)..close].Trim(Perl.Blanks);
            globs.Add(glob);
            var stand = string.Create(CultureInfo.InvariantCulture, $" rules_matching:{globs.Count - 1} ");
            text = text[..at] + stand + text[(close + 1)..];
            at += stand.Length;
        }
        return text;
    }

    private string? Peek => _at < _tokens.Count ? _tokens[_at] : null;

    private bool Take(string token)
    {
        if (Peek != token)
            return false;
        _at++;
        return true;
    }

    private void Add(MetaOperation operation, double number = 0, int index = 0) =>
        _steps.Add(new MetaStep(operation, number, index));

    private int Hole()
    {
        _steps.Add(default);
        return _steps.Count - 1;
    }

    private void Fill(int hole, MetaOperation operation) => _steps[hole] = new MetaStep(operation, 0, _steps.Count);

    private void Conditional()
    {
        if (++_depth > MaxDepth)
            throw new FormatException("the expression is nested too deep");
        Or();
        if (Take("?"))
        {
            var otherwise = Hole();
            Conditional();
            if (!Take(":"))
                throw new FormatException("? without :");
            var end = Hole();
            Fill(otherwise, MetaOperation.JumpIfFalse);
            Conditional();
            Fill(end, MetaOperation.Jump);
        }
        _depth--;
    }

    private void Or()
    {
        And();
        while (Take("||"))
        {
            var end = Hole();
            And();
            Fill(end, MetaOperation.JumpIfTrueKeep);
        }
    }

    private void And()
    {
        ExclusiveOr();
        while (Take("&&"))
        {
            var end = Hole();
            ExclusiveOr();
            Fill(end, MetaOperation.JumpIfFalseKeep);
        }
    }

    private void ExclusiveOr()
    {
        Equality();
        while (Take("^"))
        {
            Equality();
            Add(MetaOperation.Xor);
        }
    }

    private void Equality()
    {
        Relation();
        var operation =
            Take("==") ? MetaOperation.Equal
            : Take("!=") ? MetaOperation.NotEqual
            : MetaOperation.Number;
        if (operation == MetaOperation.Number)
            return;
        Relation();
        Add(operation);
        if (Peek is "==" or "!=")
            throw new FormatException("a chain of == needs brackets");
    }

    private void Relation()
    {
        Sum();
        var operation = Peek switch
        {
            "<" => MetaOperation.Less,
            "<=" => MetaOperation.LessOrEqual,
            ">" => MetaOperation.Greater,
            ">=" => MetaOperation.GreaterOrEqual,
            _ => MetaOperation.Number,
        };
        if (operation == MetaOperation.Number)
            return;
        _at++;
        Sum();
        Add(operation);
        if (Peek is "<" or "<=" or ">" or ">=")
            throw new FormatException("a chain of comparisons needs brackets");
    }

    private void Sum()
    {
        Product();
        while (Peek is "+" or "-")
        {
            var operation = Take("+") ? MetaOperation.Add : MetaOperation.Subtract;
            if (operation == MetaOperation.Subtract)
                _at++;
            Product();
            Add(operation);
        }
    }

    private void Product()
    {
        Unary();
        while (Peek is "*" or "/")
        {
            var operation = Take("*") ? MetaOperation.Multiply : MetaOperation.Divide;
            if (operation == MetaOperation.Divide)
                _at++;
            Unary();
            Add(operation);
        }
    }

    private void Unary()
    {
        // Runs of signs are counted, not nested: "!!!!A" needs no depth.
        var operations = new Stack<MetaOperation>();
        while (Peek is "!" or "-" or "+")
        {
            if (Peek != "+")
                operations.Push(Peek == "!" ? MetaOperation.Not : MetaOperation.Negate);
            _at++;
        }
        Primary();
        while (operations.TryPop(out var operation))
            Add(operation);
    }

    private void Primary()
    {
        var token = Peek ?? throw new FormatException("the expression ends too early");
        _at++;
        if (token == "(")
        {
            Conditional();
            if (!Take(")"))
                throw new FormatException("( without )");
        }
        else if (Perl.IsNumber(token) && char.IsAsciiDigit(token[0]) && char.IsAsciiDigit(token[^1]))
        {
            Add(MetaOperation.Number, double.Parse(token, CultureInfo.InvariantCulture));
        }
        else if (token.StartsWith("rules_matching:", StringComparison.Ordinal))
        {
            Add(MetaOperation.Sum, 0, int.Parse(token.AsSpan("rules_matching:".Length), CultureInfo.InvariantCulture));
        }
        else if (token == "local_tests_only")
        {
            Add(MetaOperation.LocalTestsOnly);
        }
        else if (Perl.IsRuleName(token))
        {
            var index = _names.IndexOf(token);
            if (index < 0)
                _names.Add(token);
            Add(MetaOperation.Rule, 0, index < 0 ? _names.Count - 1 : index);
        }
        else
        {
            throw new FormatException($"{token} is neither a rule nor a number");
        }
    }
}
