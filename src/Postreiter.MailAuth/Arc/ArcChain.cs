using System.Globalization;
using System.Text;
using Postreiter.MailAuth.Dkim;

namespace Postreiter.MailAuth.Arc;

/// <summary>One ARC Set: where its three fields are, and what its signatures say.</summary>
internal sealed class ArcSet
{
    /// <summary>The field ARC-Authentication-Results; -1 while it was not found.</summary>
    public int Results { get; set; } = -1;

    /// <summary>The field ARC-Message-Signature.</summary>
    public int Message { get; set; } = -1;

    /// <summary>The field ARC-Seal.</summary>
    public int Seal { get; set; } = -1;

    /// <summary>What the ARC-Authentication-Results says behind its instance.</summary>
    public string Payload { get; set; } = "";

    /// <summary><c>cv=</c> of the seal.</summary>
    public string? Status { get; set; }

    /// <summary>The tags of the seal.</summary>
    public DkimSignature SealSignature { get; set; } = DkimSignature.None;

    /// <summary>The tags of the message signature.</summary>
    public DkimSignature MessageSignature { get; set; } = DkimSignature.None;
}

/// <summary>The ARC Sets of a message, and what is wrong with their structure (RFC 8617 §5.2 steps 1 to 3).</summary>
internal sealed class ArcChain
{
    /// <summary>RFC 8617 §4.2.1.</summary>
    public const int MaxSets = 50;

    private readonly SortedDictionary<int, ArcSet> _sets = [];
    private readonly HeaderFields _fields;

    private ArcChain(HeaderFields fields) => _fields = fields;

    /// <summary>The sets, i=1 first.</summary>
    public IReadOnlyList<ArcSet> Sets => [.. _sets.Values];

    /// <summary>The highest instance, 0 for no chain.</summary>
    public int Highest => _sets.Count == 0 ? 0 : _sets.Keys.Max();

    /// <summary>What is wrong; null when the signatures can be checked, or there are none.</summary>
    public string? Fault { get; private set; }

    /// <summary>Whether the newest seal says cv=fail.</summary>
    public bool IsSealedAsFailed => _sets.Count > 0 && _sets[Highest].Status == "fail";

    /// <summary>Reads the chain.</summary>
    public static ArcChain Read(HeaderFields fields)
    {
        var chain = new ArcChain(fields);
        chain.Fault = chain.Collect() ?? chain.Check();
        return chain;
    }

    private string? Collect()
    {
        var (results, messages, seals) = (
            _fields.Named("ARC-Authentication-Results"),
            _fields.Named("ARC-Message-Signature"),
            _fields.Named("ARC-Seal")
        );
        // Counted before any is read: RFC 8617 §5.2 step 1.
        var isTooLong = Math.Max(Math.Max(results.Count, messages.Count), seals.Count) > MaxSets;
        if (isTooLong)
            (results, messages, seals) = ([], [], seals.Take(MaxSets).ToList());
        // All are read, also behind a fault: the next set needs the highest instance there is.
        List<string?> faults =
        [
            .. results.Select(AddResults),
            .. messages.Select(field => AddSignature(field, SignatureField.ArcMessage)),
            .. seals.Select(field => AddSignature(field, SignatureField.ArcSeal)),
        ];
        return isTooLong ? $"there are more than {MaxSets} ARC Sets" : faults.Find(static fault => fault is not null);
    }

    private string? AddResults(int field)
    {
        var text = Encoding.UTF8.GetString(_fields.Value(field)).Replace("\r\n", "", StringComparison.Ordinal);
        if (ArcInstance.TryRead(text, out var payload) is not { } instance)
            return "ARC-Authentication-Results does not begin with i= and a number from 1 to 50";
        var set = Set(instance);
        if (set.Results >= 0)
            return $"there are two ARC-Authentication-Results with i={instance}";
        (set.Results, set.Payload) = (field, payload);
        return null;
    }

    private string? AddSignature(int field, SignatureField kind)
    {
        var name = kind == SignatureField.ArcSeal ? "ARC-Seal" : "ARC-Message-Signature";
        var value = _fields.Value(field);
        if (TagList.TryParse(value, out var reason) is not { } tags)
            return $"{name}: syntax: {reason}";
        if (tags.Number("i") is not (>= 1 and <= MaxSets and var instance))
            return $"{name} has no i= with a number from 1 to {MaxSets}";
        var set = Set((int)instance);
        if ((kind == SignatureField.ArcSeal ? set.Seal : set.Message) >= 0)
            return $"there are two {name} with i={instance}";
        var signature = DkimSignature.Read(value, kind);
        if (kind == SignatureField.ArcMessage)
        {
            (set.Message, set.MessageSignature) = (field, signature);
            return null;
        }

        (set.Seal, set.SealSignature, set.Status) = (field, signature, tags.Text("cv"));
        // RFC 8617 §4.1.3.
        return tags.Has("h") ? $"ARC-Seal i={instance} has h=" : null;
    }

    private string? Check()
    {
        if (_sets.Count == 0)
            return null;
        if (IsSealedAsFailed)
            return $"the seal i={Highest} says cv=fail";
        for (var i = 1; i <= Highest; i++)
        {
            if (!_sets.TryGetValue(i, out var set))
                return $"the ARC Set i={i} is missing";
            var missing =
                set.Results < 0 ? "ARC-Authentication-Results"
                : set.Message < 0 ? "ARC-Message-Signature"
                : set.Seal < 0 ? "ARC-Seal"
                : null;
            if (missing is not null)
                return $"{missing} i={i} is missing";
            var wanted = i == 1 ? "none" : "pass";
            if (set.Status != wanted)
                return $"the seal i={i} says cv={Shown.Text(set.Status ?? "")}, not cv={wanted}";
        }

        return null;
    }

    private ArcSet Set(int instance)
    {
        if (!_sets.TryGetValue(instance, out var set))
            _sets[instance] = set = new ArcSet();
        return set;
    }
}

/// <summary>The instance at the front of an ARC-Authentication-Results (RFC 8617 §4.1.1): <c>[CFWS] "i=" number [CFWS] ";"</c>.</summary>
internal static class ArcInstance
{
    /// <summary>Reads it.</summary>
    /// <param name="text">The value of the field, unfolded.</param>
    /// <param name="payload">What stands behind the semicolon, trimmed.</param>
    /// <returns>Null unless it is a number from 1 to 50.</returns>
    public static int? TryRead(string text, out string payload)
    {
        payload = "";
        var semicolon = SkipComments(text, 0);
        var start = semicolon;
        while (semicolon < text.Length && text[semicolon] is not (';' or '('))
            semicolon++;
        var tag = text[start..semicolon].Split('=');
        semicolon = SkipComments(text, semicolon);
        if (semicolon >= text.Length || text[semicolon] != ';' || tag is not [var name, var number])
            return null;
        payload = text[(semicolon + 1)..].Trim(' ', '\t');
        var isNumber = int.TryParse(
            number.AsSpan().Trim(" \t"),
            NumberStyles.None,
            CultureInfo.InvariantCulture,
            out var instance
        );
        return name.Trim(' ', '\t') == "i" && isNumber && instance is >= 1 and <= ArcChain.MaxSets ? instance : null;
    }

    private static int SkipComments(string text, int at)
    {
        var depth = 0;
        for (; at < text.Length; at++)
        {
            if (text[at] == '\\' && depth > 0)
                at++;
            else if (text[at] == '(')
                depth++;
            else if (text[at] == ')' && depth > 0)
                depth--;
            else if (depth == 0 && text[at] is not (' ' or '\t'))
                return at;
        }

        return text.Length;
    }
}
