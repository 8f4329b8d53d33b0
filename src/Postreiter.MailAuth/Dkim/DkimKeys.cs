using System.Collections.Concurrent;
using Postreiter.Core;
using Postreiter.Dns;

namespace Postreiter.MailAuth.Dkim;

/// <summary>The keys of one selector, or why there are none.</summary>
/// <param name="Records">The records, each usable or not.</param>
/// <param name="Result"><see cref="DkimResult.Pass"/> when there are records.</param>
/// <param name="Reason">Why there are none.</param>
internal sealed record DkimKeyAnswer(IReadOnlyList<DkimKeyRecord> Records, DkimResult Result, string Reason);

/// <summary>What a signature is worth by its key.</summary>
/// <param name="Result">The result.</param>
/// <param name="Reason">For people.</param>
/// <param name="IsTesting">Whether the key that decided says <c>t=y</c>.</param>
/// <param name="Bits">Its size; 0 when no key was usable.</param>
internal readonly record struct DkimKeyVerdict(DkimResult Result, string Reason, bool IsTesting = false, int Bits = 0);

/// <summary>Asks for keys, and checks signatures with them. Keeps what it has read of the records it met lately.</summary>
internal sealed class DkimKeys(IDnsResolver dns, DkimLimits limits)
{
    private const int MaxKept = 1000;
    private const int MaxKeptLength = 2048;

    // By the record's text: what is kept here can never be stale.
    private readonly ConcurrentDictionary<string, DkimKeyRecord> _kept = new(StringComparer.Ordinal);

    /// <summary>Asks the DNS (RFC 6376 §6.1.2).</summary>
    public async ValueTask<DkimKeyAnswer> FindAsync(DomainName name, CancellationToken ct)
    {
        var answer = await dns.ResolveTxtAsync(name, ct);
        return answer.Status switch
        {
            DnsStatus.TemporaryFailure => new([], DkimResult.TempError, $"TXT {name}: {answer.Detail ?? "no answer"}"),
            DnsStatus.Success when answer.Records.Count > 0 => new(Read(answer.Records), DkimResult.Pass, ""),
            _ => new([], DkimResult.PermError, $"no key: {name} has no TXT record"),
        };
    }

    /// <summary>Checks a signature of a hash against the keys of its selector.</summary>
    public DkimKeyVerdict Check(DkimKeyAnswer answer, DkimSignature signature, ReadOnlySpan<byte> hash)
    {
        if (answer.Result != DkimResult.Pass)
            return new(answer.Result, answer.Reason);
        // RFC 6376 §6.1.2: with several records each may be tried. The best result counts: pass, a key that fits, any other.
        var best = new DkimKeyVerdict(DkimResult.None, "");
        foreach (var record in answer.Records)
        {
            var (result, reason) = Check(record, signature, hash);
            var verdict = new DkimKeyVerdict(result, reason, record.IsTesting, record.Key?.Bits ?? 0);
            if (result == DkimResult.Pass)
                return verdict;
            if (best.Result is DkimResult.None or DkimResult.PermError && best.Result != result)
                best = verdict;
        }

        return best;
    }

    private (DkimResult Result, string Reason) Check(
        DkimKeyRecord record,
        DkimSignature signature,
        ReadOnlySpan<byte> hash
    )
    {
        var algorithm = signature.Algorithm!;
        if (record.FaultFor(algorithm) is { } fault)
            return (DkimResult.PermError, fault);
        if (record.IsIdentityStrict && !signature.IsIdentityInDomain)
            return (DkimResult.PermError, "the key says t=s, and i= is in a domain below d=");
        var key = record.Key!;
        if (key.IsRsa && (key.Bits < limits.MinRsaBits || key.Bits > limits.MaxRsaBits))
        {
            return (
                DkimResult.Policy,
                $"a key of {key.Bits} bits; {limits.MinRsaBits} to {limits.MaxRsaBits} are accepted"
            );
        }

        return key.Verify(hash, algorithm.Hash, signature.Signature)
            ? (DkimResult.Pass, $"{key.Bits}-bit key")
            : (DkimResult.Fail, "the signature does not match the header");
    }

    private List<DkimKeyRecord> Read(IReadOnlyList<string> texts)
    {
        var records = new List<DkimKeyRecord>();
        // The same record twice is one record.
        foreach (var text in texts.Take(2 * limits.MaxKeyRecords).Distinct(StringComparer.Ordinal))
        {
            if (!_kept.TryGetValue(text, out var record))
            {
                record = DkimKeyRecord.Read(text);
                if (_kept.Count >= MaxKept)
                    _kept.Clear();
                if (text.Length <= MaxKeptLength)
                    _kept[text] = record;
            }

            records.Add(record);
        }

        // What can be used comes before what cannot: other texts may stand at the same name.
        return records.OrderBy(static record => record.Fault is not null).Take(limits.MaxKeyRecords).ToList();
    }
}
