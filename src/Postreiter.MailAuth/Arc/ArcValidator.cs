using System.Buffers;
using System.Security.Cryptography;
using Postreiter.Dns;
using Postreiter.MailAuth.Dkim;

namespace Postreiter.MailAuth.Arc;

/// <summary>Validates the chains of messages (RFC 8617 §5.2). One for the whole server: it keeps the keys it has read.</summary>
/// <param name="dns">Answers; a cache behind it makes repeated checks cheap.</param>
/// <param name="time">For the budget.</param>
/// <param name="limits">L17: key sizes and budget; null for the defaults. A chain has 50 sets at most (L19).</param>
public sealed class ArcValidator(IDnsResolver dns, TimeProvider time, DkimLimits? limits = null)
{
    private readonly DkimLimits _limits = limits ?? new DkimLimits();
    private readonly DkimKeys _keys = new(dns, limits ?? new DkimLimits());

    /// <summary>Begins with a message of its own.</summary>
    /// <param name="header">All header lines with their CRLF, without the empty line; copied.</param>
    public ArcValidation Start(ReadOnlySpan<byte> header)
    {
        var message = new SignedMessage(header);
        return Start(message);
    }

    /// <summary>Begins with a message that others check too; feed it once, by any of them or by itself.</summary>
    public ArcValidation Start(SignedMessage message) => new(message, _keys, time, _limits);
}

/// <summary>The validation of one message's chain, fed while it arrives.</summary>
public sealed class ArcValidation
{
    private readonly SignedMessage _message;
    private readonly DkimKeys _keys;
    private readonly TimeProvider _time;
    private readonly DkimLimits _limits;
    private readonly ArcChain _chain;
    private readonly IReadOnlyList<ArcSet> _sets;
    private readonly List<(Canonicalization Header, BodyHash Body)> _forms = [];

    internal ArcValidation(SignedMessage message, DkimKeys keys, TimeProvider time, DkimLimits limits)
    {
        (_message, _keys, _time, _limits) = (message, keys, time, limits);
        _chain = ArcChain.Read(message.Fields);
        _sets = _chain.Sets;
        if (_chain.Fault is null && _sets is [.., { MessageSignature: { Fault: null } newest }])
        {
            AddForm(newest, newest.Header, newest.Body);
            // Deviation: RFC 8617 §4.1.2 means simple/simple where c= is missing, as in DKIM. The sealers of its time, and their
            // suite, mean relaxed/relaxed: either is a signature of this message.
            if (!newest.HasCanonicalization)
                AddForm(newest, Canonicalization.Relaxed, Canonicalization.Relaxed);
        }
    }

    /// <inheritdoc cref="SignedMessage.AppendBody"/>
    public void AppendBody(ReadOnlySpan<byte> chunk) => _message.AppendBody(chunk);

    /// <summary>The message is over: what its chain is worth.</summary>
    /// <exception cref="OperationCanceledException">By <paramref name="ct"/> only: whatever DNS answers is a result.</exception>
    public async ValueTask<ArcOutcome> CompleteAsync(CancellationToken ct)
    {
        _message.CompleteBody();
        if (_sets.Count == 0 && _chain.Fault is null)
            return Outcome(ArcResult.None, "no chain");
        if (_chain.Fault is not null)
            return Outcome(ArcResult.Fail, _chain.Fault);
        foreach (var set in _sets)
        {
            // Older message signatures are not checked: they may have been broken by the hops after them.
            var fault =
                set == _sets[^1] ? set.MessageSignature.Fault ?? set.SealSignature.Fault : set.SealSignature.Fault;
            if (fault is not null)
                return Outcome(ArcResult.Fail, $"{Named(set)}: {fault}");
        }

        return await CheckAsync(ct);
    }

    private async ValueTask<ArcOutcome> CheckAsync(CancellationToken ct)
    {
        using var budget = new KeyBudget(_time, _limits.Budget, ct);
        // All at once: 51 names at most, and nearly always two or three.
        var newest = _sets[^1].MessageSignature;
        var lookups = _sets
            .Select(static set => set.SealSignature.KeyName)
            .Append(newest.KeyName)
            .Distinct()
            .ToDictionary(static name => name, name => _keys.FindAsync(name, budget.Token).AsTask());
        var answer = await budget.AwaitAsync(lookups[newest.KeyName]);
        if (CheckMessage(_sets[^1], answer) is { } broken)
            return broken;

        var input = new SealInput(_message.Fields, _sets);
        for (var i = _sets.Count; i > 0; i--)
        {
            var seal = _sets[i - 1].SealSignature;
            answer = await budget.AwaitAsync(lookups[seal.KeyName]);
            var (result, reason, _, _) = _keys.Check(answer, seal, input.Hash(i));
            if (result != DkimResult.Pass)
                return Outcome(Result(result), $"ARC-Seal i={i} (d={seal.Domain}): {reason}");
        }

        return Outcome(ArcResult.Pass, $"{_sets.Count} valid sets, the last of {_sets[^1].SealSignature.Domain}");
    }

    // Null when it holds. RFC 8617 §5.2 step 4.
    private ArcOutcome? CheckMessage(ArcSet set, DkimKeyAnswer answer)
    {
        var signature = set.MessageSignature;
        var name = $"ARC-Message-Signature i={_sets.Count} (d={signature.Domain})";
        if (signature.Expiry < (_time.GetUtcNow() - _limits.ClockSkew).ToUnixTimeSeconds())
            return Outcome(ArcResult.Fail, $"{name}: expired: x={signature.Expiry}");
        if (answer.Result == DkimResult.TempError)
            return Outcome(ArcResult.TempError, $"{name}: {answer.Reason}");
        // The last form is the one whose fault is told.
        ArcOutcome? fault = null;
        foreach (var (header, body) in _forms)
        {
            fault = CheckForm(set, answer, header, body);
            if (fault is null)
                break;
        }

        return fault;

        ArcOutcome? CheckForm(ArcSet set, DkimKeyAnswer answer, Canonicalization kind, BodyHash body)
        {
            if (body.Of(signature.BodyLength) is not { } hash)
                return Outcome(ArcResult.Fail, $"{name}: the body is shorter than l={signature.BodyLength}");
            if (!CryptographicOperations.FixedTimeEquals(hash, signature.BodyHash))
                return Outcome(ArcResult.Fail, $"{name}: the body was changed: its hash is not bh=");
            var unsigned = body.Length - (signature.BodyLength ?? body.Length);
            if (unsigned > 0 && !_limits.AcceptsPartialBody)
                return Outcome(ArcResult.Fail, $"{name}: l=: the last {unsigned} octets of the body are not signed");
            var input = new ArrayBufferWriter<byte>(4096);
            _message.Fields.WriteSigned(input, kind, signature, set.Message);
            var header = CryptographicOperations.HashData(signature.Algorithm!.Hash, input.WrittenSpan);
            var (result, reason, _, _) = _keys.Check(answer, signature, header);
            return result == DkimResult.Pass ? null : Outcome(Result(result), $"{name}: {reason}");
        }
    }

    private void AddForm(DkimSignature signature, Canonicalization header, Canonicalization body) =>
        _forms.Add((header, _message.Want(body, signature.Algorithm!.Hash, signature.BodyLength)));

    private string Named(ArcSet set) =>
        set == _sets[^1] && set.MessageSignature.Fault is not null
            ? $"ARC-Message-Signature i={_sets.Count}"
            : $"ARC-Seal i={_sets.TakeWhile(other => other != set).Count() + 1}";

    private static ArcResult Result(DkimResult result) =>
        result == DkimResult.TempError ? ArcResult.TempError : ArcResult.Fail;

    private ArcOutcome Outcome(ArcResult result, string reason)
    {
        // Of a chain that does not hold nothing is to be believed.
        var believed = result == ArcResult.Pass ? _sets : [];
        return new ArcOutcome(
            result,
            _chain.Highest,
            [.. believed.Select(static set => set.SealSignature.Domain)],
            reason,
            [.. believed.Select(static set => set.Payload)],
            _chain.IsSealedAsFailed
        );
    }
}
