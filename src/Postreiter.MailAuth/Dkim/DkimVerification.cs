using System.Buffers;
using System.Security.Cryptography;
using Postreiter.Core;

namespace Postreiter.MailAuth.Dkim;

/// <summary>The verification of one message, fed while it arrives.</summary>
public sealed class DkimVerification
{
    private const string Field = "DKIM-Signature";
    private readonly SignedMessage _message;
    private readonly DkimKeys _keys;
    private readonly TimeProvider _time;
    private readonly DkimLimits _limits;
    private readonly List<Candidate> _candidates = [];
    private readonly int _skipped;
    private Dictionary<DomainName, Task<DkimKeyAnswer>>? _lookups;

    private sealed record Candidate(int Field, DkimSignature Signature, BodyHash? Body);

    internal DkimVerification(SignedMessage message, DkimKeys keys, TimeProvider time, DkimLimits limits)
    {
        (_message, _keys, _time, _limits) = (message, keys, time, limits);
        var fields = message.Fields.Named(Field);
        _skipped = Math.Max(0, fields.Count - limits.MaxSignatures);
        foreach (var field in fields.Take(limits.MaxSignatures))
        {
            var signature = DkimSignature.Read(
                message.Fields.Value(field),
                SignatureField.Dkim,
                limits.AcceptsHistoric
            );
            var body = signature.Fault is null
                ? message.Want(signature.Body, signature.Algorithm!.Hash, signature.BodyLength)
                : null;
            _candidates.Add(new Candidate(field, signature, body));
        }
    }

    /// <summary>
    /// Asks for the keys now, while the body arrives. Without it they are asked for at the end.
    /// </summary>
    /// <param name="ct">To be cancelled when the message is given up.</param>
    public void BeginLookups(CancellationToken ct)
    {
        _lookups ??= _candidates
            .Where(static candidate => candidate.Signature.Fault is null)
            .Select(static candidate => candidate.Signature.KeyName)
            .Distinct()
            .ToDictionary(static name => name, name => _keys.FindAsync(name, ct).AsTask());
    }

    /// <inheritdoc cref="SignedMessage.AppendBody"/>
    public void AppendBody(ReadOnlySpan<byte> chunk) => _message.AppendBody(chunk);

    /// <summary>The message is over: its results.</summary>
    /// <returns>
    /// One for each signature from the top, at least one: a message without any gives <see cref="DkimResult.None"/>.
    /// Signatures above <see cref="DkimLimits.MaxSignatures"/> give one <see cref="DkimResult.PermError"/> for all.
    /// </returns>
    /// <exception cref="OperationCanceledException">By <paramref name="ct"/>, or by that of <see cref="BeginLookups"/>.</exception>
    public async ValueTask<IReadOnlyList<DkimOutcome>> CompleteAsync(CancellationToken ct)
    {
        _message.CompleteBody();
        var outcomes = new List<DkimOutcome>();
        using var budget = new KeyBudget(_time, _limits.Budget, ct);
        BeginLookups(budget.Token);
        var input = new ArrayBufferWriter<byte>(4096);
        foreach (var candidate in _candidates)
        {
            outcomes.Add(Outcome(candidate.Signature, await CheckAsync(candidate, input, budget)));
        }

        if (_skipped > 0)
        {
            outcomes.Add(
                Outcome(
                    DkimSignature.None,
                    new(
                        DkimResult.PermError,
                        $"{_skipped} more signatures were not checked; at most {_limits.MaxSignatures} are"
                    )
                )
            );
        }

        if (outcomes.Count == 0)
            outcomes.Add(Outcome(DkimSignature.None, new(DkimResult.None, "no signature")));
        return outcomes;
    }

    private static DkimOutcome Outcome(DkimSignature signature, DkimKeyVerdict verdict) =>
        new(
            verdict.Result,
            signature.Domain,
            signature.Selector,
            signature.Identity,
            signature.Algorithm?.Name ?? "",
            signature.Start,
            verdict.IsTesting,
            verdict.Reason
        )
        {
            KeyBits = verdict.Bits,
        };

    private async ValueTask<DkimKeyVerdict> CheckAsync(
        Candidate candidate,
        ArrayBufferWriter<byte> input,
        KeyBudget budget
    )
    {
        var signature = candidate.Signature;
        if (signature.Fault is not null)
            return new(signature.FaultResult, signature.Fault);
        if (SignatureTimes.FaultOf(signature, _time.GetUtcNow(), _limits.ClockSkew) is { } fault)
            return new(fault.Result, fault.Reason);
        var answer = await budget.AwaitAsync(_lookups![signature.KeyName]);
        var verdict = _keys.Check(answer, signature, HashOfHeader(candidate, input));
        if (verdict.Result is not (DkimResult.Pass or DkimResult.Fail))
            return verdict;

        // What the body says comes first: whoever changes it leaves the rest alone.
        if (candidate.Body!.Of(signature.BodyLength) is not { } hash)
            return Failed($"the body is shorter than l={signature.BodyLength}");
        if (!CryptographicOperations.FixedTimeEquals(hash, signature.BodyHash))
            return Failed("the body was changed: its hash is not bh=");
        var unsigned = candidate.Body.Length - (signature.BodyLength ?? candidate.Body.Length);
        if (verdict.Result == DkimResult.Pass && unsigned > 0 && !_limits.AcceptsPartialBody)
            return Failed($"l=: the last {unsigned} octets of the body are not signed");
        return verdict;

        DkimKeyVerdict Failed(string reason) => verdict with { Result = DkimResult.Fail, Reason = reason };
    }

    // RFC 6376 §3.7.
    private byte[] HashOfHeader(Candidate candidate, ArrayBufferWriter<byte> input)
    {
        var signature = candidate.Signature;
        input.ResetWrittenCount();
        _message.Fields.WriteSigned(input, signature.Header, signature, candidate.Field);
        return CryptographicOperations.HashData(signature.Algorithm!.Hash, input.WrittenSpan);
    }
}
