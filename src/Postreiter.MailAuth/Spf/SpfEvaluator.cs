using Postreiter.Dns;

namespace Postreiter.MailAuth.Spf;

/// <summary>Says whether a host may send for a domain: <c>check_host()</c> (RFC 7208 §4).</summary>
/// <param name="dns">Answers; a cache behind it makes repeated checks cheap.</param>
/// <param name="time">For the budget and the macro <c>%{t}</c>.</param>
/// <param name="limits">L18; null for the defaults.</param>
public sealed class SpfEvaluator(IDnsResolver dns, TimeProvider time, SpfLimits? limits = null)
{
    private readonly SpfLimits _limits = limits ?? new SpfLimits();
    private readonly SpfRecordCache _records = new();

    /// <summary>Checks the MAIL FROM identity; the null sender by its HELO (RFC 7208 §2.4).</summary>
    /// <exception cref="OperationCanceledException">By <paramref name="ct"/> only: whatever DNS answers is a result.</exception>
    public ValueTask<SpfOutcome> CheckMailFromAsync(SpfRequest request, CancellationToken ct)
    {
        if (request.MailFrom.Length == 0)
            return CheckHeloAsync(request, ct);
        var at = request.MailFrom.LastIndexOf('@');
        // RFC 7208 §4.3: without a local part, "postmaster" stands in.
        return at <= 0
            ? CheckAsync(request, request.MailFrom[(at + 1)..], "postmaster", ct)
            : CheckAsync(request, request.MailFrom[(at + 1)..], request.MailFrom[..at], ct);
    }

    /// <summary>Checks the HELO identity (RFC 7208 §2.3).</summary>
    /// <exception cref="OperationCanceledException">By <paramref name="ct"/> only.</exception>
    public ValueTask<SpfOutcome> CheckHeloAsync(SpfRequest request, CancellationToken ct) =>
        CheckAsync(request, request.Helo, "postmaster", ct);

    private async ValueTask<SpfOutcome> CheckAsync(
        SpfRequest request,
        string domain,
        string localPart,
        CancellationToken ct
    )
    {
        ct.ThrowIfCancellationRequested();
        using var budget = new SpfBudget(time, _limits.Budget, ct);
        var questions = new SpfQuestions(dns, _limits, budget);
        var evaluation = new SpfEvaluation(questions, _records, time, _limits, request, localPart, domain);
        SpfResult result;
        try
        {
            result = await evaluation.RunAsync();
        }
        catch (OperationCanceledException) when (budget.IsOver)
        {
            result = evaluation.Because(SpfResult.TempError, $"it took longer than {_limits.Budget.TotalSeconds:0} s");
        }

        return new SpfOutcome(result, evaluation.Domain, evaluation.Reason, evaluation.ExplanationText, questions);
    }
}
