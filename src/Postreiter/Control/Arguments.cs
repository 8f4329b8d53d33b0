using System.Text.Json;
using System.Text.Json.Nodes;
using Postreiter.Core;

namespace Postreiter.Control;

/// <summary>An argument of a call is missing or is not what it should be.</summary>
internal sealed class BadArgumentException(string message) : Exception(message);

/// <summary>Reads the arguments of a call.</summary>
internal static class Arguments
{
    /// <summary>Text.</summary>
    public static string Text(this JsonObject arguments, string name) =>
        arguments.OptionalText(name) ?? throw new BadArgumentException($"{name} is missing");

    /// <summary>Text or null.</summary>
    public static string? OptionalText(this JsonObject arguments, string name) =>
        arguments[name] is JsonValue value && value.TryGetValue<string>(out var text) ? text : null;

    /// <summary>Yes, no or null.</summary>
    public static bool? Flag(this JsonObject arguments, string name) =>
        arguments[name] is JsonValue value && value.TryGetValue<bool>(out var flag) ? flag : null;

    /// <summary>A number or null.</summary>
    public static long? OptionalNumber(this JsonObject arguments, string name) =>
        arguments[name] is JsonValue value
        && value.GetValueKind() == JsonValueKind.Number
        && value.TryGetValue<long>(out var number)
            ? number
            : null;

    /// <summary>A mailbox address.</summary>
    public static EmailAddress Address(this JsonObject arguments, string name) => Address(arguments.Text(name));

    /// <summary>A mailbox address.</summary>
    public static EmailAddress Address(string text) =>
        EmailAddress.TryParse(text, out var address)
            ? address
            : throw new BadArgumentException($"'{text}' is not an address: write user@example.org");

    /// <summary>A domain name.</summary>
    public static DomainName Domain(this JsonObject arguments, string name) => Domain(arguments.Text(name));

    /// <summary>A domain name.</summary>
    public static DomainName Domain(string text) =>
        DomainName.TryParse(text, out var domain) && !domain.IsAddressLiteral
            ? domain
            : throw new BadArgumentException($"'{text}' is not a domain name: write example.org");
}
