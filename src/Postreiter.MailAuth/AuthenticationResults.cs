using System.Net;
using Postreiter.MailAuth.Arc;
using Postreiter.MailAuth.Dkim;
using Postreiter.MailAuth.Dmarc;
using Postreiter.MailAuth.Spf;

namespace Postreiter.MailAuth;

/// <summary>One property that a method looked at: <c>ptype.property=value</c> (RFC 8601 §2.2).</summary>
/// <param name="Type">Where it is from: smtp, header, body, policy.</param>
/// <param name="Name">Its name there.</param>
/// <param name="Value">Its value, unquoted; as a rule a stranger's text.</param>
public readonly record struct AuthenticationProperty(string Type, string Name, string Value);

/// <summary>What one method found (RFC 8601 §2.2, <c>resinfo</c>).</summary>
/// <param name="Method">Its name: spf, dkim, dmarc, arc, iprev, auth…</param>
/// <param name="Result">Its result, in the method's words.</param>
/// <param name="Reason">For people; empty for none.</param>
/// <param name="Properties">What it looked at.</param>
public sealed record AuthenticationResult(
    string Method,
    string Result,
    string Reason,
    IReadOnlyList<AuthenticationProperty> Properties
)
{
    /// <summary>Remarks that are written as a comment; not read back.</summary>
    public string Comment { get; init; } = "";

    /// <summary>The value of a property; null where it is not there.</summary>
    public string? Property(string type, string name)
    {
        foreach (var property in Properties)
        {
            if (
                property.Type.Equals(type, StringComparison.OrdinalIgnoreCase)
                && property.Name.Equals(name, StringComparison.OrdinalIgnoreCase)
            )
                return property.Value;
        }

        return null;
    }
}

/// <summary>An Authentication-Results field (RFC 8601): who checked, and what each method found.</summary>
/// <param name="AuthservId">The name of whoever checked (RFC 8601 §2.5).</param>
/// <param name="Results">In the order of the field; empty is written as <c>none</c>.</param>
public sealed record AuthenticationResults(string AuthservId, IReadOnlyList<AuthenticationResult> Results)
{
    /// <summary>The field's name.</summary>
    public const string FieldName = "Authentication-Results";

    /// <summary>Writes the field, folded, with its last CRLF. Whatever the values are, it is one field of printable lines.</summary>
    /// <param name="name">The field's name.</param>
    /// <param name="instance">Of <c>ARC-Authentication-Results</c>, written as <c>i=</c> in front (RFC 8617 §4.1.1); null elsewhere.</param>
    /// <param name="allowUtf8">Whether the message may have UTF-8 in its header (RFC 8616 §5); else it is replaced.</param>
    public string ToField(string name = FieldName, int? instance = null, bool allowUtf8 = false) =>
        ResultsWriter.Write(this, name, instance, allowUtf8);

    /// <summary>Reads the value of a field, what stands behind the colon.</summary>
    /// <returns>Null when it breaks the grammar of RFC 8601 §2.2 or is longer than 64 KiB.</returns>
    public static AuthenticationResults? Read(ReadOnlySpan<char> value) => ResultsReader.Read(value);

    /// <summary>
    /// Whether a field claims to be of one of our names, so that it has to be removed when it comes from outside (RFC 8601 §5);
    /// folded, commented, quoted, in capitals or not. Of what cannot be read, a mention is enough: readers differ in what they make of it.
    /// </summary>
    /// <param name="value">What stands behind the colon, as it came.</param>
    /// <param name="authservIds">Our names.</param>
    public static bool Claims(ReadOnlySpan<byte> value, IReadOnlyList<string> authservIds) =>
        ResultsReader.Claims(value, authservIds);

    /// <summary>SPF (RFC 8601 §2.7.2).</summary>
    /// <param name="outcome">The result.</param>
    /// <param name="mailFrom">The reverse path that was checked; null when it was the HELO name.</param>
    public static AuthenticationResult Of(SpfOutcome outcome, string? mailFrom) =>
        new(
            "spf",
            Word(outcome.Result),
            outcome.Result == SpfResult.Pass ? "" : outcome.Reason,
            [string.IsNullOrEmpty(mailFrom) ? new("smtp", "helo", outcome.Domain) : new("smtp", "mailfrom", mailFrom)]
        );

    /// <summary>DKIM, a result for each signature; <c>none</c> when there is none (RFC 8601 §2.7.1).</summary>
    public static IEnumerable<AuthenticationResult> Of(IReadOnlyList<DkimOutcome> signatures)
    {
        if (signatures.Count == 0)
            return [new("dkim", "none", "", [])];
        return signatures.Select(static signature =>
        {
            var properties = new List<AuthenticationProperty>(5);
            void Add(string name, string value)
            {
                if (value.Length > 0)
                    properties.Add(new("header", name, value));
            }

            Add("d", signature.Domain);
            Add("i", signature.Identity);
            Add("s", signature.Selector);
            Add("a", signature.Algorithm);
            // RFC 6008 §3: enough of b= to tell signatures apart.
            Add("b", signature.SignatureStart);
            var reason = signature.Result == DkimResult.Pass ? "" : signature.Reason;
            return new AuthenticationResult("dkim", Word(signature.Result), reason, properties)
            {
                Comment = signature.IsTesting ? "testing" : "",
            };
        });
    }

    /// <summary>ARC (RFC 8617 §5.2); a chain that could not be checked is one that failed (§5.2.1).</summary>
    public static AuthenticationResult Of(ArcOutcome outcome) =>
        new(
            "arc",
            outcome.Result == ArcResult.TempError ? "fail" : Word(outcome.Result),
            outcome.Result is ArcResult.Pass or ArcResult.None ? "" : outcome.Reason,
            []
        )
        {
            Comment = outcome.Result == ArcResult.Pass ? $"i={outcome.Sets}" : "",
        };

    /// <summary>DMARC (RFC 7489 §11.1); what the domain asks and what is done stand in a comment.</summary>
    public static AuthenticationResult Of(DmarcOutcome outcome)
    {
        var comment = outcome.Record is { } record
            ? $"p={Word(record.Policy)}"
                + (record.SubdomainPolicy is { } sp ? $" sp={Word(sp)}" : "")
                + $" dis={Word(outcome.Disposition)}"
            : "";
        return new(
            "dmarc",
            Word(outcome.Result),
            outcome.Result == DmarcResult.Pass ? "" : outcome.Reason,
            outcome.Domain.Length > 0 ? [new("header", "from", outcome.Domain)] : []
        )
        {
            Comment = comment,
        };
    }

    /// <summary>The names of the client's address (RFC 8601 §3).</summary>
    public static AuthenticationResult Of(IprevOutcome outcome) =>
        new(
            "iprev",
            Word(outcome.Result),
            outcome.Result == IprevResult.Pass ? "" : outcome.Reason,
            [new("policy", "iprev", Address(outcome.Client))]
        )
        {
            Comment = outcome.Name?.Ascii ?? "",
        };

    private static string Address(IPAddress address) =>
        (address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address).ToString();

    private static string Word<T>(T value)
        where T : struct, Enum => value.ToString().ToLowerInvariant();
}
